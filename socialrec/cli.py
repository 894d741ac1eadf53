"""`socialrec …`: the commands that people type."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from socialrec import __version__
from socialrec.bench.commands import bench
from socialrec.erasure.command import erase, rotate_key
from socialrec.errors import UserError
from socialrec.job import EXIT_USER_ERROR, day
from socialrec.looking import check, diff, explain, runs, table
from socialrec.options import HomeOption, JsonOption, UserArgument
from socialrec.settings import Settings, load_settings

if TYPE_CHECKING:
    from socialrec.service.commands import RunCommand
    from socialrec.service.record import Record

EXIT_FAILED_RUN = 1
SHOWN_RECOMMENDATIONS = 5

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(bench, name="bench")
for command in (check, runs, diff, table, explain, erase):
    app.command()(command)
app.command("rotate-key")(rotate_key)

SourceOption = Annotated[str | None, typer.Option("--source", help="Importer; by default what has landed, else demo")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Folder with the source's raw files")]
DayOption = Annotated[str | None, typer.Option("--ds", help="Landing day, YYYY-MM-DD; by default the newest")]
VersionOption = Annotated[
    str | None, typer.Option("--model-version", help="Registered version of the recommender; by default the champion")
]


def main() -> None:
    """Run a command; a user's mistake becomes one line and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_USER_ERROR)


@app.command()
def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check Python, Java, memory, disk and ports, with a remedy for what is missing."""
    from socialrec.service.doctor import examine
    from socialrec.service.screen import show_checks

    checks = examine(load_settings(home))
    if as_json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        show_checks(_console(), checks)
    if not all(check.is_ok for check in checks):
        raise typer.Exit(EXIT_USER_ERROR)


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="demo, lastfm, amazon or recbole")],
    data: DataOption = None,
    ds: Annotated[str | None, typer.Option("--ds", help="Last landing day, YYYY-MM-DD; by default yesterday")] = None,
    home: HomeOption = None,
) -> None:
    """Import a source into the landing folder; a source that has landed before is kept as it is."""
    from socialrec.service.shop import shop_of

    settings = shop_of(load_settings(home), source)
    _say_imported(settings, source, data, ds, _console().print)


@app.command()
def run(
    source: SourceOption = None,
    data: DataOption = None,
    ds: DayOption = None,
    model_version: VersionOption = None,
    home: HomeOption = None,
) -> None:
    """Run the nightly pipeline on what has landed: start the servers, follow the tasks, show lists with reasons."""
    from socialrec.service.commands import RunCommand
    from socialrec.service.doctor import require_health
    from socialrec.service.shop import night_of, require_version, shop_of

    console = _console()
    settings = shop_of(load_settings(home), source)
    wanted, version = day(ds) if ds else None, require_version(model_version)
    require_health(settings)
    _say_imported(settings, source, data, wanted, console.print)
    of_day = night_of(settings, wanted)
    night = _run_night(console, settings, of_day, version, RunCommand.here(settings, wanted))
    _say_outcome(console, settings, night)
    _say_addresses(console, night.record)


@app.command()
def cluster(home: HomeOption = None) -> None:
    """Repeat this home's newest night on a cluster on this machine, and check that its tables are the same."""
    from socialrec.orchestration.run_date import newest_published
    from socialrec.service.cluster_home import cluster_home, compare
    from socialrec.service.commands import RunCommand
    from socialrec.service.doctor import require_health

    console = _console()
    here = load_settings(home)
    ds = newest_published(here.export)
    there = cluster_home(here)
    require_health(there)
    night = _run_night(console, there, ds, None, RunCommand.here(there))
    rows = compare(here, there)
    console.print(f"{len(rows)} tables, {sum(rows.values()):,} rows: the same on the cluster as in {here.home}")
    _say_addresses(console, night.record)


@app.command()
def serve(name: Annotated[str, typer.Argument(help="Such as scheduler")], home: HomeOption = None) -> None:
    """Become one process of a cluster, as a container does, with the environment of the settings."""
    from socialrec.service.programs import become

    become(name, load_settings(home))


@app.command()
def healthy(name: Annotated[str, typer.Argument(help="Such as scheduler")], home: HomeOption = None) -> None:
    """Exit with 0 if the process of this name is healthy: a container's health check."""
    from socialrec.service.health import is_healthy

    raise typer.Exit(0 if is_healthy(name, load_settings(home)) else EXIT_FAILED_RUN)


@app.command()
def secrets(home: HomeOption = None) -> None:
    """Create the missing passwords and keys of a cluster, and name their files."""
    from socialrec.service.secrets import make_all

    for file in make_all(load_settings(home)):
        _console().print(str(file))


@app.command()
def up(home: HomeOption = None) -> None:
    """Start Airflow and MLflow on this machine if they are not running."""
    from socialrec.service.doctor import require_health
    from socialrec.service.servers import up as start

    console = _console()
    settings = load_settings(home)
    require_health(settings)
    _say_addresses(console, start(settings, console.print))


@app.command()
def down(home: HomeOption = None) -> None:
    """Stop Airflow and MLflow of this home and of the homes inside it."""
    from socialrec.service.servers import down as stop

    console = _console()
    if not stop(load_settings(home), console.print):
        console.print("nothing was running")


