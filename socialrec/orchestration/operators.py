"""Operators that run this project's jobs. Each returns the job's receipt, which Airflow's pages show."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import BaseOperator
from airflow.sdk.bases.branch import BranchMixIn
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.utils.state import DagRunState

from socialrec.orchestration.assets import facts_of
from socialrec.orchestration.commands import JOBS, RUN_ID, command, program, read_receipt, without_blanks
from socialrec.orchestration.links import SparkLink, TrainingRunLink, links_of
from socialrec.orchestration.notes import write_note
from socialrec.settings import load_settings
from socialrec.settings.java import OUT_OF_MEMORY, driver_options, lack_of_memory
from socialrec.settings.threads import PATIENT

USER_ERROR = 2
"""Exit code of a job that failed by an error only a person can correct; retries would not help."""
REFUSED = 3
"""Exit code of a training whose gate refused the candidate; its receipt says why."""


class CandidateRefusedError(AirflowFailException):
    """Refusal of the candidate by the gate; the run's note has the reasons."""


class _Receipted:
    """Base of the operators: returns the receipt of the job, links to its pages and puts its note on the run."""

    job: str
    outlets: list[Any]
    receipt_folder: str
    receipt: dict[str, Any]

    def read_receipt(self, context: Any) -> dict[str, Any]:
        """Read the job's receipt, put its `note`, if any, on the DAG run, and describe the assets."""
        self.receipt = read_receipt(load_settings(), self.receipt_folder, self.job)
        if note := self.receipt.get("note"):
            write_note(context, note)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra.update(facts_of(outlet.name, self.receipt))
        return self.receipt


def last_error_line(output: str) -> str:
    """The last line of a job's output that begins with `error:`."""
    lines = [line for line in output.splitlines() if line.startswith("error:")]
    return lines[-1] if lines else "see the line of the log that begins with `error:`"


class PythonJob(_Receipted, BaseOperator):
    """Operator that runs `jobs/<job>.py` in a process of its own."""

    template_fields: Sequence[str] = ("arguments", "receipt_folder")
    ui_color = "#e8f1e4"

    def __init__(self, *, job: str, arguments: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.arguments = list(arguments)
        self.receipt_folder = RUN_ID
        self.receipt = {}
        self.operator_extra_links = links_of(job)
        self._hook = SubprocessHook()

    def execute(self, context: Any) -> Any:
        """Run the job and return its receipt. A UserError or a refusal is not retried."""
        result = self._hook.run_command(
            command(self.job, self.arguments), env={**PATIENT, **os.environ}, cwd=str(JOBS.parent)
        )
        if result.exit_code == REFUSED:
            raise CandidateRefusedError(f"{self.job}: {self.read_receipt(context)['note']}")
        if result.exit_code == USER_ERROR:
            raise AirflowFailException(f"{self.job}: {result.output}")
        if result.exit_code:
            raise AirflowException(f"{self.job} ended with exit code {result.exit_code}: {result.output}")
        return self.read_receipt(context)

    def on_kill(self) -> None:
        """Stop the job with its task."""
        self._hook.send_sigterm()


class ClosingJob(PythonJob):
    """Operator of a job that does no part of its run's work, and so leaves no receipt."""

    def read_receipt(self, context: Any) -> dict[str, Any]:
        """Return nothing."""
        return {}


class SparkJob(_Receipted, SparkSubmitOperator):
    """Operator that submits `jobs/<job>.py` to Spark."""

    template_fields: Sequence[str] = (*SparkSubmitOperator.template_fields, "receipt_folder")
    ui_color = "#fbeee0"

    def __init__(self, *, job: str, arguments: Sequence[str], has_page: bool, **kwargs: Any) -> None:
        super().__init__(application=program(job), application_args=list(arguments), name=job, **kwargs)
        self.job = job
        self.receipt_folder = RUN_ID
        self.receipt = {}
        self.operator_extra_links = [*links_of(job), *([SparkLink()] if has_page else [])]

    def execute(self, context: Any) -> Any:
        """Submit the job, wait and return its receipt. A UserError or a lack of memory is not retried."""
        self.application_args = without_blanks(self.application_args or [])
        settings = load_settings()
        options = {"spark.driver.extraJavaOptions": driver_options(settings, settings.scratch)}
        self.conf = options | (self.conf or {})
        try:
            super().execute(context)
        except AirflowException as error:
            # The hook reports the exit code of spark-submit, which is the job's own, only in its message.
            if f"Error code is: {USER_ERROR}." in str(error):
                raise AirflowFailException(f"{self.job}: {last_error_line(str(error))}") from None
            if f"Error code is: {OUT_OF_MEMORY}." in str(error):
                raise AirflowFailException(f"{self.job}: {lack_of_memory(settings)}") from None
            raise
        return self.read_receipt(context)


class TrainingRun(TriggerDagRunOperator):
    """Operator that starts the training that a night without a model needs, waits for its end, and links to it.

    The night continues where the training failed: a refused candidate leaves the baseline, and `pin_models` reports the
    fault where there is no model at all.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            wait_for_completion=True,
            allowed_states=[DagRunState.SUCCESS, DagRunState.FAILED],
            failed_states=[],
            **kwargs,
        )
        self.operator_extra_links = [TrainingRunLink()]

    def execute(self, context: Any) -> None:
        """Record the training's page at once, so that people can follow it, then start it and wait."""
        for link in self.operator_extra_links:
            context["ti"].xcom_push(key=link.xcom_key, value=link.get_link(self, ti_key=context["ti"]))
        super().execute(context)


class ModelBranch(PythonJob, BranchMixIn):
    """Operator of a job that reports `has_champion` and `trains_first`, which branches to one of two tasks."""

    def __init__(self, *, with_model: str, without_model: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # It only reads; the task that uses the model has the link.
        self.operator_extra_links = []
        self.with_model = with_model
        self.without_model = without_model

    def execute(self, context: Any) -> Any:
        """Choose the next task. A dry run trains nothing, so without a model it ends here."""
        found, dry_run = super().execute(context), context["params"]["dry_run"]
        if found["has_champion"] and (dry_run or not found["trains_first"]):
            return self.do_branch(context, self.with_model)
        if dry_run:
            raise AirflowFailException("no champion model yet, and a dry run trains none: run once without dry_run")
        return self.do_branch(context, self.without_model)
