"""The report on a phone: it can be read without sideways scrolling, in columns wide enough for words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_browser import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM, playwright
from full_night import full_facts, full_summary

from socialrec.report.page import render

pytestmark = NEEDS_CHROMIUM
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
MOST_SCREENS, FEWEST_CHARACTERS = 6, 12
NARROW_COLUMNS = """(fewest) => {
  const ruler = document.createElement("span");
  const cells = [...document.querySelectorAll("td, th, .places .title, .places .why")];
  return cells.filter(cell => cell.offsetParent).filter(cell => {
    ruler.textContent = "0".repeat(fewest);
    cell.appendChild(ruler);
    const wanted = ruler.getBoundingClientRect().width;
    ruler.remove();
    return cell.getBoundingClientRect().width < wanted;
  }).map(cell => cell.outerHTML);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(browser: playwright.Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[playwright.Page]:
    """The report of a full night, as it opens."""
    file = tmp_path / "report.html"
    file.write_text(render(full_summary(), full_facts()), encoding="utf-8")
    page = browser.new_page(viewport=request.param)
    page.goto(file.as_uri())
    yield page
    page.close()


def set_details(page: playwright.Page, *, is_open: bool) -> None:
    page.evaluate("is => document.querySelectorAll('details').forEach(part => { part.open = is; })", is_open)


def test_the_page_is_short_before_its_details_are_opened(page: playwright.Page) -> None:
    set_details(page, is_open=False)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= MOST_SCREENS * PHONE["height"]


def test_no_column_is_too_narrow_and_nothing_reaches_over_the_side(page: playwright.Page) -> None:
    set_details(page, is_open=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if page.viewport_size == PHONE:
        assert page.evaluate(NARROW_COLUMNS, FEWEST_CHARACTERS) == []


def test_print_shows_what_is_closed(page: playwright.Page) -> None:
    set_details(page, is_open=False)
    page.emulate_media(media="print")
    heights = page.evaluate("[...document.querySelectorAll('details > :last-child')].map(part => part.offsetHeight)")
    assert len(heights) > 10
    assert min(heights) > 0


def test_the_page_is_dark_where_the_reader_likes_it_and_never_on_paper(page: playwright.Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == "rgb(18, 23, 28)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
