"""Airflow's share of a night: the same job programs through the real scheduler and in a plain loop, on equal homes."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from socialrec.bench.children import run_child
from socialrec.bench.first_nights.night_jobs import ReadReceipt, night_steps
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.contracts.runs import NIGHTLY
from socialrec.errors import UserError
from socialrec.local_stack.cluster.home import compare
from socialrec.local_stack.environment import REPOSITORY
from socialrec.local_stack.nights import night
from socialrec.local_stack.processes import find
from socialrec.local_stack.record import Record
from socialrec.local_stack.servers import down, up
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.orchestration.commands import command
from socialrec.orchestration.run_date import folder_name
from socialrec.report.summary import costs_of, read_receipts
from socialrec.runtime.cost import spent
from socialrec.runtime.job import receipt
from socialrec.settings import Settings, load_settings
from socialrec.sources.demo.world import DemoWorld
from socialrec.sources.demo.writing import write_demo

NAME = "orchestration"
MAX_SHARE, MAX_GAP_SECONDS, NIGHT_SECONDS = 0.1, 1.5, 300.0
LAST = date(2026, 3, 31)
WORLD = DemoWorld()
LOOP = "loop"
HOME_SETTINGS = """
# Nothing scheduled may start during the measurement.
services.scheduled = false
text.train_steps = 2
text.train_tokens = 256
# The measurement needs a champion, not a good one.
evaluate.max_p_value = 0.5
evaluate.max_slice_loss = 1.0
evaluate.min_tested_users = 1
"""
_SERVERS = ("airflow", "mlflow", "logs", "runs", "scratch", "services.json", "services.lock")
_OUTSIDE = ("resolve_run", "train_first_champion")
"""Tasks of Airflow alone, without a job."""


@dataclass(frozen=True)
class Task:
    """Start and end of a night's task, in seconds after the request for the night, and its upstream tasks."""

    name: str
    began: float
    ended: float
    after: tuple[str, ...]


@dataclass(frozen=True)
class Through:
    """A night through Airflow: its tasks, seconds from request to end by the clock, and CPU seconds.

    cpu_seconds: of Airflow's servers and all their children. jobs_cpu_seconds: the part in the jobs' receipts.
    """

    tasks: Sequence[Task]
    seconds: float
    cpu_seconds: float
    jobs_cpu_seconds: float


def run(settings: Settings, scale: float = 1.0, progress: Progress = to_standard_error) -> BenchResult:
    """Run one night of the demo world through Airflow, and again in a loop on a copy of the home as it was before.

    Scale 1 is the demo world as it is. A night before that one trains the champion, and is not measured. Works in a
    folder of its own below the scratch folder and removes it. The loop runs jobs one after the other, Airflow two at a
    time where it can. Raises UserError where a night fails, or the two homes' tables differ.
    """
    work = settings.scratch / f"bench-{NAME}-{os.getpid()}"
    home = make_home(work / "airflow", scale)
    eve, last = (LAST - timedelta(days=1)).isoformat(), LAST.isoformat()
    try:
        with _servers(home, progress) as record:
            api = AirflowApi.of(record.airflow)
            _night(api, eve, progress)
            shutil.copytree(home.home, work / LOOP, ignore=lambda folder, names: _left_out(home.home, folder, names))
            before = _airflow_spent(record)
            run_id = _night(api, last, progress)
            through = Through(
                tasks=tasks_of(api, run_id),
                seconds=_seconds(api.run(NIGHTLY, run_id) or {}, "queued_at", "end_date"),
                cpu_seconds=_airflow_spent(record) - before,
                jobs_cpu_seconds=_jobs_spent(home, folder_name(run_id)),
            )
            alone = load_settings(work / LOOP)
            loop, peak = run_loop(alone, record.mlflow["url"], last, progress)
            rows = compare(home, alone)
        return result(scale, through, loop, _jobs_spent(alone, LOOP), peak=peak, n_rows=sum(rows.values()))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def make_home(folder: Path, scale: float) -> Settings:
    """Make a home in which a demo world of this size has landed."""
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text(HOME_SETTINGS, encoding="utf-8")
    settings = load_settings(folder)
    world = replace(WORLD, users=max(60, int(WORLD.users * scale)), products=max(60, int(WORLD.products * scale)))
    write_demo(settings.landing, LAST, folder / "truth", world)
    return settings


def tasks_of(api: AirflowApi, run_id: str) -> list[Task]:
    """Tasks of a night that ran, in order of their start."""
    upstream: dict[str, list[str]] = {}
    for task, following in api.downstream(NIGHTLY).items():
        for name in following:
            upstream.setdefault(name, []).append(task)
    asked = (api.run(NIGHTLY, run_id) or {})["queued_at"]
    found = [
        Task(
            task["task_id"],
            _seconds({"asked": asked, **task}, "asked", "start_date"),
            _seconds({"asked": asked, **task}, "asked", "end_date"),
            tuple(upstream.get(task["task_id"], ())),
        )
        for task in api.tasks(NIGHTLY, run_id)
        if task["state"] == "success"
    ]
    return sorted(found, key=lambda task: task.began)


