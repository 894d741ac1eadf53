"""A first night whose training is refused: it ends with lists by the baseline, and its printed commands are ways on."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator

import pytest
from e2e_browser import NEEDS_CHROMIUM, Screen, signed_in
from e2e_shop import N_PLACES, Shop

from socialrec.contracts.runs import NIGHTLY, TRAIN

pytestmark = pytest.mark.slow


def browser(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that looks at pages."""
    for mark in NEEDS_CHROMIUM:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def refused_night(shop: Shop) -> subprocess.CompletedProcess[str]:
    """Nothing that eight people do is certain to one in ten million, so the gate refuses the candidate."""
    file = shop.settings.home / "settings.toml"
    file.write_text(file.read_text().replace("evaluate.max_p_value = 0.5", "evaluate.max_p_value = 1e-7"))
    done = shop.socialrec("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def screen(shop: Shop, refused_night: subprocess.CompletedProcess[str]) -> Iterator[Screen]:
    """A browser in which somebody has signed in, after that night."""
    with signed_in(shop.settings) as screen:
        yield screen
        assert screen.errors == []


def commands(shop: Shop, said: str) -> list[str]:
    """The commands for this home among the lines of an output."""
    return [line.strip() for line in said.splitlines() if line.startswith("    ") and str(shop.settings.home) in line]


def test_a_refused_first_night_ends_with_lists_by_the_baseline_and_says_why(
    shop: Shop, refused_night: subprocess.CompletedProcess[str]
) -> None:
    said = refused_night.stdout
    assert f"{N_PLACES} of {N_PLACES} recommendations changed" in said
    assert "a first training refused by the gate" in said
    assert "The gate refused version 1" in said
    assert "Lists by version 2, the baseline" in said
    assert [line.split()[1] for line in said.splitlines() if "socialrec_train.promote_model" in line] == [
        *("running", "refused")
    ]
    runs = {run["dag"]: run for run in shop.read_json("runs")}
    assert runs["socialrec_train"]["outcome"] == "refused at promote_model"
    night = runs["socialrec_nightly"]
    assert (night["outcome"], night["recommender_version"], night["model_kind"]) == ("succeeded", "2", "baseline")
    told = shop.read_json("status")
    assert (told["model"]["kind"], told["refused"]["version"]) == ("baseline", "1")


@browser
def test_in_a_browser_the_training_is_red_with_the_reason_and_a_way_to_its_figures(screen: Screen) -> None:
    screen.airflow(f"/dags/{TRAIN}/runs")
    screen.page.locator("tbody tr").first.get_by_text("Failed", exact=True).wait_for()
    screen.page.locator("tbody tr a[href*='/runs/']").first.click()
    screen.page.get_by_text(re.compile(r"Version 1 refused")).first.wait_for()
    screen.page.get_by_text(re.compile(r"ndcg_at_5")).first.wait_for()
    screen.task("promote_model")
    screen.page.get_by_role("link", name="Details").click()
    version = screen.follow("Model version")
    for said in ("Refused", "Checks that decide"):
        version.get_by_text(said).first.wait_for()
    run = screen.follow("MLflow run")
    run.get_by_text(re.compile("refused")).first.wait_for()


@browser
def test_in_a_browser_the_night_is_green_and_leads_to_the_training_and_to_a_report_that_names_the_refusal(
    screen: Screen,
) -> None:
    screen.airflow(f"/dags/{NIGHTLY}/runs")
    screen.page.locator("tbody tr").first.get_by_text("Success", exact=True).wait_for()
    screen.page.locator("tbody tr a[href*='/runs/']").first.click()
    night = screen.page.url
    screen.task("train_first_champion")
    screen.page.get_by_role("link", name="Details").click()
    # A page of Airflow's own opens in place.
    screen.page.get_by_role("link", name="Training run", exact=True).click()
    screen.page.get_by_text(re.compile(r"Version 1 refused")).first.wait_for()
    screen.page.goto(night)
    screen.task("report_run")
    screen.page.get_by_role("link", name="Details").click()
    report = screen.follow("Report").frame_locator("iframe")
    for said in ("baseline", "refused"):
        report.get_by_text(re.compile(said)).first.wait_for()


@pytest.mark.usefixtures("refused_night")
def test_the_same_day_again_trains_nothing_and_still_names_the_refusal(shop: Shop) -> None:
    done = shop.socialrec("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"0 of {N_PLACES} recommendations changed, 0 texts encoded, nothing trained" in done.stdout
    assert "The gate refused version 1" in done.stdout


def test_the_printed_command_takes_the_refused_version(
    shop: Shop, refused_night: subprocess.CompletedProcess[str]
) -> None:
    [command] = [
        line for line in commands(shop, refused_night.stdout) if "MODEL=1" in line or "--model-version" in line
    ]
    # The fixture's Makefile would install first, so its command is typed without that.
    words = shlex.split(command.replace("make run", "make --assume-old=.venv/installed run"))
    done = subprocess.run(["env", *words], capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Lists by version 1, chosen by a person; the gate had refused it: ndcg_at_5" in done.stdout
    assert shop.read_json("status")["model"]["by_person"]
