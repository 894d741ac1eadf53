"""Buttons on a task that link to its results."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from socialrec.orchestration.commands import training_page
from socialrec.settings import load_settings


class _ReceiptLink(BaseOperatorLink):
    """Page whose address is in the job's receipt; none where the task has not written it."""

    key: str

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address of the page; Airflow keeps it as an XCom when the task has ended."""
        return str(operator.receipt.get(self.key) or "")


class MlflowRunLink(_ReceiptLink):
    """MLflow run that a task wrote to, or whose model it uses; where a training's task failed, the training."""

    name = "MLflow run"
    key = "mlflow_url"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address in the receipt, or else the one recorded when the run's training began."""
        return super().get_link(operator, ti_key=ti_key) or training_page(load_settings(), operator.receipt_folder)


class ModelLink(_ReceiptLink):
    """Registered model version."""

    name = "Model version"
    key = "model_url"


class ReportLink(_ReceiptLink):
    """Report of a night."""

    name = "Report"
    key = "report_url"


class SparkLink(BaseOperatorLink):
    """Page where a cluster shows its applications; none for Spark in local mode."""

    name = "Spark UI"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address from the settings."""
        return load_settings().spark.ui_url or ""


class TrainingRunLink(BaseOperatorLink):
    """Run of socialrec_train that a night started."""

    name = "Training run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address of its page, which exists from the start of the task."""
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
    "pin_answers": (ModelLink,),
    "roll_back_answers": (ModelLink,),
    "fit_answers": (MlflowRunLink, ModelLink),
    "report_run": (MlflowRunLink, ReportLink),
}
"""Pages in the receipt of each job."""


def links_of(job: str) -> list[BaseOperatorLink]:
    """Links to the pages in a job's receipt."""
    return [link() for link in LINKS.get(job, ())]