@app.command()
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show which servers run, how the last night ended, what was published last and by which model."""
    from socialrec.service.overview import overview
    from socialrec.service.screen import show_overview

    facts = overview(load_settings(home))
    if as_json:
        print(json.dumps(facts))
    else:
        show_overview(_console(), facts)


@app.command()
def recommend(
    user: UserArgument,
    ds: DayOption = None,
    n_shown: Annotated[int, typer.Option("--places", min=1, help="Number of recommendations to show")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a user's published list with the reasons."""
    from socialrec.lake import Lake
    from socialrec.recommend.published import list_document, read_lists, user_keys_of
    from socialrec.service.overview import require_published
    from socialrec.service.screen import show_list

    settings = load_settings(home)
    lake = Lake(settings.lake)
    newest = require_published(settings, lake, day(ds) if ds else None)
    lists = read_lists(lake, newest, user_keys_of(user, lake, settings, newest))
    if as_json:
        print(json.dumps([list_document(found, n_shown) for found in lists]))
        return
    for found in lists:
        show_list(_console(), found, n_shown)


@dataclass(frozen=True)
class _Night:
    """A night that succeeded: its day, its run in Airflow, the servers, and the command that runs it again."""

    ds: str
    run_id: str
    record: Record
    command: RunCommand


def _run_night(console: Console, settings: Settings, ds: str, version: str | None, command: RunCommand) -> _Night:
    """Start what is not up, and follow a night to its end; one that fails ends the program with its log."""
    from socialrec.contracts.runs import NIGHTLY
    from socialrec.orchestration.airflow_api import AirflowApi
    from socialrec.service import night
    from socialrec.service.screen import Board
    from socialrec.service.servers import up

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
        print(night.failure(api, run_id).text, file=sys.stderr)
        _say_failed(settings, run_id, command)
        _say_addresses(console, record)
        raise typer.Exit(EXIT_FAILED_RUN)
    return _Night(ds, run_id, record, command)


def _require_registered(settings: Settings, version: str) -> None:
    from socialrec.tracking import RECOMMENDER
    from socialrec.tracking.registry import is_unknown_version

    if is_unknown_version(settings, RECOMMENDER, version):
        raise UserError(f"{RECOMMENDER} has no version {version}: `socialrec runs` names the versions that made lists")


def _say_failed(settings: Settings, run_id: str, command: RunCommand) -> None:
    """Say on standard error that earlier lists stay, what the gate refused, and how to run the night again."""
    from socialrec.contracts.runs import training_of
    from socialrec.orchestration.run_date import folder_name
    from socialrec.service.screen import show_next_steps, show_refusal
    from socialrec.service.serving import NextStep, candidate_of, next_steps

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    candidate = candidate_of(settings, folder_name(training_of(run_id)))
    console.print("Nothing was published by this run; lists of earlier nights stay as they are.\n")
    if candidate is not None and candidate.is_refused:
        show_refusal(console, candidate)
        show_next_steps(console, next_steps(candidate, None, command, settings))
        return
    what = "Correct what the lines above name, then run the night again; it continues where it stopped"
    show_next_steps(console, [NextStep(what, command.text())])


def _say_imported(
    settings: Settings, source: str | None, data: Path | None, ds: str | None, say: Callable[[str], None]
) -> None:
    from socialrec.service.shop import bring_in

    imported = bring_in(settings, source, data, ds)
    if imported is None:
        say(f"taking what has landed in {settings.landing}")
    elif imported.status == "kept":
        say(f"{imported.platform} has landed before, {imported.first_day} to {imported.last_day}: kept as it is")
    else:
        counts = ", ".join(f"{number:,} {entity}" for entity, number in imported.counts.items())
        say(f"{imported.platform} landed, {imported.first_day} to {imported.last_day}: {counts}")


def _say_outcome(console: Console, settings: Settings, night: _Night) -> None:
    from socialrec.contracts.runs import training_of
    from socialrec.lake import Lake
    from socialrec.orchestration.run_date import folder_name
    from socialrec.recommend.published import read_lists, typical_users
    from socialrec.service import screen
    from socialrec.service.serving import candidate_of, newest_candidate, next_steps, serving

    folder = settings.reports / night.ds
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    lake = Lake(settings.lake)
    for found in read_lists(lake, night.ds, typical_users(lake, night.ds)):
        console.print()
        screen.show_list(console, found, SHOWN_RECOMMENDATIONS)
    console.print()
    screen.show_rows(console, summary["rows"])
    screen.show_figures(console, summary)
    model = serving(settings, lake, night.ds, summary["models"]["recommender_version"])
    screen.show_warnings(console, model)
    trained = candidate_of(settings, folder_name(training_of(night.run_id)))
    screen.show_changes(console, summary, is_refused=trained is not None and trained.is_refused)
    console.print(f"Lists by {model.sentence}")
    candidate = trained or newest_candidate(settings)
    if candidate and candidate.is_refused and candidate.version != model.version:
        console.print()
        screen.show_refusal(console, candidate)
        screen.show_next_steps(console, next_steps(candidate, model, night.command, settings))
    console.print(f"\nReport   {folder / 'report.html'}")


def _say_addresses(console: Console, record: Record) -> None:
    from socialrec.tracking.pages import experiments_page

    airflow = record.airflow
    console.print(f"Airflow  {airflow['url']}  user {airflow['user']}, password in {airflow['password_file']}")
    console.print(f"MLflow   {experiments_page(record.mlflow['url'])}", soft_wrap=True)


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


@app.callback(invoke_without_command=True)
def _version(show: Annotated[bool, typer.Option("--version", help="Print the version")] = False) -> None:
    if show:
        print(f"socialrec {__version__}")
        raise typer.Exit
