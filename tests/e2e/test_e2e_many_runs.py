"""Airflow's pages of a DAG with a hundred past runs open in a real browser; `pytest -s` shows in how many seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from e2e_browser import NEEDS_CHROMIUM, Screen, signed_in
from e2e_shop import Shop

from socialrec.contracts.runs import NIGHTLY
from socialrec.local_stack.record import read_record
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.sources import newest_day

pytestmark = NEEDS_CHROMIUM
N_RUNS = 100
PAGES = {
    f"/dags/{NIGHTLY}": "a[href*='/tasks/report_run']",
    f"/dags/{NIGHTLY}/runs": "tbody a[href*='/runs/manual']",
    f"/dags/{NIGHTLY}/tasks": "a[href*='/tasks/report_run']",
    "/dags": f"a[href*='/dags/{NIGHTLY}']",
}
"""By page, what of its content is waited for."""


@pytest.fixture(scope="module")
def screen(shop: Shop) -> Iterator[Screen]:
    """A browser beside Airflow that has a hundred nights on record: begun, and marked as done without being run."""
    done = shop.socialrec("up")
    assert done.returncode == 0, done.stderr
    record = read_record(shop.settings)
    assert record is not None
    api, ds = AirflowApi.of(record.airflow), newest_day(shop.settings.landing)
    api._call("PATCH", f"/dags/{NIGHTLY}?update_mask=is_paused", {"is_paused": True})
    past = api._call("GET", f"/dags/{NIGHTLY}/dagRuns?limit=1")["total_entries"]
    for _ in range(N_RUNS - past):
        run_id = quote(api.trigger(NIGHTLY, {"ds": ds}))
        api._call("PATCH", f"/dags/{NIGHTLY}/dagRuns/{run_id}?update_mask=state", {"state": "success"})
    with signed_in(shop.settings) as screen:
        yield screen


@pytest.mark.parametrize("path", PAGES)
def test_a_page_about_a_hundred_runs_shows_its_content(screen: Screen, path: str) -> None:
    taken = []
    for _ in range(3):
        screen.page.goto("about:blank")
        begun = time.perf_counter()
        screen.airflow(path)
        screen.page.locator(PAGES[path]).first.wait_for()
        taken.append(time.perf_counter() - begun)
    print(path, [round(seconds, 2) for seconds in taken])
    assert not screen.errors
