"""Tasks as all DAGs use them: one call per job, with pool, time limit and assets filled in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from airflow.sdk import TaskGroup, get_current_context, task
from airflow.timetables.trigger import CronTriggerTimetable

from socialrec.orchestration.alerts import task_failed
from socialrec.orchestration.assets import read_by, written_by
from socialrec.orchestration.commands import common_arguments, reported
from socialrec.orchestration.operators import ClosingJob, PythonJob, SparkJob
from socialrec.orchestration.pools import GPU, SPARK
from socialrec.orchestration.run_date import folder_name, newest_published, resolve
from socialrec.settings import Settings, load_settings
from socialrec.settings.text import Engine
from socialrec.settings.threads import PATIENT

DEFAULTS: dict[str, Any] = {
    "owner": "socialrec",
    "retries": 1,
    "retry_delay": timedelta(seconds=10),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": task_failed,
}


def nightly_at(settings: Settings, cron: str) -> CronTriggerTimetable | None:
    """Make a timetable whose runs work on the day before (UTC); None where nothing is scheduled.

    Switching the DAG on starts no missed night, except for one that was due within the last two minutes: the scheduler
    reads the DAG file again every half minute, and would otherwise miss a night at that moment.
    """
    if not settings.services.scheduled:
        return None
    return CronTriggerTimetable(cron, timezone="UTC", interval=timedelta(days=1), run_immediately=timedelta(minutes=2))


@task(retries=0, execution_timeout=timedelta(minutes=5))
def resolve_run() -> dict[str, Any]:
    """Values that all tasks of a run share: its day, its folder of receipts, and the params of its form."""
    context = get_current_context()
    params, dag_run = context["params"], context["dag_run"]
    return {
        "ds": resolve(params.get("ds"), dag_run.logical_date, dag_run.run_after),
        "run_id": folder_name(dag_run.run_id),
        "sample": params.get("sample", 1),
        "dry_run": params["dry_run"],
        "model_version": params.get("model_version") or "",
        "tuning_trials": params.get("tuning_trials"),
    }


@task.branch(retries=0, execution_timeout=timedelta(minutes=5))
def what_is_asked(one: str, all_open: str) -> str:
    """Choose the task that answers the question of the form, or else the first one of those that answer all."""
    return one if get_current_context()["params"]["question"] else all_open


@task(task_id="resolve_run", retries=0, execution_timeout=timedelta(minutes=5))
def resolve_rollback() -> dict[str, Any]:
    """Resolve the same values for a rollback; its day is the newest one with published lists."""
    context = get_current_context()
    params = context["params"]
    return {
        "ds": newest_published(load_settings().export),
        "run_id": folder_name(context["dag_run"].run_id),
        "sample": 1,
        "dry_run": False,
        "model_version": params["model_version"] or "",
        "reason": params["reason"],
    }


def group(group_id: str, name: str) -> TaskGroup:
    """Make a group of tasks that the pages show as one step, under a plain name; the tasks keep their own names."""
    return TaskGroup(group_id, group_display_name=name, prefix_group_id=False)


def spark_job(settings: Settings, job: str, *arguments: str) -> SparkJob:
    """Make a task that submits a job to the cluster of connection `spark_default`."""
    return SparkJob(
        task_id=job,
        job=job,
        arguments=[*common_arguments(settings), *arguments],
        has_page=settings.spark.ui_url is not None,
        conn_id="spark_default",
        driver_memory=settings.spark.driver_memory,
        properties_file=str(settings.spark_secret) if settings.spark_secret else None,
        conf=settings.spark.conf,
        env_vars={
            **PATIENT,
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
            **settings.spark.environment,
        },
        pool=SPARK,
        inlets=read_by(job),
        outlets=written_by(job),
    )


def python_job(settings: Settings, job: str, *arguments: str, **options: Any) -> PythonJob:
    """Make a task that runs a job under this Python."""
    if options.get("pool") == GPU:
        options |= on_gpu_machine(settings)
    return PythonJob(
        task_id=job,
        job=job,
        arguments=_arguments(settings, arguments),
        inlets=read_by(job),
        outlets=written_by(job),
        **options,
    )


def close_training(settings: Settings) -> ClosingJob:
    """Make the task that closes the MLflow run of a killed or failed training; it never decides the run's state."""
    closing = ClosingJob(task_id="close_training", job="close_training", arguments=common_arguments(settings))
    return cast("ClosingJob", closing.as_teardown(on_failure_fail_dagrun=False))


def on_gpu_machine(settings: Settings) -> dict[str, Any]:
    """Options with which Celery and Kubernetes place a task on a machine with a GPU."""
    template = settings.cluster.gpu_pod_template
    pod = {"pod_template_file": str(template)} if template is not None else None
    return {"queue": GPU, "executor_config": pod}


def embed_texts(settings: Settings, *arguments: str) -> SparkJob | PythonJob:
    """Make the task that encodes texts: on the cluster, or in one process beside the GPU, as the settings say."""
    return _encoding_job(settings, "embed_texts", arguments)


def embed_passages(settings: Settings, *arguments: str) -> SparkJob | PythonJob:
    """Make the task that encodes passages and questions, where texts are encoded."""
    return _encoding_job(settings, "embed_passages", arguments)


def gather_evidence(settings: Settings) -> TaskGroup:
    """Make the tasks that pin the model of answers, cut passages and encode them with its encoder."""
    with group("gather_evidence", "Gather evidence") as made:
        (
            python_job(settings, "pin_answers")
            >> spark_job(settings, "build_passages")
            >> embed_passages(settings, "--encoder-folder", reported("pin_answers", "encoder_folder"))
        )
    return made


def answer_all(settings: Settings, *arguments: str) -> TaskGroup:
    """Make the tasks that answer all open questions and publish the answers, the latter with these arguments."""
    with group("answer", "Answer") as made:
        spark_job(settings, "answer_questions") >> python_job(settings, "publish_answers", *arguments)
    return made


def _encoding_job(settings: Settings, job: str, arguments: Sequence[str]) -> SparkJob | PythonJob:
    if settings.text.encode_with is Engine.SPARK:
        return spark_job(settings, job, *arguments)
    return python_job(settings, job, *arguments, pool=GPU)


def _arguments(settings: Settings, more: Sequence[str]) -> list[str]:
    return [*common_arguments(settings), *more]
