"""The look of the report: contrast, order of headings, widths, both colour schemes, print, plots with names."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from full_night import TITLE, full_facts, full_summary

from socialrec.report.page import render

PHONE_PIXELS, REM = 390, 16
TEXTS = [(text, ground) for text in ("ink", "soft", "ours", "good", "bad") for ground in ("ground", "card")]
NOTES = [("ink", "note"), ("ours", "note")]
SHAPES = [("ours", "card"), ("rival", "card"), ("rival", "ground")]
LEAST_OF_TEXT, LEAST_OF_SHAPES = 4.5, 3.0
"""Contrast that WCAG 2.2 asks for, criteria 1.4.3 and 1.4.11."""


class Outline(HTMLParser):
    """The tags of a page in order, and levels of its headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.levels = [int(tag[1]) for tag, _ in self.tags if re.fullmatch("h[1-6]", tag)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page() -> str:
    return render(full_summary(), full_facts())


@pytest.fixture(scope="module")
def css(page: str) -> str:
    style = page.partition("<style>")[2].partition("</style>")[0]
    return re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", css))


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21, as WCAG 2.2 defines it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_text_can_be_read_on_every_ground_in_both_schemes(css: str) -> None:
    light, dark = css.partition("@media screen and (prefers-color-scheme: dark)")[::2]
    dark = dark.partition("\n}")[0]
    assert colours(light).keys() == colours(dark).keys()
    wanted = dict.fromkeys(SHAPES, LEAST_OF_SHAPES) | dict.fromkeys([*TEXTS, *NOTES], LEAST_OF_TEXT)
    for palette in (colours(light), colours(dark)):
        found = {(one, other): contrast(palette[one], palette[other]) for one, other in wanted}
        assert {pair: round(value, 2) for pair, value in found.items() if value < wanted[pair]} == {}


def test_colours_are_named_once_and_used_by_their_names(css: str) -> None:
    rules = re.sub(r"--[a-z]+: #[0-9a-f]{6};", "", css)
    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgb", rules)
    assert set(re.findall(r"var\(--([a-z0-9]+)\)", rules)) <= set(re.findall(r"--([a-z0-9]+):", css)) | {"share"}


def test_one_first_heading_and_no_level_is_left_out(page: str) -> None:
    levels = Outline(page).levels
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_is_wider_than_a_phone(page: str, css: str) -> None:
    widths = re.findall(r"(?<![-\w])(?:min-)?width: *([\d.]+)(px|rem)", css)
    widths += [
        found for part in re.findall(r"minmax\(([^;]*)", css) for found in re.findall(r"^([\d.]+)(px|rem)", part)
    ]
    assert widths
    assert all(float(size) * (REM if unit == "rem" else 1) < PHONE_PIXELS for size, unit in widths)
    styles = {attributes["style"] for _, attributes in Outline(page).tags if attributes.get("style")}
    assert all(re.fullmatch(r"--share: [\d.]+%", str(style)) for style in styles)
    assert not [tag for tag, attributes in Outline(page).tags if "width" in attributes and tag != "svg"]


def test_the_page_follows_the_colour_scheme_of_the_reader(page: str, css: str) -> None:
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "@media screen and (prefers-color-scheme: dark)" in css


def test_print_opens_details_breaks_no_card_and_is_always_light(css: str) -> None:
    rules = css.partition("@media print")[2]
    assert "size: A4 portrait" in rules
    assert re.search(r"details::details-content \{[^}]*content-visibility: visible", rules)
    assert re.search(r"\.card,[^{]*\{ break-inside: avoid; \}", rules)
    assert "prefers-color-scheme" not in rules
    assert css.count("@media (max-width: 40rem)") == 0, "an A4 page is as narrow as a phone's: screens alone"


def test_every_plot_says_what_it_shows_and_names_both_axes(page: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", page, flags=re.DOTALL)
    titles = [re.findall(r"<figcaption>([^<]+)", figure)[0] for figure in figures]
    assert titles == [
        *("How good the lists are", "How many lists show each product"),
        *("Interactions published, by landing day", "Comments published, by landing day"),
        *("Comments by sentiment", "Comments by topic", "Expected next actions", "Seconds by job"),
    ]
    for figure, title in zip(figures, titles, strict=True):
        if "<svg" in figure:
            assert f'role="img" aria-label="{title}"' in figure
            assert re.search(r'<span class="axis">\w+</span>', figure)
            assert re.search(r'<div class="along">.*(landing day|most shown first)', figure)
        assert "<text" not in figure, "texts are the page's own, in its font"


def test_the_head_has_the_day_the_verdict_and_what_to_look_at(page: str) -> None:
    head = page.partition("<header>")[2].partition("</header>")[0]
    assert "<h1>Night of 2026-03-31</h1>" in head
    assert "! Published, with 4 things to look at" in head
    assert head.count("<li>") == 4
    targets = set(re.findall(r'href="#([a-z]+)"', page))
    assert targets == {"model", "accounts"}
    assert targets <= set(re.findall(r'id="([a-z]+)"', page))


def test_a_quiet_night_is_published_and_nothing_is_to_be_looked_at() -> None:
    quiet = full_summary()
    quiet |= {"warnings": [], "refused": None, "model": {}, "trained": True}
    head = render(quiet, replace(full_facts(), suspects=())).partition("</header>")[0]
    assert '<strong class="good">✓ Published</strong>' in head
    assert "Recommender 2, trained tonight, made the lists." in head
    assert "NDCG at 10; popularity 0.125" in " ".join(head.split())
    assert 'class="note"' not in head


def test_a_list_is_a_card_with_titles_reasons_and_scores(page: str) -> None:
    cards = re.findall(r'<article class="card user">.*?</article>', page, flags=re.DOTALL)
    assert len(cards) == 10
    assert cards[0].count(TITLE) == 20  # ten titles, and ten reasons that name one
    assert "liked by 3 people you follow (00454676, d2b5770e and cda47705)" in cards[0]
    assert re.findall(r'"score">([\d.]+)<i style="--share: ([\d.]+)%', cards[0])[:2] == [
        ("6.00", "100.0"),
        ("3.00", "50.0"),
    ]
    assert "Places 4 to 10" in cards[0]


def test_chinese_titles_have_fonts_of_their_own(css: str) -> None:
    body = css.partition("body {")[2].partition("}")[0]
    assert {"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"} <= set(re.findall('"([^"]+)"', body))
