"""`socialrec import`, `run`, `cluster`: commands that land data and run a night."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from socialrec.cli.options import DayOption, HomeOption
from socialrec.contracts.columns import day
from socialrec.display.terminal import console as _console
from socialrec.display.visible import lines
from socialrec.errors import UserError
from socialrec.settings import Settings, load_settings
from socialrec.sources import GENERATED

if TYPE_CHECKING:
    from socialrec.local_stack.home.commands import RunCommand
    from socialrec.local_stack.nights.night import Failure
    from socialrec.local_stack.record import Record

EXIT_FAILED_RUN = 1
SHOWN_RECOMMENDATIONS = 5
CORRECT = "Correct what these lines name, then run the night again; it continues where it stopped"

SourceOption = Annotated[str | None, typer.Option("--source", help="Importer; by default what has landed, else demo")]
LanguageOption = Annotated[
    str | None, typer.Option("--language", help="Language of the demo world: en, zh or mixed; by default en")
]
DataOption = Annotated[Path | None, typer.Option("--data", help="Folder with the source's raw files")]
VersionOption = Annotated[
    str | None, typer.Option("--model-version", help="Registered version of the recommender; by default the champion")
]


def import_(
    source: Annotated[str, typer.Argument(help="demo, lastfm, amazon or recbole")],
    data: DataOption = None,
    ds: Annotated[str | None, typer.Option("--ds", help="Last landing day, YYYY-MM-DD; by default yesterday")] = None,
    language: LanguageOption = None,
    home: HomeOption = None,
) -> None:
    """Import a source into the landing folder; a source that has already landed stays as it is."""
    from socialrec.local_stack.home.shop import shop_of

    settings = shop_of(load_settings(home), source)
    _say_imported(settings, _Wanted(source, data, ds, language), _console().print)


def run(
    *,
    source: SourceOption = None,
    data: DataOption = None,
    ds: DayOption = None,
    model_version: VersionOption = None,
    language: LanguageOption = None,
    home: HomeOption = None,
) -> None:
    """Run the nightly pipeline on the landed data: start the servers, follow the tasks, show lists with reasons."""
    from socialrec.local_stack.home.commands import RunCommand
    from socialrec.local_stack.home.doctor import require_health
    from socialrec.local_stack.home.shop import night_of, require_version, shop_of

    console = _console()
    source = source or (GENERATED if language else None)
    settings = shop_of(load_settings(home), source)
    wanted, version = day(ds) if ds else None, require_version(model_version)
    require_health(settings)
    _say_imported(settings, _Wanted(source, data, wanted, language), console.print)
    of_day = night_of(settings, wanted)
    night = _run_night(console, settings, of_day, version, RunCommand.here(settings, wanted))
    answered = _answer_questions(console, settings, night)
    say_outcome(console, settings, night)
    if answered:
        console.print(answered, soft_wrap=True)
    say_addresses(console, night.record)


def cluster(home: HomeOption = None) -> None:
    """Repeat this home's newest night on a cluster on this machine, and check that its tables are the same."""
    from socialrec.local_stack.cluster.home import cluster_home, compare
    from socialrec.local_stack.home.commands import RunCommand
    from socialrec.local_stack.home.doctor import require_health
    from socialrec.orchestration.run_date import newest_published

    console = _console()
    here = load_settings(home)
    ds = newest_published(here.export)
    there = cluster_home(here)
    require_health(there)
    night = _run_night(console, there, ds, None, RunCommand.here(there))
    _answer_questions(console, there, night)
    rows = compare(here, there)
    console.print(f"{len(rows)} tables, {sum(rows.values()):,} rows: the same on the cluster as in {here.home}")
    say_addresses(console, night.record)


@dataclass(frozen=True)
class FinishedNight:
    """Result of a night that succeeded: its day, its run in Airflow, the servers, and the command to run it again."""

    ds: str
    run_id: str
    record: Record
    command: RunCommand


