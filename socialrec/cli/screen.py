"""Output for a terminal: progress, lists, summaries. Plain lines where the output is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from socialrec.display.visible import label, visible
from socialrec.local_stack.home.doctor import SystemCheck
from socialrec.local_stack.nights.night import TaskLine
from socialrec.local_stack.nights.serving import Candidate, NextStep, Serving
from socialrec.recommend.explain.sentences import SHORT_KEY
from socialrec.recommend.lists.published import PublishedList

RUNNING = frozenset({"running", "queued", "scheduled", "deferred", "restarting"})
TITLE_CHARS = 120
PROFILE_CHARS = 400
STYLES = {
    **{"success": "green", "failed": "bold red", "refused": "bold yellow"},
    **{"skipped": "dim", "up_for_retry": "yellow", "running": "cyan"},
}


class Board:
    """Display of a night's tasks, a line each: live on a terminal, else a line as each one starts and ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[tuple[str, int], str] = {}
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, lines: Sequence[TaskLine]) -> None:
        """Draw the current state of the tasks."""
        if self._live:
            self._live.update(Group(*(_live_line(line) for line in lines)))
            return
        for line in lines:
            if line.state not in RUNNING or line.state == "running":
                self._print_once(line)

    def _print_once(self, line: TaskLine) -> None:
        known = (line.name, line.attempt)
        if self._said.get(known) != line.state:
            self._said[known] = line.state
            seconds = "" if line.state == "running" else f"{line.seconds:6.1f} s"
            self._console.print(f"  {line.name:<42} {line.state:<12} {seconds}".rstrip(), highlight=False)


def _live_line(line: TaskLine) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2)
    grid.add_column(width=42)
    grid.add_column(width=12)
    grid.add_column(justify="right", width=9)
    marks = {"success": "✓", "failed": "✗", "refused": "✗", "skipped": "-"}
    mark = Spinner("dots") if line.state in RUNNING else Text(marks.get(line.state, "·"))
    style = STYLES.get(line.state, "")
    grid.add_row(mark, line.name, Text(line.state, style=style), f"{line.seconds:.1f} s")
    return grid


def show_checks(console: Console, checks: Sequence[SystemCheck]) -> None:
    """The doctor's checks, a row each."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for check in checks:
        mark = Text("ok", style="green") if check.is_ok else Text("missing", style="bold red")
        table.add_row(mark, check.name, check.found + ("" if check.is_ok else f": {check.remedy}"))
    console.print(table)


def show_list(console: Console, found: PublishedList, places: int) -> None:
    """The first recommendations of one user's list, with the product's id, the score and the reasons."""
    console.print(Text(f"{found.user_key[:SHORT_KEY]}  {label(found.profile, PROFILE_CHARS)}", style="bold"))
    for place in found.places[:places]:
        title, product = label(place.title, TITLE_CHARS), visible(place.product_id)
        console.print(Text(f"{place.rank:>4}  {title}  [{product}]  ({place.score:.3f})"))
        console.print(Text(f"      {visible(place.why)}", style="dim"))


def show_rows(console: Console, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Records by entity and outcome; `-` where silver, which was built again from older days too, does not tell."""
    if not rows:
        return
    outcomes = ("in", "published", "duplicate", "quarantined")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in outcomes:
        table.add_column(name, justify="right")
    for entity, counts in rows.items():
        table.add_row(entity, *("-" if counts[name] is None else f"{counts[name]:,}" for name in outcomes))
    console.print(table)


def show_figures(console: Console, summary: Mapping[str, Any], *, is_refused: bool = False) -> None:
    """Print test figures of the trained model beside popularity's; nothing where none were measured.

    is_refused: the model is a candidate that the gate refused, so another model made the lists.
    """
    ours = {name.removeprefix("test/"): value for name, value in summary["evaluation"].items()}
    if not any(name.startswith("popularity_") for name in ours):
        return
    table = Table(box=None, pad_edge=False)
    for title in ("", "refused candidate" if is_refused else "recommender", "popularity"):
        table.add_column(title, justify="right" if title else "left")
    for name, value in ours.items():
        if (rival := f"popularity_{name}") in ours:
            table.add_row(name, f"{value:,.4g}", f"{ours[rival]:,.4g}")
    console.print(Text(f"held-out test, {summary['evaluation_label']}"))
    console.print(table)


def show_changes(console: Console, summary: Mapping[str, Any], *, is_refused: bool = False) -> None:
    """Print the number of recommendations that this night changed; a repeat of a night reports that nothing changed.

    is_refused: the gate refused the candidate that this night trained.
    """
    changed, published = summary["changed_rows"], summary["counts"]["publish_recommendations"]["published"]
    training = "nothing trained"
    if summary["trained"]:
        training = "a first training refused by the gate" if is_refused else "a first champion trained"
    encoded = f"{summary['encoded']:,} texts encoded"
    console.print(f"{changed:,} of {published:,} recommendations changed, {encoded}, {training}")
    if not (changed or summary["encoded"] or summary["trained"]):
        console.print("Nothing has changed since the last run of this day")


def show_warnings(console: Console, model: Serving) -> None:
    """The gate's warnings about the model that made the lists, each with its remedy."""
    if not model.warnings:
        return
    console.print(Text(f"The gate's warnings about version {model.version}", style="bold"))
    for line in model.warnings:
        console.print(Text(f"  {visible(line)}"))


def show_refusal(console: Console, candidate: Candidate) -> None:
    """Print the candidate that the gate refused, and the reasons."""
    what = f"version {candidate.version}, trained" if candidate.version else "to train a model"
    console.print(Text(f"The gate refused {what} on {candidate.ds}", style="bold yellow"))
    for reason in candidate.reasons:
        console.print(Text(f"  {visible(reason)}"))


def show_next_steps(console: Console, steps: Sequence[NextStep]) -> None:
    """Print the next steps for a person, each with its command."""
    console.print(Text("What you can do now", style="bold"))
    for step in steps:
        console.print(Text(f"  {step.what}" + (":" if step.command else "")))
        if step.command:
            console.print(Text(f"    {step.command}", style="cyan"))


def show_overview(console: Console, facts: Mapping[str, Any]) -> None:
    """Print the state of a home, a fact per line; refusals and next steps come last."""
    told = {name: value for name, value in facts.items() if not isinstance(value, dict | list)}
    for name, value in told.items():
        _show_fact(console, name.replace("_", " "), "none" if value is None else value)
    for line in facts.get("missing", ()):
        _show_fact(console, "missing", line)
    if last := facts.get("last_night"):
        _show_fact(console, "last night", f"{last['ds'] or 'no day'}: {last['outcome']}")
        if last["error"]:
            _show_fact(console, "", last["error"])
    if model := facts.get("model"):
        _show_fact(console, "lists by", model["sentence"])
        for line in model["warnings"]:
            _show_fact(console, "warning", line)
        if model["page"]:
            _show_fact(console, "recommender page", model["page"])
    if "refused" in facts:
        console.print()
        show_refusal(console, Candidate(**facts["refused"]))
        show_next_steps(console, [NextStep(**step) for step in facts["next_steps"]])


def _show_fact(console: Console, name: str, value: object) -> None:
    console.print(Text(f"{name:<20} {visible(str(value))}"))
