"""Nightly recommendations with reasons: run a night, inspect its lists, and explain them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from socialrec import __version__
from socialrec.cli.asking import ask
from socialrec.cli.benchmarks import bench
from socialrec.cli.erasing import erase, rotate_key
from socialrec.cli.inspecting import check, convert, diff, explain, runs, table
from socialrec.cli.nights import EXIT_FAILED_RUN, cluster, import_, run, say_addresses
from socialrec.cli.options import DayOption, HomeOption, JsonOption, UserArgument
from socialrec.contracts.columns import day
from socialrec.display.terminal import console as _console
from socialrec.display.visible import say_error
from socialrec.errors import EXIT_USER_ERROR, UserError
from socialrec.settings import load_settings
from socialrec.settings.threads import wait_patiently

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(bench, name="bench")
for command in (run, cluster, check, convert, runs, diff, table, explain, ask, erase):
    app.command()(command)
app.command("import")(import_)
app.command("rotate-key")(rotate_key)


def main() -> None:
    """Run a command; a user's mistake becomes one line and exit code 2."""
    wait_patiently()
    try:
        app()
    except UserError as error:
        say_error(error)
        sys.exit(EXIT_USER_ERROR)


@app.command()
def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check Python, Java, memory, disk and ports, with a remedy for what is missing."""
    from socialrec.cli.screen import show_checks
    from socialrec.local_stack.home.doctor import examine

    checks = examine(load_settings(home))
    if as_json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        show_checks(_console(), checks)
    if not all(check.is_ok for check in checks):
        raise typer.Exit(EXIT_USER_ERROR)


@app.command()
def serve(name: Annotated[str, typer.Argument(help="Such as scheduler")], home: HomeOption = None) -> None:
    """Run one process of a cluster, as a container does, with the environment of the settings."""
    from socialrec.local_stack.programs import become

    become(name, load_settings(home))


@app.command()
def healthy(name: Annotated[str, typer.Argument(help="Such as scheduler")], home: HomeOption = None) -> None:
    """Exit with 0 if the process of this name is healthy: a container's health check."""
    from socialrec.local_stack.health import is_healthy

    raise typer.Exit(0 if is_healthy(name, load_settings(home)) else EXIT_FAILED_RUN)


@app.command()
def secrets(home: HomeOption = None) -> None:
    """Create the missing passwords and keys of a cluster, and name their files."""
    from socialrec.local_stack.secrets import make_all

    for file in make_all(load_settings(home)):
        _console().print(str(file))


@app.command()
def up(home: HomeOption = None) -> None:
    """Start Airflow and MLflow on this machine if they are not running."""
    from socialrec.local_stack.home.doctor import require_health
    from socialrec.local_stack.servers import up as start

    console = _console()
    settings = load_settings(home)
    require_health(settings)
    say_addresses(console, start(settings, console.print))


@app.command()
def down(home: HomeOption = None) -> None:
    """Stop Airflow and MLflow of this home and of the homes inside it."""
    from socialrec.local_stack.servers import down as stop

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
    """Stop the servers of a home and remove all its contents, after confirmation."""
    from socialrec.local_stack.home.cleaning import plan_removal, remove_planned
    from socialrec.local_stack.servers import down as stop

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
    # The message comes first: the removed folder may contain this program.
    console.print(f"removing it from {settings.home} and {Path.cwd()}" if also else f"removing it from {settings.home}")
    remove_planned(removal)


@app.command()
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the running servers, the outcome of the last night, the newest published lists and their model."""
    from socialrec.cli.screen import show_overview
    from socialrec.local_stack.nights.overview import overview

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
    from socialrec.cli.screen import show_list
    from socialrec.lake import Lake
    from socialrec.local_stack.nights.overview import require_published
    from socialrec.recommend.lists.published import list_document, read_lists, user_keys_of

    settings = load_settings(home)
    lake = Lake(settings.lake)
    newest = require_published(settings, lake, day(ds) if ds else None)
    lists = read_lists(lake, newest, user_keys_of(user, lake, settings, newest), settings.lists.language)
    if as_json:
        print(json.dumps([list_document(found, n_shown) for found in lists]))
        return
    for found in lists:
        show_list(_console(), found, n_shown)


@app.callback(invoke_without_command=True)
def _version(show: Annotated[bool, typer.Option("--version", help="Print the version")] = False) -> None:
    if show:
        print(f"socialrec {__version__}")
        raise typer.Exit