def _run_night(
    console: Console, settings: Settings, ds: str, version: str | None, command: RunCommand
) -> FinishedNight:
    """Start missing servers, and follow a night to its end; a failed night ends the program with its log."""
    from socialrec.cli.screen import Board
    from socialrec.contracts.runs import NIGHTLY
    from socialrec.local_stack.nights import night
    from socialrec.local_stack.servers import up
    from socialrec.orchestration.airflow_api import AirflowApi

    record = up(settings, console.print)
    if version is not None:
        _require_registered(settings, version)
    api = AirflowApi.of(record.airflow)
    run_id = night.start(api, ds, console.print, version)
    by = f" with version {version} of the model" if version else ""
    console.print(f"{NIGHTLY} of {ds}{by} (Ctrl-C stops watching, not the run)")
    with Board(console) as board:
        succeeded = night.follow(api, run_id, lambda lines: board.show(night.call_refused(lines, settings.runs)))
    if not succeeded:
        say_failed(settings, run_id, night.failure(api, run_id), command)
        say_addresses(console, record)
        raise typer.Exit(EXIT_FAILED_RUN)
    return FinishedNight(ds, run_id, record, command)


def _answer_questions(console: Console, settings: Settings, finished: FinishedNight) -> str:
    """Run the answers of a night's day where somebody asked something, and follow them to their end; returns what came
    out in one line, empty without questions. A failed run ends the program with its log.
    """
    from socialrec.answers.days import open_days
    from socialrec.cli.screen import Board, show_next_steps
    from socialrec.contracts.runs import ANSWERS
    from socialrec.contracts.silver import SILVER_QUESTIONS
    from socialrec.lake import Lake
    from socialrec.local_stack.nights import night
    from socialrec.local_stack.nights.serving import NextStep
    from socialrec.orchestration.airflow_api import AirflowApi
    from socialrec.orchestration.commands import read_receipt
    from socialrec.orchestration.run_date import folder_name

    lake = Lake(settings.lake)
    days = open_days(lake.partitions(SILVER_QUESTIONS), finished.ds, settings.answers.open_days)
    if not lake.dataset(SILVER_QUESTIONS, days).count_rows():
        return ""
    api = AirflowApi.of(finished.record.airflow)
    run_id = night.start_answers(api, finished.ds)
    console.print(f"{ANSWERS} of {finished.ds}")
    with Board(console) as board:
        succeeded = night.follow(api, run_id, board.show, ANSWERS)
    if not succeeded:
        failed = night.failure(api, run_id, ANSWERS)
        print(lines(failed.text), file=sys.stderr)
        say = "The lists of this day are published, its answers are not. The run in Airflow"
        _console(stderr=True).print(f"{say}: {failed.page}\n")
        show_next_steps(_console(stderr=True), [NextStep(CORRECT, finished.command.text())])
        raise typer.Exit(EXIT_FAILED_RUN)
    receipt = read_receipt(settings, folder_name(run_id), "publish_answers")
    return f"Answers  {receipt['note']} {receipt['report']}"


def _require_registered(settings: Settings, version: str) -> None:
    from socialrec.tracking import RECOMMENDER
    from socialrec.tracking.registry import is_unknown_version

    if is_unknown_version(settings, RECOMMENDER, version):
        raise UserError(f"{RECOMMENDER} has no version {version}: `socialrec runs` names the versions that made lists")


