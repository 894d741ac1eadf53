"""Counts the damage that was done and held: a line a test, and one JSON object for the whole table at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from socialrec import __version__
from socialrec.bench.result import this_machine, versions

ROWS = {
    1: "kill -9 of driver and JVM",
    2: "supervisor, scheduler and API server killed",
    3: "eight writers of one day",
    4: "backfill in other orders",
    5: "late, repeated and conflicting records",
    6: "poison inputs",
    7: "schema drifts",
    8: "disk full",
    9: "a hub with three tenths of all edges",
    10: "MLflow away, failing, hanging, slow",
    11: "eight processes that log at once",
    12: "bad candidate models",
    13: "out of memory, SIGTERM, a rank killed",
    14: "paths, pickles, addresses, headers",
    15: "canary secrets",
    16: "erasure",
    17: "clocks, time zones, leap days",
}
PACKAGES = ("pyspark", "deltalake", "pyarrow", "mlflow", "torch", "apache-airflow")
TIMES = pytest.StashKey[int]()
FIGURES = pytest.StashKey[dict[str, float]]()
OUTCOME = "outcome"
Blow = Callable[..., None]


@dataclass(frozen=True)
class Outcome:
    """One test: how often its damage was done, whether what it promises held, the seconds it took, what it measured."""

    row: int
    done: str
    held: str
    times: int
    is_held: bool
    seconds: float
    figures: dict[str, float]

    def __str__(self) -> str:
        verdict = "held" if self.is_held else "DID NOT HOLD"
        told = ", ".join([f"{self.seconds:.1f} s", *(f"{name} {value:g}" for name, value in self.figures.items())])
        return f"{self.row:>2}  {self.times:>3} times {self.done}: {self.held} — {verdict} ({told})"


OUTCOMES: list[Outcome] = []
STARTED = time.monotonic()


@pytest.fixture
def blow(request: pytest.FixtureRequest) -> Blow:
    """Call it after each damage that was done and held."""

    def count(times: int = 1) -> None:
        request.node.stash[TIMES] = request.node.stash.get(TIMES, 0) + times

    return count


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str, float], None]:
    """Call it with a name and a figure that the table shall show: a machine's, so that no test may hang on it."""
    figures = request.node.stash.setdefault(FIGURES, {})

    def note(name: str, value: float) -> None:
        figures[name] = round(value, 2)

    return note


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    marker = item.get_closest_marker("chaos")
    if marker is None:
        raise pytest.UsageError(f"{item.nodeid} has no mark chaos(row, done, held)")
    if report.when == "call" and not report.skipped:
        row, done, held = marker.args
        times = item.stash.get(TIMES, 0)
        if report.passed and not times:
            report.outcome, report.longrepr = "failed", f"{item.nodeid} counted no damage: call blow() after each"
        figures = item.stash.get(FIGURES, {})
        outcome = Outcome(row, done, held, times, report.passed, report.duration, figures)
        report.user_properties.append((OUTCOME, asdict(outcome)))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what a test's process, which may be another one, says of it."""
    if report.when == "call":
        OUTCOMES.extend(Outcome(**told) for name, told in report.user_properties if name == OUTCOME)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not OUTCOMES:
        return
    terminalreporter.section("damage done, and what held")
    for outcome in sorted(OUTCOMES, key=lambda outcome: outcome.row):
        terminalreporter.write_line(str(outcome))
    terminalreporter.write_line(json.dumps(summary()))


def summary() -> dict[str, Any]:
    """The table by row: times, whether all of it held, seconds; rows of which nothing ran are `missing`."""
    table: dict[str, dict[str, Any]] = {}
    for row, damage in ROWS.items():
        if of_row := [outcome for outcome in OUTCOMES if outcome.row == row]:
            table[str(row)] = {
                "damage": damage,
                "times": sum(outcome.times for outcome in of_row),
                "held": all(outcome.is_held for outcome in of_row),
                "seconds": round(sum(outcome.seconds for outcome in of_row), 1),
                **{name: value for outcome in of_row for name, value in outcome.figures.items()},
            }
    return {
        "table": table,
        "missing": [row for row in ROWS if str(row) not in table],
        "seconds": round(time.monotonic() - STARTED, 1),
        "versions": {"socialrec": __version__} | versions(PACKAGES),
        "machine": this_machine(),
    }
