"""Params, assets and operators, as Airflow itself takes them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow_process import ask_airflow

from socialrec.settings import Settings

CASES: dict[str, tuple[list[Any], list[Any]]] = {
    "DS": ([None, "2026-01-31", "2028-02-29"], ["2026-02-30", "2026-1-5", "yesterday", 20260131]),
    "SAMPLE": ([1, 0.5, 1e-6], [0, -0.1, 1.01, "0.5", None]),
    "DRY_RUN": ([True, False], ["true", 1, None]),
    "MODEL_VERSION": ([None, "1", "23"], ["0", "007", "latest", "-1", "1.5", 3]),
    "EARLIER_VERSION": ([None, "1", "23"], ["0", "007", "champion", 3]),
    "REASON": (["lists of one product", "x"], ["", "  ", None]),
}
"""By Param: values that it takes, and values that it refuses."""

TRY = """
from copy import copy
from airflow.sdk.exceptions import ParamValidationError
from socialrec.orchestration import params

def accepts(param, value):
    try:
        return copy(param).resolve(value) == value
    except ParamValidationError:
        return False

answer = {
    name: [[accepts(getattr(params, name), value) for value in values] for values in both]
    for name, both in given.items()
}
"""


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[bool]]]:
    told: dict[str, list[list[bool]]] = ask_airflow(tmp_path_factory.mktemp("home"), TRY, CASES)
    return told


@pytest.mark.parametrize("name", CASES)
def test_a_param_takes_what_is_within_its_bounds_and_refuses_the_rest(
    accepted: dict[str, list[list[bool]]], name: str
) -> None:
    good, bad = CASES[name]
    assert accepted[name] == [[True] * len(good), [False] * len(bad)]


def test_every_param_has_a_title_and_a_description_for_the_form_and_a_default_that_is_allowed(home: Path) -> None:
    told = ask_airflow(
        home,
        """
from copy import copy
from socialrec.orchestration import params
answer = {
    name: [param.schema["title"], param.description, copy(param).resolve()]
    for name, param in {**params.NIGHTLY, **params.TRAIN, **params.PRETRAIN}.items()
}
""",
    )
    assert {name: default for name, (_, _, default) in told.items()} == {
        "ds": None,
        "sample": 1,
        "dry_run": False,
        "model_version": None,
        "tuning_trials": None,
        "from_scratch": False,
        "steps": None,
    }
    assert all(title and description.endswith(".") for title, description, _ in told.values())


def test_every_table_is_the_outlet_of_the_jobs_that_fill_it_and_of_no_other(home: Path) -> None:
    told = ask_airflow(
        home,
        """
from pathlib import Path
from socialrec.contracts import TABLES
from socialrec.orchestration.assets import written_by
from socialrec.orchestration.commands import JOBS

outlets = {file.stem: [asset.name for asset in written_by(file.stem)] for file in sorted(JOBS.glob("*.py"))}
answer = {"outlets": outlets, "writers": {table.name: table.writers for table in TABLES.values()}}
""",
    )
    named = sorted((name, job) for job, names in told["outlets"].items() for name in names if name in told["writers"])
    assert named == sorted((name, job) for name, jobs in told["writers"].items() for job in jobs)
    assert ("gold.recommendations", "score_recommendations") in named


RUN = """
from airflow.sdk.exceptions import AirflowFailException
from socialrec.orchestration.operators import ModelBranch, PythonJob

about = {"task_id": given["job"], "job": given["job"], "arguments": given["arguments"]}
if given.get("branch"):
    task = ModelBranch(**about, with_model="use", without_model="train")
else:
    task = PythonJob(**about)
task.receipt_folder = "r1"
try:
    answer = task.execute({"params": {"dry_run": True}})
except AirflowFailException as error:
    answer = f"not tried again: {error}"
"""


def test_a_task_returns_the_receipt_of_its_job(home: Path) -> None:
    common = ["--home", str(home), "--ds", "2026-01-31", "--run-id", "r1", "--dry-run", ""]
    receipt = ask_airflow(home, RUN, {"job": "publish_recommendations", "arguments": common})
    assert (receipt["job"], receipt["ds"], receipt["status"]) == ("publish_recommendations", "2026-01-31", "dry_run")


def test_a_mistake_that_a_person_must_mend_is_not_tried_again(home: Path) -> None:
    common = ["--home", str(home), "--ds", "31.1.2026", "--run-id", "r1"]
    said = ask_airflow(home, RUN, {"job": "publish_recommendations", "arguments": common})
    assert said.startswith("not tried again: publish_recommendations: error: day '31.1.2026' is not in the form")


REFUSE = """
from pathlib import Path
from types import SimpleNamespace

from socialrec.orchestration import commands
from socialrec.orchestration.assets import asset
from socialrec.orchestration.links import MlflowRunLink
from socialrec.orchestration.operators import CandidateRefusedError, PythonJob

commands.JOBS = Path(given)
task = PythonJob(task_id="promote_model", job="promote_model", arguments=[], outlets=[asset("socialrec-recommender")])
task.receipt_folder = "r1"
events = {task.outlets[0]: SimpleNamespace(extra={})}
try:
    task.execute({"outlet_events": events})
except CandidateRefusedError as error:
    said = str(error)
link = MlflowRunLink().get_link(task, ti_key=None)
answer = [said, link, events[task.outlets[0]].extra]
"""
A_GATE_THAT_REFUSES = """
import json, os, sys
from pathlib import Path

assert os.environ["GOMP_SPINCOUNT"] == "1000", "its idle threads would take the cores of other tasks"
receipt = {"ds": "2026-01-31", "status": "refused", "note": "Version 1 refused: worse", "mlflow_url": "http://m/r",
           "recommender_version": "1", "wrote": {}}