def say_failed(settings: Settings, run_id: str, failure: Failure, command: RunCommand) -> None:
    """Print on standard error the failure, its effect on the lists, and the next step."""
    from socialrec.cli.screen import show_next_steps, show_refusal
    from socialrec.contracts.runs import training_of
    from socialrec.local_stack.nights.night import GATE, PINNING
    from socialrec.local_stack.nights.serving import NextStep, candidate_of, next_steps
    from socialrec.orchestration.run_date import folder_name

    console = _console(stderr=True)
    print(lines(failure.text), file=sys.stderr)
    is_published = (settings.run_folder(folder_name(run_id)) / "publish_recommendations.json").exists()
    lists = "The lists of this day are published" if is_published else "Nothing was published; earlier lists stay"
    console.print(f"{lists}. The run in Airflow: {failure.page}\n")
    candidate = candidate_of(settings, folder_name(training_of(run_id)))
    if failure.task in (GATE, PINNING) and candidate is not None and candidate.is_refused:
        show_refusal(console, candidate)
        show_next_steps(console, next_steps(candidate, None, command, settings))
        return
    show_next_steps(console, [NextStep(CORRECT, command.text())])


@dataclass(frozen=True)
class _Wanted:
    """Import that a person asks for: source, folder of its raw files, newest day, language of generated texts."""

    source: str | None
    data: Path | None
    ds: str | None
    language: str | None


def _say_imported(settings: Settings, wanted: _Wanted, say: Callable[[str], None]) -> None:
    from socialrec.local_stack.home.shop import bring_in

    imported = bring_in(settings, wanted.source, wanted.data, wanted.ds, language=wanted.language)
    if imported is None:
        say(f"using what has landed in {settings.landing}")
    elif imported.status == "kept":
        say(f"{imported.platform} has landed before, {imported.first_day} to {imported.last_day}: kept as it is")
    else:
        counts = ", ".join(f"{number:,} {entity}" for entity, number in imported.counts.items())
        say(f"{imported.platform} landed, {imported.first_day} to {imported.last_day}: {counts}")


def say_outcome(console: Console, settings: Settings, night: FinishedNight) -> None:
    """Print some lists, the figures, the changes, the model, and after a refusal the next steps."""
    from socialrec.cli import screen
    from socialrec.contracts.runs import training_of
    from socialrec.lake import Lake
    from socialrec.local_stack.nights.serving import BASELINE, candidate_of, newest_candidate, next_steps, serving
    from socialrec.orchestration.run_date import folder_name
    from socialrec.recommend.lists.published import read_lists, typical_users

    folder = settings.reports / night.ds
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    lake = Lake(settings.lake)
    for found in read_lists(lake, night.ds, typical_users(lake, night.ds), settings.lists.language):
        console.print()
        screen.show_list(console, found, SHOWN_RECOMMENDATIONS)
    console.print()
    screen.show_rows(console, summary["rows"])
    model = serving(settings, lake, night.ds, summary["models"]["recommender_version"])
    # The baseline was not measured: the figures of its training are those of the candidate.
    screen.show_figures(console, summary, is_refused=model.kind == BASELINE)
    screen.show_warnings(console, model)
    trained = candidate_of(settings, folder_name(training_of(night.run_id)))
    screen.show_changes(console, summary, is_refused=trained is not None and trained.is_refused)
    console.print(f"Lists by {model.sentence}")
    # While a trained champion serves, `status` reports a later candidate that was refused.
    candidate = trained or (newest_candidate(settings) if model.kind == BASELINE else None)
    if candidate and candidate.is_refused and candidate.version != model.version:
        console.print()
        screen.show_refusal(console, candidate)
        screen.show_next_steps(console, next_steps(candidate, model, night.command, settings))
    console.print(f"\nReport   {folder / 'report.html'}")


def say_addresses(console: Console, record: Record) -> None:
    """Print the addresses of Airflow and MLflow."""
    from socialrec.local_stack.record import sign_in_words
    from socialrec.tracking.pages import experiments_page

    pages = {"Airflow": record.airflow["url"], "MLflow": experiments_page(record.mlflow["url"])}
    for (name, page), server in zip(pages.items(), (record.airflow, record.mlflow), strict=True):
        console.print("  ".join(filter(None, [f"{name:7}", page, sign_in_words(server)])), soft_wrap=True)
