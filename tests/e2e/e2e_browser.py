"""A browser in which somebody has signed in: Chromium, as `CHROMIUM` names it or as it is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from socialrec.contracts.runs import NIGHTLY
from socialrec.local_stack.record import Record, read_record
from socialrec.local_stack.secrets import USER, password
from socialrec.settings import Settings
from socialrec.tracking.access import passwords

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE, NIGHT = 60_000, 1_500_000
"""Milliseconds for a page, and for a whole first night with its training."""
NEEDS_CHROMIUM = [
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

    def await_end(self, state: str, dag_id: str = NIGHTLY) -> None:
        """Watch the list of a DAG's runs until the newest has this state, and open that run."""
        self.airflow(f"/dags/{dag_id}/runs")
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


@contextmanager
def signed_in(settings: Settings) -> Iterator[Screen]:
    """A browser for the servers of this home, which are up."""
    record = read_record(settings)
    assert record is not None
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        # What a person types when the browser asks for MLflow's user name and password.
        mlflow = {"username": USER, "password": passwords(settings)[USER], "origin": record.mlflow["url"]}
        size = {"width": 1400, "height": 1000}
        screen = Screen(browser.new_page(viewport=size, http_credentials=mlflow), record)
        page = screen.watch(screen.page)
        screen.airflow("/")
        page.locator("input[name=username]").fill(USER)
        page.locator("input[name=password]").fill(password(settings))
        page.locator("button[type=submit]").click()
        page.get_by_role("link", name="Dags").first.wait_for()
        yield screen
        browser.close()
