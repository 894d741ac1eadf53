"""The DAG files, as Airflow reads them: light, complete, and wired as their pages say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow_process import ask_airflow
from jinja2 import Environment

DAGS = Path(__file__).parents[2] / "dags"
FILES = sorted(DAGS.glob("*.py"))
HEAVY = ("torch", "pyspark", "mlflow", "pandas")
NIGHTLY, TRAIN, ROLLBACK, PRETRAIN = "socialrec_nightly", "socialrec_train", "socialrec_rollback", "socialrec_pretrain"
MAINTENANCE, ERASURE = "socialrec_maintenance", "socialrec_erasure"
ANSWERS, TRAIN_ANSWERS = "socialrec_answers", "socialrec_train_answers"
ROLLBACK_ANSWERS = "socialrec_rollback_answers"
ALL = (NIGHTLY, TRAIN, ROLLBACK, PRETRAIN, MAINTENANCE, ERASURE, ANSWERS, TRAIN_ANSWERS, ROLLBACK_ANSWERS)
SPARK_TASKS = {
    *("ingest_landing", "build_silver", "build_gold", "embed_texts", "build_features", "score_recommendations"),
    *("build_passages", "embed_passages", "answer_questions"),
}
WHOLE_LAKE = {"maintain_lake", "erase_users", "embed_images"}
"""No submission to Spark, but all tables or, with many new pictures, Spark of its own: not beside an application."""
TRAINING_TASKS = {"finetune_encoder", "fit_recommender", "evaluate_recommender", "fit_answers"}

IMPORT = f"""
import importlib.util, time
import airflow.sdk
answer = {{}}
for file in given:
    begun = time.process_time()
    spec = importlib.util.spec_from_file_location("a_dag", file)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    seconds = time.process_time() - begun
    answer[file] = {{"seconds": seconds, "heavy": [name for name in {HEAVY} if name in sys.modules]}}
"""

DESCRIBE = """
from datetime import UTC, datetime
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.timetables.base import DataInterval, TimeRestriction

def describe_task(task):
    return {
        "is_spark_submit": isinstance(task, SparkSubmitOperator),
        "owner": task.owner,
        "retries": task.retries,
        "timeout_seconds": task.execution_timeout and task.execution_timeout.total_seconds(),
        "pool": task.pool,
        "trigger_rule": task.trigger_rule.value,
        "next": sorted(task.downstream_task_ids),
        "arguments": getattr(task, "arguments", None) or getattr(task, "application_args", None),
        "choices": [getattr(task, name, None) for name in ("with_model", "without_model")],
        "triggers": getattr(task, "trigger_dag_id", None),
        "goes_on_after": [state.value for state in getattr(task, "allowed_states", ())],
        "is_teardown": task.is_teardown,
        "fails_the_run": task.on_failure_fail_dagrun,
        "inlets": [asset.name for asset in task.inlets],
        "outlets": [asset.name for asset in task.outlets],
        "group": task.task_group.group_display_name,
        "links": [link.name for link in task.operator_extra_links],
        "tells": [callback.__name__ for callback in task.on_failure_callback],
    }

def night_after(timetable, year, month, day):
    at = datetime(year, month, day, 2, tzinfo=UTC)
    restriction = TimeRestriction(earliest=None, latest=None, catchup=True)
    info = timetable.next_dagrun_info(last_automated_data_interval=DataInterval(at, at), restriction=restriction)
    return [info.run_after.isoformat(), info.logical_date.isoformat()]

