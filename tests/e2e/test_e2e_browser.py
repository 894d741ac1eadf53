"""What people see: Airflow, MLflow and the report of a real night, in a real browser. The tests go on from each other.

Run by `make test-e2e`; no browser is ever downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from e2e_browser import NEEDS_CHROMIUM, Screen, signed_in
from e2e_shop import FIRST, LAST, Shop, land

from socialrec.contracts.runs import ANSWERS, NIGHTLY, ROLLBACK

BEFORE = "2026-02-28"
"""The day before the first one that landed."""
ASKED, SAID = "Are parcels sent within two days?", "Parcels are sent within two days."
pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def screen(shop: Shop) -> Iterator[Screen]:
    """A browser in which somebody has signed in to Airflow of the running shop, before its first night; one question
    has landed with the shop's answer, and one that waits for an answer.
    """
    asked = {"question_id": "q1", "user_id": "person-1", "text": "When do you send a parcel?"}
    land(shop.settings.home, FIRST.isoformat(), "questions", [asked])
    answer = {"answer_id": "a1", "question_id": "q1", "text": SAID, "author_kind": "shop"}
    land(shop.settings.home, FIRST.isoformat(), "answers", [answer])
    land(shop.settings.home, LAST, "questions", [{**asked, "question_id": "q2", "text": ASKED}])
    done = shop.socialrec("up")
    assert done.returncode == 0, done.stderr
    with signed_in(shop.settings) as screen:
        yield screen


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
    screen.page.get_by_text("70 of 70 recommendations for 14 users changed.").wait_for()


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
    for said in ("Promoted", "Checks that decide", "How it compares", "gold.social_ties", "champion"):
        screen.page.get_by_text(said).first.wait_for()


def test_questions_that_landed_are_answered_by_a_run_whose_note_counts_them(screen: Screen) -> None:
    form = screen.form(ANSWERS)
    form.locator("[name=element_ds]").fill(LAST)
    screen.send(form)
    screen.page.wait_for_url("**/runs/manual**")
    screen.await_end("Success", ANSWERS)
    screen.page.get_by_text("1 of 1 open questions answered").wait_for()


def test_a_question_in_the_form_finds_its_answer_on_the_page_of_the_run(screen: Screen) -> None:
    form = screen.form(ANSWERS)
    form.locator("[name=element_question]").fill("Do you send parcels within two days?")
    screen.send(form)
    screen.page.wait_for_url("**/runs/manual**")
    screen.await_end("Success", ANSWERS)
    screen.page.get_by_text(re.compile(re.escape(SAID))).first.wait_for()


def test_the_rollbacks_page_without_runs_says_so(screen: Screen) -> None:
    screen.airflow(f"/dags/{ROLLBACK}/runs")
    screen.page.get_by_text("No Dag Runs found").wait_for()


def test_no_page_reported_an_error(screen: Screen) -> None:
    assert screen.errors == []
