"""Buttons on a task that lead to where its work can be seen."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from socialrec.orchestration.commands import training_page
from socialrec.settings import load_settings


class _ReceiptLink(BaseOperatorLink):
    """A page whose address the job wrote into its receipt; none where the task did not get so far."""

    key: str

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address; Airflow keeps it as an XCom when the task has ended."""
        return str(operator.receipt.get(self.key) or "")


class MlflowRunLink(_ReceiptLink):
    """The MLflow run that a task wrote to, or whose model it uses; where a training's task failed, the training."""

    name = "MLflow run"
    key = "mlflow_url"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address in the receipt, or else the one that the run's training opened with."""
        return super().get_link(operator, ti_key=ti_key) or training_page(load_settings(), operator.receipt_folder)


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


class TrainingRunLink(BaseOperatorLink):
    """The run of socialrec_train that a night started."""

    name = "Training run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address of its page; it exists from the moment that the task starts."""
        airflow = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
        return f"{airflow}/dags/{operator.trigger_dag_id}/runs/{quote(str(operator.trigger_run_id), safe='')}"


LINKS: dict[str, tuple[type[_ReceiptLink], ...]] = {
    "finetune_encoder": (MlflowRunLink, ModelLink),
    "embed_texts": (MlflowRunLink,),
    "fit_recommender": (MlflowRunLink,),
    "evaluate_recommender": (MlflowRunLink,),
    "promote_model": (MlflowRunLink, ModelLink),
    "close_training": (MlflowRunLink,),
    "pretrain_encoder": (MlflowRunLink, ModelLink),
    "pin_models": (MlflowRunLink, ModelLink),
    "roll_back_model": (MlflowRunLink, ModelLink),
    "report_run": (MlflowRunLink, ReportLink),
}
"""By job, the pages that its receipt names."""


def links_of(job: str) -> list[BaseOperatorLink]:
    """The links to the pages that a job's receipt names."""
    return [link() for link in LINKS.get(job, ())]
