"""The jobs of a night and of its training in the order of the DAG files, for programs that run them without Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from socialrec.contracts.runs import training_of

ReadReceipt = Callable[[str, str], Mapping[str, Any]]
"""Reader of a job's receipt, by run id and job name."""


@dataclass(frozen=True)
class JobStep:
    """One task: its name, the job that it runs, and the arguments of that job."""

    name: str
    job: str
    arguments: tuple[str, ...]

    @property
    def run_id(self) -> str:
        """The run that the step belongs to: the night, or its training."""
        return self.arguments[self.arguments.index("--run-id") + 1]


def night_steps(ds: str, run_id: str, read: ReadReceipt) -> Iterator[JobStep]:
    """Steps of a night, as `dags/socialrec_nightly.py` runs them; without a champion the training comes in between.

    Each step must have run before the next one is requested, because its receipt decides the next one.
    """
    about = ("--ds", ds, "--run-id", run_id)
    for job in ("ingest_landing", "build_silver", "build_gold", "embed_images"):
        yield JobStep(job, job, about)
    yield JobStep("ensure_champion", "pin_models", (*about, "--check"))
    if not read(run_id, "pin_models")["has_champion"]:
        yield from training_steps(ds, training_of(run_id), read)
    yield JobStep("pin_models", "pin_models", about)
    encoder = ("--encoder-folder", str(read(run_id, "pin_models")["encoder_folder"]))
    for job in ("embed_texts", "predict_insights"):
        yield JobStep(job, job, (*about, *encoder))
    version = str(read(run_id, "pin_models")["encoder_version"])
    yield JobStep("build_features", "build_features", (*about, "--encoder-version", version))
    for job in ("score_recommendations", "publish_recommendations", "report_run"):
        yield JobStep(job, job, about)


def training_steps(ds: str, run_id: str, read: ReadReceipt) -> Iterator[JobStep]:
    """Steps of a training, as `dags/socialrec_train.py` runs them."""
    about = ("--ds", ds, "--run-id", run_id)
    yield JobStep("finetune_encoder", "finetune_encoder", about)
    made = read(run_id, "finetune_encoder")
    training = ("--mlflow-run", made["mlflow_run_id"], "--encoder-version", made["encoder_version"])
    yield JobStep("train.embed_texts", "embed_texts", (*about, "--encoder-folder", made["encoder_folder"]))
    for job in ("fit_recommender", "evaluate_recommender"):
        yield JobStep(job, job, (*about, *training))
    registered = ("--encoder-model-version", made["encoder_model_version"])
    yield JobStep("promote_model", "promote_model", (*about, *training, *registered))