folder = Path(os.environ["SOCIALREC_HOME"], "runs", "r1")
folder.mkdir(parents=True)
(folder / "promote_model.json").write_text(json.dumps(receipt))
sys.exit(3)
"""


def test_a_refused_candidate_fails_its_task_without_another_try_and_links_to_the_training(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "promote_model.py").write_text(A_GATE_THAT_REFUSES)
    said, link, extra = ask_airflow(home, REFUSE, str(tmp_path))
    assert said == "promote_model: Version 1 refused: worse"
    assert link == "http://m/r"
    assert extra == {"ds": "2026-01-31", "status": "refused", "version": "1"}


SUBMIT = """
from pathlib import Path

from airflow.sdk.exceptions import AirflowFailException

from socialrec.orchestration import operators
from socialrec.orchestration.tasks import spark_job
from socialrec.settings import load_settings

operators.program = lambda job: str(Path(given, f"{job}.py"))
try:
    spark_job(load_settings(), "build_gold").execute({})
except AirflowFailException as failure:
    answer = f"not tried again: {failure}"
"""


def test_a_spark_job_whose_java_ran_out_of_memory_names_the_setting_and_is_not_tried_again(
    home: Path, tmp_path: Path
) -> None:
    """Java itself ends with 52 then, as spark-submit does where its program does."""
    (tmp_path / "build_gold.py").write_text("import sys; sys.exit(52)")
    (home / "settings.toml").write_text('spark.driver_memory = "500m"\n')
    local = json.dumps({"conn_type": "spark", "host": "local[1]"})
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    said = ask_airflow(home, SUBMIT, str(tmp_path), AIRFLOW_CONN_SPARK_DEFAULT=local, PATH=path)
    wanted = "Spark's Java program ran out of memory: set spark.driver_memory (now 500m) higher"
    assert said == f"not tried again: build_gold: {wanted}"


LINK = """
from types import SimpleNamespace
from socialrec.orchestration.links import MlflowRunLink, TrainingRunLink

failed = SimpleNamespace(receipt={}, receipt_folder="r1")
elsewhere = SimpleNamespace(receipt={}, receipt_folder="r2")
night = SimpleNamespace(trigger_dag_id="socialrec_train", trigger_run_id="for__manual__2026-01-31T02:00:00+00:00")
answer = [MlflowRunLink().get_link(task, ti_key=None) for task in (failed, elsewhere)]
answer.append(TrainingRunLink().get_link(night, ti_key=None))
"""


def test_a_failed_task_links_to_the_training_that_its_run_opened_and_a_night_to_the_training_that_it_started(
    settings: Settings, home: Path
) -> None:
    pages = settings.runs / "r1" / "pages"
    pages.mkdir(parents=True)
    (pages / "finetune_encoder.json").write_text('{"mlflow_url": "http://mlflow/training"}')
    failed, elsewhere, training = ask_airflow(home, LINK, AIRFLOW__API__BASE_URL="http://airflow:8080/")
    assert (failed, elsewhere) == ("http://mlflow/training", "")
    run_id = "for__manual__2026-01-31T02%3A00%3A00%2B00%3A00"
    assert training == f"http://airflow:8080/dags/socialrec_train/runs/{run_id}"


SAY = r"""
from socialrec.orchestration.assets import facts_of
from socialrec.orchestration.operators import last_error_line

receipt = {
    "ds": "2026-01-31",
    "status": "written",
    "wrote": {"gold.texts": {"rows": 7, "bytes": 90}, "published lists": {"rows": 60, "bytes": 900}},
    "versions": {"gold.texts": 4, "gold.social_ties": 2},
    "encoder_model_version": "3",
}
names = ["gold.texts", "gold.social_ties", "published lists", "socialrec-encoder", "report of the night"]
answer = [[facts_of(name, receipt) for name in names], last_error_line("a\nerror: no landing day\n  at java"),
          last_error_line("a\nb")]
"""


def test_an_assets_event_has_rows_version_and_day_and_a_failed_spark_job_its_error(home: Path) -> None:
    facts, error, unknown = ask_airflow(home, SAY)
    day = {"ds": "2026-01-31", "status": "written"}
    assert facts == [
        {**day, "rows": 7, "version": 4},
        {**day, "rows": 0, "version": 2},
        {**day, "rows": 60},
        {**day, "version": "3"},
        day,
    ]
    assert error == "error: no landing day"
    assert unknown == "see the line of the log that begins with `error:`"


def test_a_dry_run_without_a_champion_ends_there_instead_of_training(home: Path) -> None:
    common = ["--home", str(home), "--ds", "2026-01-31", "--run-id", "r1", "--check"]
    uri = f"sqlite:///{home}/mlflow.db"
    said = ask_airflow(
        home, RUN, {"job": "pin_models", "arguments": common, "branch": True}, SOCIALREC_SERVICES__MLFLOW_URI=uri
    )
    assert said.startswith("not tried again: no champion model yet, and a dry run trains none")


PLACES = """
from socialrec.orchestration.tasks import python_job
from socialrec.settings import load_settings
tasks = [python_job(load_settings(), job, **how) for job, how in given]
answer = [[task.queue, task.executor_config] for task in tasks]
"""


def test_tasks_of_pool_gpu_go_where_a_gpu_is_under_celery_and_kubernetes(home: Path) -> None:
    jobs = [["publish_recommendations", {}], ["finetune_encoder", {"pool": "gpu"}]]
    settings = {"SOCIALREC_CLUSTER__GPU_POD_TEMPLATE": "/etc/gpu-pod.yaml"}
    anywhere, on_gpu = ask_airflow(home, PLACES, jobs, **settings)
    assert anywhere == ["default", {}]
    assert on_gpu == ["gpu", {"pod_template_file": "/etc/gpu-pod.yaml"}]
