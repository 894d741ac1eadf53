"""Runs of a home: from the receipts of its jobs, and from Airflow where it is up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from socialrec.contracts.runs import (
    ANSWERS,
    ERASURE,
    MAINTENANCE,
    NIGHTLY,
    PRETRAIN,
    ROLLBACK,
    ROLLBACK_ANSWERS,
    TRAIN,
    TRAIN_ANSWERS,
)
from socialrec.local_stack.nights.night import FIRST_TRAINING, GATE, PINNING, REFUSED
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.orchestration.run_date import folder_name
from socialrec.report.summary import Receipts, read_receipts
from socialrec.settings import Settings

_EVIDENCE = ("pin_answers", "build_passages", "embed_passages")
JOBS = {
    NIGHTLY: (
        *("ingest_landing", "build_silver", "build_gold", "embed_images", "pin_models", "embed_texts"),
        *("predict_insights", "build_features", "score_recommendations", "publish_recommendations", "report_run"),
    ),
    TRAIN: (
        "finetune_encoder",
        "embed_texts",
        "fit_recommender",
        "evaluate_recommender",
        "promote_model",
    ),
    ROLLBACK: (
        *("roll_back_model", "pin_models", "embed_texts", "predict_insights"),
        *("build_features", "score_recommendations", "publish_recommendations"),
    ),
    ROLLBACK_ANSWERS: ("roll_back_answers", *_EVIDENCE, "answer_questions", "publish_answers"),
    ANSWERS: (*_EVIDENCE, "answer_questions", "publish_answers"),
    TRAIN_ANSWERS: (*_EVIDENCE, "fit_answers"),
    PRETRAIN: ("pretrain_encoder",),
    MAINTENANCE: ("maintain_lake", "clean_databases"),
    ERASURE: ("erase_users",),
}
"""Jobs of each DAG in the order in which they run."""
GATES = {TRAIN: GATE, TRAIN_ANSWERS: "fit_answers"}
"""Job that may refuse what was trained, by DAG."""
KNOWN_BY = {ROLLBACK: "roll_back_model", ROLLBACK_ANSWERS: "roll_back_answers"}
"""Job that only this DAG has, by DAG whose last job other DAGs run too."""
ONE_QUESTION = "ask_question"
"""Job of a run of answers whose form has a question: it has no other."""
UNKNOWN = "manual or unfinished run"
SUCCEEDED, FAILED, RUNNING, UNFINISHED = "succeeded", "failed", "running", "unfinished"
OUTCOMES = {
    "promoted": "promoted",
    "rolled_back": "rolled back",
    "dry_run": "dry run",
    "sample": "sample",
    "asked": "one question answered",
    "nothing_to_learn": "nothing to learn from yet",
}
"""Words for a status of the last job that says more than success."""
STATES = {"success": SUCCEEDED, "failed": FAILED, "running": RUNNING, "queued": RUNNING}
"""Our words for Airflow's states of a run."""
MADE_BY_AIRFLOW = re.compile(r"(for__)?(manual|scheduled|backfill|asset_triggered)__")
_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class PastRun:
    """One run: its DAG, its landing day, the time its last job ended (UTC; its start, if it runs), and its outcome.

    `state` is succeeded, refused (by the gate), failed, running or unfinished; `step` is the task that runs or ended
    it, empty where it succeeded. `outcome` says both in words. `seconds` adds up its jobs. `ds` is None where no job
    has ended. `changed_rows`, `recommender_version` and `model_kind` (trained or baseline) are None where the run
    published nothing. `airflow_run` is its id in Airflow, None where that was not asked or does not know it.
    """

    run_id: str
    dag: str
    ds: str | None
    ended: str
    state: str
    step: str
    outcome: str
    n_jobs: int = 0
    seconds: float = 0.0
    changed_rows: int | None = None
    recommender_version: str | None = None
    model_kind: str | None = None
    airflow_run: str | None = None


def past_runs(settings: Settings, api: AirflowApi | None = None, most: int = 20) -> list[PastRun]:
    """List the newest runs, newest first, at most `n`; none in a new home.

    Receipts show finished work. Airflow, where it is up, also shows failed and running tasks, even before the first
    receipt.
    """
    folders = (folder for folder in settings.runs.glob("*") if folder.is_dir())
    found = {folder.name: _by_receipts(folder, receipts) for folder in folders if (receipts := read_receipts(folder))}
    if api is not None:
        for dag in JOBS:
            for run in api.last_runs(dag, most):
                name = folder_name(run["dag_run_id"])
                found[name] = _by_airflow(name, dag, run, found.get(name))
    newest = sorted(found.values(), key=lambda run: (run.ended, run.run_id), reverse=True)[:most]
    return [_with_step(run, api) if api is not None else run for run in newest]


