"""Operators that run this project's jobs. Each returns the job's receipt, so the UI shows what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator
from airflow.sdk.bases.branch import BranchMixIn
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from socialrec.orchestration.commands import JOBS, RUN_ID, command, program, read_receipt, without_blanks
from socialrec.orchestration.links import SparkLink, links_of
from socialrec.orchestration.notes import write_note
from socialrec.settings import load_settings

USER_ERROR = 2
"""Exit code of a job that met a mistake only a person can mend: trying again would not help."""


class _Receipted:
    """What operators share: the receipt of their job is what they return, what they link to and what they note."""

    job: str
    receipt_folder: str
    receipt: dict[str, Any]

    def read_receipt(self, context: Any) -> dict[str, Any]:
        """Read what the job reported, and put its `note`, if it has one, on the DAG run."""
        self.receipt = read_receipt(load_settings(), self.receipt_folder, self.job)
        if note := self.receipt.get("note"):
            write_note(context, note)
        return self.receipt


class PythonJob(_Receipted, BaseOperator):
    """Runs `jobs/<job>.py` in a process of its own."""

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
        """Run the job; its receipt. A mistake that a person must mend is not retried."""
        result = self._hook.run_command(command(self.job, self.arguments), cwd=str(JOBS.parent))
        if result.exit_code == USER_ERROR:
            raise AirflowFailException(f"{self.job}: {result.output}")
        if result.exit_code:
            raise AirflowException(f"{self.job} ended with exit code {result.exit_code}: {result.output}")
        return self.read_receipt(context)

    def on_kill(self) -> None:
        """Stop the job with its task."""
        self._hook.send_sigterm()


class SparkJob(_Receipted, SparkSubmitOperator):
    """Submits `jobs/<job>.py` to Spark."""

    template_fields: Sequence[str] = (*SparkSubmitOperator.template_fields, "receipt_folder")
    ui_color = "#fbeee0"

    def __init__(self, *, job: str, arguments: Sequence[str], has_page: bool, **kwargs: Any) -> None:
        super().__init__(application=program(job), application_args=list(arguments), name=job, **kwargs)
        self.job = job
        self.receipt_folder = RUN_ID
        self.receipt = {}
        self.operator_extra_links = [*links_of(job), *([SparkLink()] if has_page else [])]

    def execute(self, context: Any) -> Any:
        """Submit the job and wait; its receipt. A mistake that a person must mend is not retried."""
        self.application_args = without_blanks(self.application_args or [])
        try:
            super().execute(context)
        except AirflowException as error:
            # The hook tells the exit code of spark-submit, which is the job's own, in words alone.
            if f"Error code is: {USER_ERROR}." in str(error):
                raise AirflowFailException(f"{self.job}: see the line that begins with `error:`") from None
            raise
        return self.read_receipt(context)


class ModelBranch(PythonJob, BranchMixIn):
    """Runs a job that reports `has_champion` and `trains_first`, and goes on with one of two tasks."""

    def __init__(self, *, with_model: str, without_model: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # It only looks: what it finds is linked from the task that uses it.
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
