"""Buttons on a task that lead to where its work can be seen."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink

from socialrec.settings import load_settings


class _ReceiptLink(BaseOperatorLink):
    """A page whose address the job wrote into its receipt; none where the task did not get so far."""

    key: str

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address; Airflow keeps it as an XCom when the task has ended."""
        return str(operator.receipt.get(self.key) or "")


class MlflowRunLink(_ReceiptLink):
    """The MLflow run that a task wrote to, or whose model it uses."""

    name = "MLflow run"
    key = "mlflow_url"


class ModelLink(_ReceiptLink):
    """The registered model version."""

    name = "Model version"
    key = "model_url"


class ReportLink(_ReceiptLink):
    """The page of a night."""

    name = "Report"
    key = "report_url"


class SparkLink(BaseOperatorLink):
    """The page where a cluster shows its applications; none for Spark inside one machine's processes."""

    name = "Spark UI"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The setting."""
        return load_settings().spark.ui_url or ""


LINKS: dict[str, tuple[type[_ReceiptLink], ...]] = {
    "finetune_encoder": (MlflowRunLink, ModelLink),
    "fit_recommender": (MlflowRunLink,),
    "evaluate_recommender": (MlflowRunLink,),
    "promote_model": (MlflowRunLink, ModelLink),
    "pretrain_encoder": (MlflowRunLink, ModelLink),
    "pin_models": (MlflowRunLink, ModelLink),
    "roll_back_model": (MlflowRunLink, ModelLink),
    "report_run": (MlflowRunLink, ReportLink),
}
"""By job, the pages that its receipt names."""


def links_of(job: str) -> list[BaseOperatorLink]:
    """The links to the pages that a job's receipt names."""
    return [link() for link in LINKS.get(job, ())]
