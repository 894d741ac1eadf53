"""`socialrec …`: what people type."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
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
from socialrec.options import HomeOption, JsonOption
from socialrec.settings import Settings, load_settings

if TYPE_CHECKING:
    from socialrec.service.record import Record

EXIT_FAILED_RUN = 1
SHOWN_PLACES = 5

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(bench, name="bench")
for command in (check, runs, diff, table, explain, erase):
    app.command()(command)
app.command("rotate-key")(rotate_key)

SourceOption = Annotated[str | None, typer.Option("--source", help="Which importer; else what has landed, else demo")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Folder with the source's raw files")]
DayOption = Annotated[str | None, typer.Option("--ds", help="Landing day, YYYY-MM-DD")]


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
    ds: DayOption = None,
    home: HomeOption = None,
) -> None:
    """Bring a source into the landing folder; what has landed before is kept."""
    from socialrec.service.shop import shop_of

    settings = shop_of(load_settings(home), source)
    _say_imported(settings, source, data, ds, _console().print)


@app.command()
def run(source: SourceOption = None, data: DataOption = None, home: HomeOption = None) -> None:
    """Run the nightly pipeline on what has landed, from the servers' start to lists with reasons."""
    from socialrec.service.doctor import require_health
    from socialrec.service.shop import night_of, shop_of

    console = _console()
    settings = shop_of(load_settings(home), source)
    require_health(settings)
    _say_imported(settings, source, data, None, console.print)
    ds = night_of(settings)
    record = _run_night(console, settings, ds)
    _say_outcome(console, settings, ds)
    _say_addresses(console, record)


@app.command()
def cluster(home: HomeOption = None) -> None:
    """Repeat this home's newest night on a cluster on this machine, and check that its tables are the same."""
    from socialrec.orchestration.run_date import newest_published
    from socialrec.service.cluster_home import cluster_home, compare
    from socialrec.service.doctor import require_health

    console = _console()
    here = load_settings(home)
    ds = newest_published(here.export)
    there = cluster_home(here)
    require_health(there)
    record = _run_night(console, there, ds)
    rows = compare(here, there)
    console.print(f"{len(rows)} tables, {sum(rows.values()):,} rows: the cluster's are those of {here.home}")
    _say_addresses(console, record)


@app.command()
def serve(name: Annotated[str, typer.Argument(help="Such as scheduler")], home: HomeOption = None) -> None:
    """Become one process of a cluster, as a container does, with the environment that the settings say."""
    from socialrec.service.programs import become

    become(name, load_settings(home))


@app.command()
def healthy(name: Annotated[str, typer.Argument(help="Such as scheduler")], home: HomeOption = None) -> None:
    """Exit with 0 where the process of this name serves, as a container's health check asks."""
    from socialrec.service.health import is_healthy

    raise typer.Exit(0 if is_healthy(name, load_settings(home)) else EXIT_FAILED_RUN)


@app.command()
def secrets(home: HomeOption = None) -> None:
    """Make the passwords and keys of a cluster that are not there yet, and name their files."""
    from socialrec.service.secrets import make_all

    for file in make_all(load_settings(home)):
        _console().print(str(file))


@app.command()
def up(home: HomeOption = None) -> None:
    """Start Airflow and MLflow on this machine, or find them running."""
    from socialrec.service.doctor import require_health
    from socialrec.service.servers import up as start

    console = _console()
    settings = load_settings(home)
    require_health(settings)
    _say_addresses(console, start(settings, console.print))


@app.command()
def down(home: HomeOption = None) -> None:
    """Stop them, with those of the homes inside this one."""
    from socialrec.service.servers import down as stop

    console = _console()
    if not stop(load_settings(home), console.print):
        console.print("nothing was running")