bag = DagBag(given)
answer = {"errors": bag.import_errors}
for dag_id, dag in bag.dags.items():
    answer[dag_id] = {
        "tasks": {task.task_id: describe_task(task) for task in dag.tasks},
        "page": dag.doc_md,
        "description": dag.description,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": sorted(dag.params),
        "deadline_seconds": [alert.interval.total_seconds() for alert in dag.deadline or []],
        "cron": getattr(dag.timetable, "_expression", None),
        "night": night_after(dag.timetable, 2026, 2, 28) if dag.timetable.can_be_scheduled else None,
    }
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow made of the DAG files of this clone."""
    told: dict[str, Any] = ask_airflow(tmp_path_factory.mktemp("home"), DESCRIBE, str(DAGS))
    return told


def test_a_dag_file_is_read_within_two_seconds_and_without_anything_heavy(home: Path) -> None:
    told = ask_airflow(home, IMPORT, [str(file) for file in FILES])
    assert {file: read["heavy"] for file, read in told.items()} == {str(file): [] for file in FILES}
    assert max(read["seconds"] for read in told.values()) < 2


def test_airflow_reads_all_dags_without_an_error(read: dict[str, Any]) -> None:
    assert read["errors"] == {}
    assert set(ALL) == set(read) - {"errors"}


def test_a_night_has_at_most_fourteen_tasks(read: dict[str, Any]) -> None:
    assert len(read[NIGHTLY]["tasks"]) <= 14


def path(tasks: dict[str, Any], first: str) -> list[str]:
    """The tasks from `first` on, in order, for as long as each one has a single next one."""
    found = [first]
    while len(following := tasks[found[-1]]["next"]) == 1:
        found += following
    return found


def test_the_night_goes_from_landing_files_to_a_report(read: dict[str, Any]) -> None:
    tasks = read[NIGHTLY]["tasks"]
    assert path(tasks, "resolve_run") == [
        *("resolve_run", "ingest_landing", "build_silver", "build_gold", "embed_images", "ensure_champion")
    ]
    assert path(tasks, "pin_models") == [
        *("pin_models", "embed_texts", "predict_insights", "build_features", "score_recommendations"),
        *("publish_recommendations", "report_run"),
    ]


def test_texts_are_read_with_the_encoder_that_was_pinned(read: dict[str, Any]) -> None:
    tasks = read[NIGHTLY]["tasks"]
    assert "pin_models" in tasks["predict_insights"]["arguments"][-1]


def test_training_goes_from_the_encoder_to_the_gate(read: dict[str, Any]) -> None:
    assert path(read[TRAIN]["tasks"], "resolve_run") == [
        *("resolve_run", "finetune_encoder", "embed_texts", "fit_recommender", "evaluate_recommender"),
        *("promote_model", "close_training"),
    ]


@pytest.mark.parametrize("dag_id", [TRAIN, PRETRAIN])
def test_a_training_is_closed_in_mlflow_however_it_ends_and_that_decides_nothing(
    read: dict[str, Any], dag_id: str
) -> None:
    closing = read[dag_id]["tasks"]["close_training"]
    assert (closing["is_teardown"], closing["fails_the_run"], closing["next"]) == (True, False, [])


def test_a_night_goes_on_with_the_baseline_where_its_training_was_refused(read: dict[str, Any]) -> None:
    training = read[NIGHTLY]["tasks"]["train_first_champion"]
    assert training["goes_on_after"] == ["success", "failed"]
    assert training["links"] == ["Training run"]


def test_a_rollback_goes_from_the_earlier_champion_to_its_published_lists(read: dict[str, Any]) -> None:
    assert path(read[ROLLBACK]["tasks"], "resolve_run") == [
        *("resolve_run", "roll_back_model", "pin_models", "embed_texts", "predict_insights"),
        *("build_features", "score_recommendations", "publish_recommendations"),
    ]
    assert (read[ROLLBACK]["cron"], read[ROLLBACK]["params"]) == (None, ["model_version", "reason"])


def test_a_rollback_pins_the_version_that_it_went_back_to_and_never_goes_back_twice(read: dict[str, Any]) -> None:
    tasks = read[ROLLBACK]["tasks"]
    assert "roll_back_model" in tasks["pin_models"]["arguments"][-1]
    assert tasks["roll_back_model"]["retries"] == 0


def test_one_process_beside_a_gpu_encodes_where_the_settings_want_it(home: Path) -> None:
    told = ask_airflow(home, DESCRIBE, str(DAGS), SOCIALREC_TEXT__ENCODE_WITH="process")
    for dag_id in (NIGHTLY, TRAIN):
        task = told[dag_id]["tasks"]["embed_texts"]
        assert (task["is_spark_submit"], task["pool"]) == (False, "gpu")


def test_what_a_person_gave_as_the_reason_reaches_the_rollback_as_one_argument(read: dict[str, Any]) -> None:
    class Instance:
        def xcom_pull(self, task_ids: str) -> dict[str, str]:
            return {"model_version": "", "reason": '--lists of "one" product; $(oops)'}

    arguments = read[ROLLBACK]["tasks"]["roll_back_model"]["arguments"][-2:]
    rendered = [Environment().from_string(text).render(ti=Instance()) for text in arguments]
    assert rendered == ["", '--reason=--lists of "one" product; $(oops)']


def test_pre_training_is_run_by_hand_on_the_accelerator_as_its_params_say(read: dict[str, Any]) -> None:
    dag = read[PRETRAIN]
    assert (dag["cron"], dag["params"]) == (None, ["dry_run", "ds", "from_scratch", "steps"])
    assert path(dag["tasks"], "resolve_run") == ["resolve_run", "pretrain_encoder", "close_training"]
    assert dag["tasks"]["pretrain_encoder"]["pool"] == "gpu"
    arguments = [Environment().from_string(text) for text in dag["tasks"]["pretrain_encoder"]["arguments"][-2:]]
    for params, expected in (
        ({"from_scratch": False, "steps": None}, ["", ""]),
        ({"from_scratch": True, "steps": 50}, ["--from-scratch", "--steps=50"]),
    ):
        assert [argument.render(params=params) for argument in arguments] == expected


def test_housekeeping_goes_from_the_tables_to_the_databases(read: dict[str, Any]) -> None:
    assert path(read[MAINTENANCE]["tasks"], "resolve_run") == ["resolve_run", "maintain_lake", "clean_databases"]
    assert (read[MAINTENANCE]["cron"], read[MAINTENANCE]["params"]) == ("0 6 * * 0", ["dry_run"])


def test_an_erasure_is_told_the_name_of_a_file_and_never_who_is_in_it(read: dict[str, Any]) -> None:
    dag = read[ERASURE]
    assert (dag["cron"], dag["params"]) == (None, ["dry_run", "reason", "users_file"])
    assert path(dag["tasks"], "resolve_run") == ["resolve_run", "erase_users"]
    params = {"users_file": "march.txt", "reason": 'asked for it; "at last"'}
    arguments = [Environment().from_string(text) for text in dag["tasks"]["erase_users"]["arguments"][-2:]]
    assert [argument.render(params=params) for argument in arguments] == [
        "--users-file=march.txt",
        '--reason=asked for it; "at last"',
    ]


def test_a_night_without_a_champion_trains_one_and_then_goes_the_same_way(read: dict[str, Any]) -> None:
    tasks = read[NIGHTLY]["tasks"]
    assert tasks["ensure_champion"]["choices"] == ["pin_models", "train_first_champion"]
    assert tasks["ensure_champion"]["next"] == ["pin_models", "train_first_champion"]
    assert tasks["train_first_champion"]["triggers"] == TRAIN
    assert tasks["train_first_champion"]["next"] == ["pin_models"]
    # The branch skips the training where there is a champion; that must not skip the rest of the night.
    assert tasks["pin_models"]["trigger_rule"] == "none_failed_min_one_success"


@pytest.mark.parametrize("dag_id", ALL)
def test_every_task_has_an_owner_a_time_limit_and_a_second_try_unless_it_would_not_help(
    read: dict[str, Any], dag_id: str
) -> None:
    tasks = read[dag_id]["tasks"]
    assert {task["owner"] for task in tasks.values()} == {"socialrec"}
    assert all(task["timeout_seconds"] > 0 for task in tasks.values())
    tried_once = {name for name, task in tasks.items() if task["retries"] < 1}
    once = {"resolve_run", "what_is_asked", "train_first_champion", "roll_back_model", "roll_back_answers"}
    assert tried_once <= once


@pytest.mark.parametrize("dag_id", ALL)
def test_spark_tasks_are_submitted_one_at_a_time(read: dict[str, Any], dag_id: str) -> None:
    tasks = read[dag_id]["tasks"]
    submitted = {name for name, task in tasks.items() if task["is_spark_submit"]}
    assert submitted == SPARK_TASKS & set(tasks)
    assert submitted | (WHOLE_LAKE & set(tasks)) == {name for name, task in tasks.items() if task["pool"] == "spark"}


def test_training_tasks_share_the_accelerator(read: dict[str, Any]) -> None:
    tasks = read[TRAIN]["tasks"] | read[TRAIN_ANSWERS]["tasks"]
    assert {name for name, task in tasks.items() if task["pool"] == "gpu"} == TRAINING_TASKS


@pytest.mark.parametrize("dag_id", ALL)
def test_a_dags_page_names_every_task_and_param(read: dict[str, Any], dag_id: str) -> None:
    page = read[dag_id]["page"]
    assert [name for name in read[dag_id]["tasks"] if f"`{name}`" not in page] == []
    titles = {
        "ds": "Day",
        "sample": "Sample",
        "dry_run": "Dry run",
        "model_version": "Model version",
        "tuning_trials": "Tuning trials",
        "reason": "Reason",
        "question": "Question",
        "product": "Product",
        "from_scratch": "From scratch",
        "steps": "Steps",
        "users_file": "Users file",
    }
    assert [name for name in read[dag_id]["params"] if titles[name] not in page] == []


@pytest.mark.parametrize("dag_id", ALL)
def test_a_dags_page_says_what_it_is_for_what_breaks_without_it_and_how_to_run_it_again(
    read: dict[str, Any], dag_id: str
) -> None:
    parts = ("Purpose", "What it does", "Inputs", "Outputs", "Params", "What breaks if it fails", "Run it again")
    assert [part for part in parts if f"**{part}" not in read[dag_id]["page"]] == []


def test_a_nights_tasks_stand_in_groups_with_plain_names(read: dict[str, Any]) -> None:
    groups: dict[str, list[str]] = {}
    for name, task in read[NIGHTLY]["tasks"].items():
        groups.setdefault(task["group"] or "", []).append(name)
    assert {name: sorted(tasks) for name, tasks in groups.items()} == {
        "": ["report_run", "resolve_run"],
        "Take in what landed": ["build_gold", "build_silver", "embed_images", "ingest_landing"],
        "Choose the model": ["ensure_champion", "pin_models", "train_first_champion"],
        "Read texts": ["embed_texts", "predict_insights"],
        "Recommend": ["build_features", "publish_recommendations", "score_recommendations"],
    }


def test_tasks_link_to_what_their_receipts_name(read: dict[str, Any]) -> None:
    linked = {name: task["links"] for name, task in read[NIGHTLY]["tasks"].items() if task["links"]}
    assert linked == {
        "train_first_champion": ["Training run"],
        "embed_texts": ["MLflow run"],
        "pin_models": ["MLflow run", "Model version"],
        "report_run": ["MLflow run", "Report"],
    }
    linked = {name: task["links"] for name, task in read[TRAIN]["tasks"].items() if task["links"]}
    assert linked == {
        "finetune_encoder": ["MLflow run", "Model version"],
        "embed_texts": ["MLflow run"],
        "fit_recommender": ["MLflow run"],
        "evaluate_recommender": ["MLflow run"],
        "promote_model": ["MLflow run", "Model version"],
        "close_training": ["MLflow run"],
    }


def test_spark_tasks_link_to_the_clusters_page_where_there_is_one_and_runs_have_the_deadline_of_the_settings(
    home: Path,
) -> None:
    variables = {"SOCIALREC_SPARK__UI_URL": "http://master:8080", "SOCIALREC_ALERTS__DEADLINE_HOURS": "0.5"}
    told = ask_airflow(home, DESCRIBE, str(DAGS), **variables)
    tasks = told[NIGHTLY]["tasks"] | told[ANSWERS]["tasks"]
    linked = {name for name, task in tasks.items() if "Spark UI" in task["links"]}
    assert linked == SPARK_TASKS
    assert told[NIGHTLY]["deadline_seconds"] == told[TRAIN]["deadline_seconds"] == [1800]


def test_whoever_the_settings_name_is_told_of_every_task_that_fails(read: dict[str, Any]) -> None:
    tells = {tuple(task["tells"]) for dag_id in (NIGHTLY, TRAIN) for task in read[dag_id]["tasks"].values()}
    assert tells == {("task_failed",)}


def before(tasks: dict[str, Any], name: str) -> set[str]:
    """The tasks that have ended when this one begins."""
    direct = {other for other, task in tasks.items() if name in task["next"]}
    return direct.union(*(before(tasks, other) for other in direct))


OF_AN_EARLIER_RUN = {
    ("evaluate_recommender", "socialrec-recommender"): "the champion that the candidate is compared with",
    ("pin_answers", "socialrec-answers"): "the model in use",
    ("embed_texts", "gold.text_embeddings"): "the vectors that are there already",
}
"""What tasks read as it stood before their run, though a later task of the run writes it."""


@pytest.mark.parametrize("dag_id", ALL)
def test_a_task_waits_for_the_tasks_of_its_dag_that_write_what_it_reads(read: dict[str, Any], dag_id: str) -> None:
    tasks = read[dag_id]["tasks"]
    early = {
        (name, asset, writer)
        for name, task in tasks.items()
        for asset in task["inlets"]
        for writer, other in tasks.items()
        if asset in other["outlets"] and writer not in {name, *before(tasks, name)}
    }
    assert {edge for edge in early if edge[:2] not in OF_AN_EARLIER_RUN} == set()


WITHOUT_DATA = {
    ("build_gold", "embed_images"): "one after the other, as both take the machine",
    ("embed_images", "ensure_champion"): "a training that follows reads gold",
    ("ensure_champion", "train_first_champion"): "the branch decides on it",
    ("ensure_champion", "pin_models"): "the branch decides on it",
    ("train_first_champion", "pin_models"): "the training registers the model to pin",
    ("publish_recommendations", "report_run"): "the job reads the receipt",
    ("evaluate_recommender", "promote_model"): "the job reads evaluation.json",
    ("promote_model", "close_training"): "it closes whatever ended",
    ("fit_answers", "close_training"): "it closes whatever ended",
    ("pretrain_encoder", "close_training"): "it closes whatever ended",
    ("what_is_asked", "ask_question"): "the branch decides on it",
    ("what_is_asked", "pin_answers"): "the branch decides on it",
    ("pin_answers", "build_passages"): "versions are pinned before anything is made",
    ("maintain_lake", "clean_databases"): "one after the other, as both take the machine",
}
"""Edges along which neither an asset nor an XCom goes."""


def test_every_edge_carries_what_the_next_task_reads_or_has_a_reason(read: dict[str, Any]) -> None:
    found = {
        (name, following)
        for dag_id in ALL
        for name, task in read[dag_id]["tasks"].items()
        for following in task["next"]
        if not {*task["outlets"]} & {*read[dag_id]["tasks"][following]["inlets"]}
        and not any(f"'{name}'" in argument for argument in read[dag_id]["tasks"][following]["arguments"] or ())
        and name != "resolve_run"
    }
    assert found == set(WITHOUT_DATA)


def test_the_asset_graph_leads_from_landing_files_to_published_lists(read: dict[str, Any]) -> None:
    tasks = [task for dag_id in ALL for task in read[dag_id]["tasks"].values()]
    reached = {"landing files"}
    while new := {name for task in tasks if reached & {*task["inlets"]} for name in task["outlets"]} - reached:
        reached |= new
    # Nothing that is written lies off the way, and nothing is read that nobody writes.
    assert reached - {"landing files"} == {name for task in tasks for name in task["outlets"]}
    assert {name for task in tasks for name in task["inlets"]} <= reached


@pytest.mark.parametrize("dag_id", ALL)
def test_runs_come_one_at_a_time_and_missed_nights_are_not_caught_up(read: dict[str, Any], dag_id: str) -> None:
    assert (read[dag_id]["catchup"], read[dag_id]["max_active_runs"]) == (False, 1)


def test_a_scheduled_night_stands_for_the_day_before(read: dict[str, Any]) -> None:
    assert read[NIGHTLY]["night"] == ["2026-03-01T02:00:00+00:00", "2026-02-28T02:00:00+00:00"]


def test_training_has_neither_a_sample_nor_a_version_to_choose(read: dict[str, Any]) -> None:
    assert read[NIGHTLY]["params"] == ["dry_run", "ds", "model_version", "sample"]
    assert read[TRAIN]["params"] == ["dry_run", "ds", "tuning_trials"]


def test_a_typed_question_reaches_its_task_whole_and_alone(read: dict[str, Any]) -> None:
    tasks = read[ANSWERS]["tasks"]
    assert read[ANSWERS]["params"] == ["dry_run", "ds", "product", "question"]
    assert tasks["what_is_asked"]["next"] == ["ask_question", "pin_answers"]
    assert tasks["ask_question"]["next"] == []
    typed = 'Does it "fit"; rm -rf / {{ 1 }}?'
    rendered = [
        Environment(autoescape=False).from_string(one).render(params={"question": typed, "product": ""})
        for one in tasks["ask_question"]["arguments"][-2:]
    ]
    assert rendered == [f"--question={typed}", ""]


def test_answers_go_from_the_pinned_model_to_their_export(read: dict[str, Any]) -> None:
    wanted = ["pin_answers", "build_passages", "embed_passages", "answer_questions", "publish_answers"]
    assert path(read[ANSWERS]["tasks"], "pin_answers") == wanted
    assert path(read[TRAIN_ANSWERS]["tasks"], "pin_answers") == [*wanted[:3], "fit_answers", "close_training"]


def test_a_rollback_of_answers_goes_from_the_earlier_model_to_the_published_answers(read: dict[str, Any]) -> None:
    tasks = read[ROLLBACK_ANSWERS]["tasks"]
    assert path(tasks, "resolve_run") == [
        *("resolve_run", "roll_back_answers", "pin_answers", "build_passages", "embed_passages"),
        *("answer_questions", "publish_answers"),
    ]
    assert (read[ROLLBACK_ANSWERS]["cron"], read[ROLLBACK_ANSWERS]["params"]) == (None, ["model_version", "reason"])
    assert tasks["roll_back_answers"]["retries"] == 0
    # Else the last note of the run would hide the reason.
    assert "roll_back_answers" in tasks["publish_answers"]["arguments"][-1]


def test_the_hours_come_from_the_settings(home: Path) -> None:
    (home / "settings.toml").write_text('[services]\nnightly_cron = "30 3 * * *"\ntrain_cron = "0 5 * * 6"\n')
    told = ask_airflow(home, DESCRIBE, str(DAGS))
    assert (told[NIGHTLY]["cron"], told[TRAIN]["cron"]) == ("30 3 * * *", "0 5 * * 6")


def test_a_home_without_a_schedule_starts_nothing_by_itself(home: Path) -> None:
    (home / "settings.toml").write_text("[services]\nscheduled = false\n")
    told = ask_airflow(home, DESCRIBE, str(DAGS))
    assert {dag: told[dag]["cron"] for dag in ALL} == dict.fromkeys(ALL)


def test_a_wrong_setting_is_named_where_airflow_shows_import_errors(home: Path) -> None:
    (home / "settings.toml").write_text("[services]\nnightly = 3\n")
    told = ask_airflow(home, DESCRIBE, str(DAGS))
    assert sorted(Path(file).stem for file in told["errors"]) == sorted(ALL)
    assert all("services.nightly is not a setting" in error for error in told["errors"].values())
