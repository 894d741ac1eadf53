"""The pages of a night and of its answers: one HTML file each, without any other file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from socialrec import __version__
from socialrec.display.spreadsheets import csv_text
from socialrec.display.visible import label, lines
from socialrec.evaluate.measure import EXPOSURE
from socialrec.recommend.explain.sentences import SHORT_KEY
from socialrec.report import charts
from socialrec.report.answers import AnswersFacts
from socialrec.report.cards import SAMPLE_COLUMNS, samples
from socialrec.report.facts import NightFacts, served_groups
from socialrec.report.summary import model_of

TEMPLATE, ANSWERS_TEMPLATE = "night.html.j2", "answers.html.j2"
PAGE, LISTS, ANSWERS_PAGE = "report.html", "lists.csv", "answers.html"
OUTCOMES = {
    "in": "came in",
    "published": "published",
    "duplicate": "duplicate",
    "quarantined": "in quarantine",
    "total": "total in table",
}
"""Counts of a night's records, and what they are called on the page."""
COMPARED = ("ndcg", "recall", "precision", "mrr", "hit_rate", "coverage")
"""Metrics between 0 and 1, which one chart can show."""
OPEN_USERS, FIRST_PLACES, SHOWN_PLACES = 3, 3, 10
"""Users whose lists are open, places that a closed list shows, and places of an open one."""
SHOWN_SUSPECTS = 50


def render(summary: Mapping[str, Any], facts: NightFacts) -> str:
    """Return the page of a night, from its summary (`recommend.summary.summarise`) and its facts.

    Everything shown is escaped, and hidden characters are made visible. A summary may be one that an earlier version
    wrote, with fewer values.
    """
    environment = page_environment()
    quality = charts.pairs(*_compared(summary["evaluation"]))
    model = {**model_of({}), **summary.get("model", {})}
    page = environment.get_template(TEMPLATE).render(
        summary=summary,
        facts=facts,
        quality=quality,
        first_metric=quality[0] if quality else None,
        measured="refused candidate" if model["kind"] == "baseline" else "recommender",
        exposed=charts.curve(facts.exposure.counts),
        growth={entity: charts.curve(list(by_day.values())) for entity, by_day in facts.growth.items() if by_day},
        said={name: charts.bars(counts) for name, counts in facts.said.items()},
        expected=charts.bars(facts.expected),
        jobs=charts.bars(summary["seconds"]),
        outcomes=OUTCOMES,
        short=SHORT_KEY,
        open_users=OPEN_USERS,
        first=FIRST_PLACES,
        shown=SHOWN_PLACES,
        suspects=SHOWN_SUSPECTS,
        served=served_groups(facts.decision),
        exposure=_exposure(summary["evaluation"]),
        model=model,
        refused=summary.get("refused"),
        pages=summary.get("pages", {}),
        version=__version__,
    )
    return lines(page)


def page_environment() -> Environment:
    """Make the environment of the pages' templates: everything shown is escaped."""
    environment = Environment(
        loader=PackageLoader("socialrec.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"label": label, "share": charts.share}
    return environment


def render_answers(facts: AnswersFacts) -> str:
    """Return the page of a day's answers. Everything shown is escaped, and hidden characters are made visible."""
    template = page_environment().get_template(ANSWERS_TEMPLATE)
    return lines(template.render(facts=facts, reasons=charts.bars(facts.reasons), version=__version__))


def write_answers(folder: Path, facts: AnswersFacts) -> Path:
    """Write the page of a day's answers into its folder; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / ANSWERS_PAGE, render_answers(facts))
    return folder / ANSWERS_PAGE


def write_report(folder: Path, summary: Mapping[str, Any], facts: NightFacts) -> None:
    """Write a night's files into its folder: `summary.json`, the page, and its sample lists as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "summary.json", json.dumps(summary, indent=1))
    _write(folder / PAGE, render(summary, facts))
    _write(folder / LISTS, csv_text(SAMPLE_COLUMNS, samples(facts)))


def _write(file: Path, content: str) -> None:
    """Write a file whole or not at all."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(content, encoding="utf-8")
    partial.replace(file)


def _exposure(evaluation: Mapping[str, float]) -> dict[str, float]:
    """Exposure of each watched group of products over the exposure expected from its share of likes."""
    prefix = f"test/{EXPOSURE}"
    return {
        name.removeprefix(prefix).rpartition("_at_")[0].replace("_", " "): value
        for name, value in sorted(evaluation.items())
        if name.startswith(prefix)
    }


def _compared(evaluation: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Test figures of the recommender and of popularity, of the metrics that both have, in the order of COMPARED."""
    named = {name.removeprefix("test/"): value for name, value in evaluation.items()}
    ours = {
        name: value
        for metric in COMPARED
        for name, value in sorted(named.items())
        if name.split("_at_")[0] == metric and f"popularity_{name}" in named
    }
    return ours, {name: named[f"popularity_{name}"] for name in ours}