@app.command()
def clean(
    also: Annotated[
        list[Path] | None, typer.Option(help="Remove this too, such as a cache; repeat it for more")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    home: HomeOption = None,
) -> None:
    """Stop the servers of a home and remove all that it holds, after a question."""
    from socialrec.service.cleaning import plan_removal, remove_planned
    from socialrec.service.servers import down as stop

    console = _console()
    settings = load_settings(home)
    removal = plan_removal(settings.home, Path.cwd(), also or ())
    if not removal.sizes:
        console.print(f"nothing to remove in {settings.home}")
        return
    for line in removal.lines():
        console.print(line)
    if not yes and not sys.stdin.isatty():
        raise UserError("nothing was removed: there is no terminal to ask on; run `make clean YES=1` or add --yes")
    if not yes and not typer.confirm("Remove all of this?"):
        console.print("nothing was removed")
        return
    stop(settings, console.print)
    # Last words first: what is removed may hold this program.
    console.print(f"removing it from {settings.home} and {Path.cwd()}" if also else f"removing it from {settings.home}")
    remove_planned(removal)


@app.command()
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Which servers run, what was published last, and by which models."""
    from socialrec.service.overview import overview

    facts = overview(load_settings(home))
    if as_json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        _console().print(f"{name.replace('_', ' '):<18} {'none' if value is None else value}", highlight=False)


@app.command()
def recommend(
    user: Annotated[str, typer.Argument(help="A user's id as it landed, or a pseudonym of 64 hex digits")],
    ds: DayOption = None,
    places: Annotated[int, typer.Option("--places", min=1, help="How many places to show")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a user's published list with the reasons."""
    from socialrec.lake import Lake
    from socialrec.recommend.published import published_day, read_lists, user_keys_of
    from socialrec.service.screen import show_list

    settings = load_settings(home)
    lake = Lake(settings.lake)
    newest = published_day(lake, day(ds) if ds else None)
    lists = read_lists(lake, newest, user_keys_of(user, lake, settings, newest))
    if as_json:
        print(json.dumps([asdict(found) for found in lists]))
        return
    for found in lists:
        show_list(_console(), found, places)


def _run_night(console: Console, settings: Settings, ds: str) -> Record:
    """Start what is not up, and follow a night to its end; one that fails ends the program with its log."""
    from socialrec.contracts.runs import NIGHTLY
    from socialrec.orchestration.airflow_api import AirflowApi
    from socialrec.service import night
    from socialrec.service.screen import Board
    from socialrec.service.servers import up

    record = up(settings, console.print)
    api = AirflowApi.of(record.airflow)
    run_id = night.start(api, ds, console.print)
    console.print(f"{NIGHTLY} of {ds} (Ctrl-C stops watching, not the run)")
    with Board(console) as board:
        succeeded = night.follow(api, run_id, board.show)
    if not succeeded:
        print(night.failure(api, run_id), file=sys.stderr)
        _say_addresses(console, record)
        raise typer.Exit(EXIT_FAILED_RUN)
    return record


def _say_imported(
    settings: Settings, source: str | None, data: Path | None, ds: str | None, say: Callable[[str], None]
) -> None:
    from socialrec.service.shop import bring_in

    imported = bring_in(settings, source, data, ds)
    if imported is None:
        say(f"taking what has landed in {settings.landing}")
    elif imported.status == "kept":
        say(f"{imported.platform} has landed before, {imported.first_day} to {imported.last_day}: left as it is")
    else:
        counts = ", ".join(f"{number:,} {entity}" for entity, number in imported.counts.items())
        say(f"{imported.platform} landed, {imported.first_day} to {imported.last_day}: {counts}")


def _say_outcome(console: Console, settings: Settings, ds: str) -> None:
    from socialrec.lake import Lake
    from socialrec.recommend.published import read_lists, typical_users
    from socialrec.service.screen import show_changes, show_figures, show_list, show_rows

    summary: dict[str, Any] = json.loads((settings.reports / ds / "summary.json").read_text(encoding="utf-8"))
    lake = Lake(settings.lake)
    for found in read_lists(lake, ds, typical_users(lake, ds)):
        console.print()
        show_list(console, found, SHOWN_PLACES)
    console.print()
    show_rows(console, summary["rows"])
    show_figures(console, summary)
    show_changes(console, summary)
    console.print(f"\nReport   {settings.reports / ds / 'report.html'}")


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
