"""What people see: Airflow, MLflow and the report of a real night, in a real browser. The tests go on from each other.

Run by `make test-e2e`. The browser is Chromium, as `CHROMIUM` names it or as it is installed; none is ever downloaded.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from e2e_shop import LAST, Shop

from socialrec.contracts.runs import NIGHTLY, ROLLBACK
from socialrec.service.record import Record, read_record
from socialrec.service.secrets import USER, password

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE, NIGHT = 60_000, 1_500_000
"""Milliseconds for a page, and for a whole first night with its training."""
BEFORE = "2026-02-28"
"""The day before the first one that landed."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no Chromium at {CHROMIUM}: install it, or set CHROMIUM"),
]


@dataclass
class Screen:
    """One page of a signed-in browser, and what went wrong on it so far."""

    page: playwright.Page
    record: Record
    errors: list[str] = field(default_factory=list)

    def watch(self, page: playwright.Page) -> playwright.Page:
        """Note a page's uncaught errors, what it logs as an error, and answers of a server in trouble.

        That a server refuses (401 before one has signed in, 400 for a wrong form, 404) is an answer like any other.
        """
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._said(page.url, said.type, said.text))
        page.on("response", lambda told: told.status >= 500 and self.errors.append(f"{told.url}: {told.status}"))
        return page

    def _said(self, url: str, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.errors.append(f"{url}: {text}")

    def airflow(self, path: str) -> None:
        self.page.goto(f"{self.record.airflow['url']}{path}")

    def form(self, dag_id: str) -> playwright.Locator:
        """The trigger form of a DAG, opened and filled with its defaults."""
        self.airflow(f"/dags/{dag_id}")
        self.page.get_by_role("button", name="Trigger").first.click()
        form = self.page.locator("[role=dialog][data-state=open]").filter(has_text="Trigger Dag")
        form.get_by_text("Landing day to work on").wait_for()
        self.page.wait_for_timeout(1_000)  # the form fills itself in
        return form

    def send(self, form: playwright.Locator) -> None:
        form.get_by_role("button", name="Trigger").last.click()

    def await_end(self, state: str) -> None:
        """Watch the list of nights until the newest has this state, and open that run."""
        self.airflow(f"/dags/{NIGHTLY}/runs")
        newest = self.page.locator("tbody tr").first
        newest.get_by_text(state, exact=True).wait_for(timeout=NIGHT)
        newest.locator("a[href*='/runs/manual']").first.click()

    def task(self, task_id: str) -> None:
        """From the page of a run to one of its tasks."""
        self.page.locator(f"table a[href*='/tasks/{task_id}']").first.click()

    def follow(self, link: str) -> playwright.Page:
        """Where a button among a task's details leads, in a page of its own."""
        with self.page.expect_popup() as opened:
            self.page.get_by_role("link", name=link, exact=True).click()
        return self.watch(opened.value)


@pytest.fixture(scope="module")
def screen(shop: Shop) -> Iterator[Screen]:
    """A browser in which somebody has signed in to Airflow of the running shop, before its first night."""
    done = shop.socialrec("up")
    assert done.returncode == 0, done.stderr
    record = read_record(shop.settings)
    assert record is not None
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        screen = Screen(browser.new_page(viewport={"width": 1400, "height": 1000}), record)
        page = screen.watch(screen.page)
        screen.airflow("/")
        page.locator("input[name=username]").fill(USER)
        page.locator("input[name=password]").fill(password(shop.settings))
        page.locator("button[type=submit]").click()
        page.get_by_role("link", name="Dags").first.wait_for()
        yield screen
        browser.close()


def test_before_the_first_night_the_pages_say_that_there_is_nothing_yet(screen: Screen) -> None:
    screen.airflow(f"/dags/{NIGHTLY}/runs")
    screen.page.get_by_text("No Dag Runs found").wait_for()
    screen.page.goto(f"{screen.record.mlflow['url']}/#/models?workflowType=machine_learning")
    screen.page.get_by_text("Model training").wait_for()
    assert screen.page.get_by_text("socialrec-recommender").count() == 0


def test_the_dags_page_says_what_breaks_and_how_to_run_it_again(screen: Screen) -> None:
    screen.airflow(f"/dags/{NIGHTLY}")
    screen.page.get_by_label("Dag Docs").first.click()
    page = screen.page.get_by_role("dialog").filter(has_text="Dag Documentation")
    for part in ("Purpose", "Inputs", "Outputs", "Params", "What breaks if it fails", "Run it again"):
        page.get_by_text(part, exact=False).first.wait_for()


@pytest.mark.parametrize(
    ("param", "value", "said"),
    [
        ("ds", "2999-01-01", "2999-01-01 is in the future: choose a landing day up to"),
        ("model_version", "99", "socialrec-recommender has no version 99"),
        ("sample", "0", "0 is less than or equal to the minimum of 0"),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_the_reason_and_nothing_starts(
    screen: Screen, param: str, value: str, said: str
) -> None:
    form = screen.form(NIGHTLY)
    form.locator(f"[name=element_{param}]").fill(value)
    screen.send(form)
    form.get_by_text(re.compile(re.escape(said))).wait_for()
    screen.airflow(f"/dags/{NIGHTLY}/runs")
    screen.page.get_by_text("No Dag Runs found").wait_for()


def test_a_night_that_fails_is_red_and_its_task_says_what_to_do(screen: Screen) -> None:
    form = screen.form(NIGHTLY)
    form.locator("[name=element_ds]").fill(BEFORE)
    screen.send(form)
    screen.page.wait_for_url("**/runs/manual**")
    screen.await_end("Failed")
    screen.task("ingest_landing")
    screen.page.get_by_text(re.compile("error: no landing day")).first.wait_for()


def test_a_night_that_is_triggered_by_its_form_goes_green_and_has_a_note(screen: Screen) -> None:
    form = screen.form(NIGHTLY)
    form.locator("[name=element_ds]").fill(LAST)
    screen.send(form)
    screen.page.wait_for_url("**/runs/manual**")
    screen.await_end("Success")
    screen.page.get_by_text("70 of 70 published places of 14 users changed.").wait_for()


def test_the_tasks_links_lead_to_the_mlflow_run_and_to_the_report(screen: Screen) -> None:
    screen.task("report_run")
    screen.page.get_by_role("link", name="Details").click()
    run = screen.follow("MLflow run")
    run.get_by_text("Which model").first.wait_for()
    run.get_by_role("link", name="socialrec-recommender version 1").wait_for()
    report = screen.follow("Report")
    report.frame_locator("iframe").get_by_text(f"Night of {LAST}").wait_for()


def test_the_version_that_made_the_lists_says_how_it_compares_and_why_it_was_promoted(screen: Screen) -> None:
    address = f"{screen.record.mlflow['url']}/#/models/socialrec-recommender/versions/1?workflowType=machine_learning"
    screen.page.goto(address)
    for said in ("Promoted", "Why", "How it compares", "gold.social_ties", "champion"):
        screen.page.get_by_text(said).first.wait_for()


def test_the_rollbacks_page_without_runs_says_so(screen: Screen) -> None:
    screen.airflow(f"/dags/{ROLLBACK}/runs")
    screen.page.get_by_text("No Dag Runs found").wait_for()


def test_no_page_reported_an_error(screen: Screen) -> None:
    assert screen.errors == []
