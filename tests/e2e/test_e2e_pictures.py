"""The pictures of the documentation, taken anew from a running home whose newest night went well (`make pictures`)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_browser import NEEDS_CHROMIUM, Screen, signed_in
from e2e_shop import Shop
from PIL import Image

from socialrec.contracts.runs import NIGHTLY
from socialrec.orchestration.run_date import newest_published

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES, COLOURS = 200_000, 128
SETTLE_MILLISECONDS = 4_000
"""Pages draw their charts and graphs after they have loaded."""
pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def screen(shop: Shop, request: pytest.FixtureRequest) -> Iterator[Screen]:
    if request.config.getoption("--home") is None:
        pytest.skip("pictures are taken of a home: name a running one with --home")
    with signed_in(shop.settings) as screen:
        yield screen


@pytest.fixture(scope="module")
def night(shop: Shop) -> dict[str, str]:
    """Addresses and files of the newest night."""
    folder = shop.settings.reports / newest_published(shop.settings.export)
    run_id = json.loads((folder / "summary.json").read_text())["run_id"]
    told: dict[str, str] = json.loads((shop.settings.runs / run_id / "report_run.json").read_text())
    return told


def take(screen: Screen, name: str) -> None:
    """Keep what the browser shows, in few colours: a page has no more."""
    screen.page.wait_for_timeout(SETTLE_MILLISECONDS)
    picture = Image.open(io.BytesIO(screen.page.screenshot())).convert("RGB").quantize(COLOURS)
    file = IMAGES / f"{name}.png"
    file.parent.mkdir(exist_ok=True)
    picture.save(file, optimize=True)
    assert file.stat().st_size < MOST_BYTES


def test_the_dags_page_in_airflow(screen: Screen) -> None:
    screen.airflow(f"/dags/{NIGHTLY}")
    screen.page.get_by_text("report_run").first.wait_for()
    take(screen, "airflow")


def test_the_nights_run_in_mlflow(screen: Screen, night: dict[str, str]) -> None:
    screen.page.goto(night["mlflow_url"])
    screen.page.get_by_text("Which model").first.wait_for()
    # MLflow opens the panel of its assistant, which our server leaves out.
    screen.page.locator('[data-component-id="mlflow.assistant.chat_panel.close"]').click()
    take(screen, "mlflow")


def test_the_report(screen: Screen, night: dict[str, str]) -> None:
    screen.page.goto(Path(night["report"]).as_uri())
    screen.page.get_by_text("What came in").wait_for()
    take(screen, "report")