def gaps(tasks: Sequence[Task]) -> dict[str, float]:
    """Seconds between the end of the last upstream task and the task's start, by task."""
    ended = {task.name: task.ended for task in tasks}
    waited = {task: [ended[name] for name in task.after if name in ended] for task in tasks}
    return {task.name: task.began - max(ends) for task, ends in waited.items() if ends}


def loop_commands(ds: str, read: ReadReceipt) -> Iterator[tuple[str, list[str]]]:
    """Commands of the night's jobs in order, by task name."""
    for step in night_steps(ds, LOOP, read):
        yield step.name, command(step.job, step.arguments)


def run_loop(settings: Settings, mlflow: str, ds: str, progress: Progress) -> tuple[dict[str, float], int]:
    """Run the jobs one after the other; returns seconds by job and the peak memory (MiB) of a job."""
    environment = {
        **os.environ,
        "SOCIALREC_HOME": str(settings.home),
        "SOCIALREC_SERVICES__MLFLOW_URI": mlflow,
        "SOCIALREC_SERVICES__MLFLOW_IS_OURS": "true",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")])),
    }
    seconds, peak = {}, 0
    for job, words in loop_commands(ds, partial(receipt, settings)):
        done = run_child(words, environment)
        seconds[job], peak = done.seconds, max(peak, done.peak_mib)
        progress(f"loop, {job}: {done.seconds:.1f} s")
    return seconds, peak


def result(
    scale: float, through: Through, loop: Mapping[str, float], loop_cpu: float, *, peak: int, n_rows: int
) -> BenchResult:
    """Result of the benchmark. `share` is Airflow's overhead on this night, `share_of_five_minutes` the same seconds of
    300.

    `cpu_share` is the processor time of Airflow alone over that of the jobs in the loop: on a busy machine it is
    reliable, and the clock is not. `ensure_champion` counts as Airflow's: its receipt is `pin_models`' by then.
    """
    tasks, plain = through.tasks, sum(loop.values())
    waited, overhead = gaps(tasks), through.seconds - plain
    is_met = overhead / NIGHT_SECONDS <= MAX_SHARE and max(waited.values()) <= MAX_GAP_SECONDS
    own_cpu = through.cpu_seconds - through.jobs_cpu_seconds
    seconds = {"airflow": through.seconds, LOOP: plain, "before_the_first_task": tasks[0].began}
    seconds |= {"airflow_own_cpu": own_cpu, "jobs_cpu": through.jobs_cpu_seconds, "loop_cpu": loop_cpu}
    seconds |= {f"task_{task.name}": task.ended - task.began for task in tasks}
    around = [task.ended - task.began - loop[task.name] for task in tasks if task.name not in _OUTSIDE]
    return BenchResult(
        name=NAME,
        metrics={
            "scale": scale,
            "tasks": len(tasks),
            "share": round(overhead / plain, 4),
            "overhead_seconds": round(overhead, 2),
            "share_of_five_minutes": round(overhead / NIGHT_SECONDS, 4),
            "cpu_share": round(own_cpu / loop_cpu, 4),
            "between_tasks_median": round(statistics.median(waited.values()), 2),
            "between_tasks_most": round(max(waited.values()), 2),
            # The part of a task outside its program: forking, imports of Airflow, reading the receipt.
            "around_a_program_median": round(statistics.median(around), 2),
            "tables_agree": True,
            "rows": n_rows,
            "targets_met": is_met,
        },
        seconds={name: round(value, 2) for name, value in seconds.items()},
        peak_mib=peak,
        peers={LOOP: PeerResult({}, {name: round(value, 2) for name, value in loop.items()}, peak)},
        ratios={"ratio": round(plain / through.seconds, 3)},
        versions=versions(["apache-airflow", "pyspark", "mlflow"]),
    )


@contextmanager
def _servers(settings: Settings, progress: Progress) -> Iterator[Record]:
    try:
        yield up(settings, progress)
    finally:
        down(settings, progress)


def _night(api: AirflowApi, ds: str, progress: Progress) -> str:
    run_id = night.start(api, ds, progress)
    if not night.follow(api, run_id, lambda lines: None):
        raise UserError(f"the night of {ds} failed: {night.failure(api, run_id).text}")
    progress(f"Airflow, the night of {ds}: {_seconds(api.run(NIGHTLY, run_id) or {}, 'queued_at', 'end_date'):.1f} s")
    return run_id


def _airflow_spent(record: Record) -> float:
    """CPU seconds of Airflow's servers and their children since their start."""
    servers = (find(known) for name, known in record.processes.items() if name != "mlflow")
    return sum(spent(process) for process in servers if process is not None)


def _jobs_spent(settings: Settings, run_id: str) -> float:
    """CPU seconds of a run's jobs, from their receipts."""
    total: float = costs_of(read_receipts(settings.runs / run_id), 0)["total"]["cpu_seconds"]
    return total


def _left_out(home: Path, folder: str, names: Sequence[str]) -> list[str]:
    """Names that belong to the servers or to earlier runs, for `shutil.copytree(ignore=...)`."""
    return [name for name in names if Path(folder) == home and name in _SERVERS]


def _seconds(record: Mapping[str, Any], first: str, last: str) -> float:
    begun, ended = (datetime.fromisoformat(record[name]) for name in (first, last))
    return (ended - begun).total_seconds()
