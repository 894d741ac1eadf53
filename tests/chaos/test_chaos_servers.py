"""Airflow loses processes in the middle of nights: each night ends well, without anybody's help."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from e2e_shop import LAST, N_PEOPLE, Shop, click, clicked, job_of, land, tiny_shop

from socialrec.contracts import TABLES
from socialrec.lake import Lake
from socialrec.local_stack.processes import find, tree
from socialrec.local_stack.record import Record, read_record

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
AWAY_SECONDS = 60
NEXT, AFTER_NEXT = "2026-03-08", "2026-03-09"
Blow = Callable[[], None]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The tiny shop under an Airflow that notices within two minutes, and not five, that nobody works on a task."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT", "120")
        patch.setenv("AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL", "30")
        with tiny_shop(tmp_path_factory.mktemp("night") / "home") as found:
            yield found


def record_of(shop: Shop) -> Record:
    record = read_record(shop.settings)
    assert record is not None
    return record


def server(shop: Shop, name: str) -> psutil.Process:
    found = find(record_of(shop).processes[name])
    assert found is not None
    return found


def kill_the_tasks_supervisor(shop: Shop, job: str) -> None:
    """Kill the process of the executor that looks after the task; the job's own is left running."""
    running = job_of(shop, job)
    scheduler = server(shop, "scheduler").pid
    [supervisor] = [process for process in running.parents() if process.ppid() == scheduler]
    supervisor.kill()
    assert running.is_running()


def kill_the_scheduler(shop: Shop, job: str) -> None:
    job_of(shop, job)
    server(shop, "scheduler").kill()


def stop_the_api_server(shop: Shop, job: str) -> None:
    """Nobody answers for a minute."""
    job_of(shop, job)
    stopped = tree([server(shop, "api-server")])
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    time.sleep(AWAY_SECONDS)
    for process in stopped:
        process.send_signal(signal.SIGCONT)


def a_night_goes_well(shop: Shop, day: str, damage: Callable[[Shop, str], None], jobs: list[str], blow: Blow) -> None:
    """Damage is done at each of these jobs; the night ends green, with one commit of each table for its day."""
    with ThreadPoolExecutor() as pool:
        night = pool.submit(shop.socialrec, "run")
        for job in jobs:
            done = pool.submit(damage, shop, job)
            while not done.done():
                assert not night.done(), night.result().stdout + night.result().stderr
                time.sleep(0.1)
            done.result()
            blow()
        said = night.result()
    assert said.returncode == 0, said.stdout + said.stderr
    assert shop.published()[0] == day
    lake = Lake(shop.settings.lake)
    commits = {name: [c.job for c in lake.history(table) if day in c.partitions] for name, table in TABLES.items()}
    twice = {name: jobs for name, jobs in commits.items() if len(jobs) > 1}
    assert twice == {}
    daily = {"bronze.interactions", "silver.interactions", "gold.texts", "gold.user_opinions", "gold.recommendations"}
    assert daily <= {name for name, jobs in commits.items() if jobs}


def land_clicks(shop: Shop, day: str) -> None:
    clicks = [click(f"{day}-{person}", day, person, clicked(person)[0]) for person in range(N_PEOPLE)]
    land(shop.settings.home, day, "interactions", clicks)


@pytest.mark.chaos(
    2, "kill -9 of what supervises a task, not its job", "recovers without help, one commit per table and day"
)
def test_a_night_whose_tasks_lose_their_supervisors_ends_well(shop: Shop, blow: Blow) -> None:
    jobs = ["ingest_landing", "build_gold", "score_recommendations"]
    a_night_goes_well(shop, LAST, kill_the_tasks_supervisor, jobs, blow)


@pytest.mark.chaos(2, "kill -9 of the scheduler", "recovers without help, one commit per table and day")
def test_a_night_that_loses_its_scheduler_three_times_ends_well(shop: Shop, blow: Blow) -> None:
    land_clicks(shop, NEXT)
    a_night_goes_well(shop, NEXT, kill_the_scheduler, ["ingest_landing", "build_silver", "score_recommendations"], blow)


@pytest.mark.chaos(2, "API server away for 60 s", "recovers without help, one commit per table and day")
def test_a_night_whose_api_server_is_away_twice_ends_well(shop: Shop, blow: Blow) -> None:
    land_clicks(shop, AFTER_NEXT)
    a_night_goes_well(shop, AFTER_NEXT, stop_the_api_server, ["build_silver", "predict_insights"], blow)