def _by_receipts(folder: Path, receipts: Receipts) -> PastRun:
    ended = {name: (folder / f"{name}.json").stat().st_mtime for name in receipts}
    last = max(receipts, key=lambda name: (ended[name], name))
    dag, state, step = _judge(folder.name, receipts)
    told = receipts.get(KNOWN_BY.get(dag, last), receipts[last])
    scored, pinned = (receipts.get(name, {}) for name in ("score_recommendations", "pin_models"))
    return PastRun(
        run_id=folder.name,
        dag=dag,
        ds=receipts[last]["ds"],
        ended=datetime.fromtimestamp(ended[last], UTC).strftime(_TIME),
        state=state,
        step=step,
        outcome=_words(state, step, told["status"]) if dag != UNKNOWN else f"last job: {last}",
        n_jobs=len(receipts),
        seconds=round(sum(receipt["seconds"] for receipt in receipts.values()), 1),
        changed_rows=receipts.get("publish_recommendations", {}).get("changed_rows"),
        recommender_version=scored.get("recommender_version"),
        model_kind=pinned.get("model_kind") if scored else None,
    )


def _judge(name: str, receipts: Receipts) -> tuple[str, str, str]:
    """Determine the DAG, the state and the step, by receipts alone."""
    if set(receipts) == {ONE_QUESTION}:
        return ANSWERS, SUCCEEDED, ""
    ends = {dag: {jobs[-1], KNOWN_BY.get(dag, jobs[-1])} for dag, jobs in JOBS.items()}
    ended = next((dag for dag, last in ends.items() if last <= set(receipts)), None)
    if ended in GATES and receipts[GATES[ended]]["status"] == REFUSED:
        return ended, REFUSED, GATES[ended]
    if ended is not None:
        return ended, SUCCEEDED, ""
    begun = next((dag for dag, jobs in JOBS.items() if _may_be_of(dag, jobs, set(receipts))), None)
    if begun is None or not MADE_BY_AIRFLOW.match(name):
        return UNKNOWN, UNFINISHED, ""
    done = {job for job, receipt in receipts.items() if receipt["status"] != "checked"}
    step = next(job for job in JOBS[begun] if job not in done)
    is_training = step == PINNING and receipts.get(PINNING, {}).get("trains_first", False)
    return begun, UNFINISHED, FIRST_TRAINING if is_training else step


def _may_be_of(dag: str, jobs: Sequence[str], ended: Set[str]) -> bool:
    return ended <= set(jobs) and KNOWN_BY.get(dag) in {None, *ended}


def _by_airflow(name: str, dag: str, run: Mapping[str, Any], known: PastRun | None) -> PastRun:
    """Make a run from Airflow's record, with the facts of its receipts."""
    state, airflow_run = STATES.get(run["state"], run["state"]), run["dag_run_id"]
    if known is not None and (state == known.state or (state in (SUCCEEDED, FAILED) and known.state == REFUSED)):
        return replace(known, airflow_run=airflow_run)
    moment = datetime.fromisoformat(run.get("end_date") or run.get("start_date") or run["run_after"])
    ended, ds = moment.astimezone(UTC).strftime(_TIME), (run.get("conf") or {}).get("ds")
    base = known or PastRun(name, dag, ds, ended, state, "", "")
    outcome = _words(state, "")
    return replace(base, dag=dag, ended=ended, state=state, step="", outcome=outcome, airflow_run=airflow_run)


def _with_step(run: PastRun, api: AirflowApi) -> PastRun:
    """Add the task that failed or runs to a run, where Airflow knows one."""
    if run.state not in (FAILED, RUNNING) or run.airflow_run is None:
        return run
    tasks = sorted(
        (task for task in api.tasks(run.dag, run.airflow_run) if task["state"] == run.state and task["start_date"]),
        key=lambda task: str(task["start_date"]),
    )
    names = [task["task_id"] for task in tasks]
    step = ", ".join(names[:1] if run.state == FAILED else names)
    return replace(run, step=step, outcome=_words(run.state, step))


def _words(state: str, step: str, status: str = "") -> str:
    match state:
        case "succeeded":
            return OUTCOMES.get(status, SUCCEEDED)
        case "running":
            return f"running: {step}" if step else "waits for its turn"
        case "unfinished":
            return f"unfinished: stopped before the end of {step}"
    return f"{state} at {step}" if step else state
