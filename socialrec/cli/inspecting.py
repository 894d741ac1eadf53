"""`socialrec check`, `convert`, `runs`, `diff`, `table`, `explain`: commands that only read a home."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from socialrec.cli.options import HomeOption, JsonOption, UserArgument
from socialrec.contracts.columns import day
from socialrec.display.terminal import VisibleConsole, console
from socialrec.display.visible import label, say, visible
from socialrec.errors import EXIT_USER_ERROR
from socialrec.settings import load_settings

if TYPE_CHECKING:
    from socialrec.local_stack.nights.past_runs import PastRun

WIDTH = 140
LONGEST_VALUE = 60
"""Maximum displayed length of a table's value, in characters."""


def check(
    path: Annotated[Path, typer.Argument(help="A landing file, a folder of them, a platform's or the landing folder")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check files before they land: list by file and column what to change, and tell if a night would accept them."""
    from socialrec.etl.check.delivery import check_files, files_to_check, read_delivery, unmet_lines
    from socialrec.etl.check.pictures import check_pictures
    from socialrec.etl.check.report import give_verdict, report_lines
    from socialrec.etl.session import spark_session
    from socialrec.local_stack.home.shop import yesterday

    settings = load_settings(home)
    with (
        files_to_check(path, yesterday(), settings.etl) as files,
        spark_session("check", settings, is_quiet=True) as spark,
    ):
        delivery = read_delivery(files)
        found = check_files(spark, delivery, settings.etl)
        unmet = unmet_lines(spark, delivery, settings.etl)
        pictures = check_pictures(spark, delivery.layouts, settings.etl, settings.pictures.limits)
    verdict = give_verdict(found, settings.etl.max_quarantine_share)
    if as_json:
        about = [asdict(one) for one in found]
        document = {**asdict(verdict), "files": about, "unmet": unmet, "pictures": asdict(pictures)}
        print(json.dumps(document))
    else:
        for line in (*report_lines(found), *pictures.lines(), *unmet, *verdict.lines()):
            say(line)
    if not verdict.passes:
        raise typer.Exit(EXIT_USER_ERROR)


def convert(
    path: Annotated[Path, typer.Argument(help="A CSV file with a landing name, such as products.csv, or a folder")],
    into: Annotated[Path, typer.Option(help="Folder to write to, without files of these names")],
    home: HomeOption = None,
    is_sure: Annotated[bool, typer.Option("--yes", help="Convert without asking")] = False,
) -> None:
    """Write files of spreadsheets and databases in the landing format, by a guess that is shown first."""
    from socialrec.etl.check.converting import convert_file, guess_file, target_of
    from socialrec.etl.check.delivery import files_to_check
    from socialrec.local_stack.home.shop import yesterday

    with files_to_check(path, yesterday(), load_settings(home).etl) as files:
        guesses = [guess_file(file) for file in files]
        targets = [target_of(guess, path, into) for guess in guesses]
        for guess, target in zip(guesses, targets, strict=True):
            say(f"{guess.file.path.resolve()} to {target}")
            for line in guess.lines():
                say(f"  {line}")
        if not is_sure and not typer.confirm("Convert?"):
            raise typer.Exit(EXIT_USER_ERROR)
        for guess, target in zip(guesses, targets, strict=True):
            say(f"{target}: {convert_file(guess, target):,} records")


def runs(
    most: Annotated[int, typer.Option("--last", min=1, help="Number of runs to show")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show nights, trainings and rollbacks with their outcome, the newest first."""
    from socialrec.local_stack.home.commands import RunCommand
    from socialrec.local_stack.nights.past_runs import past_runs
    from socialrec.local_stack.servers import running_airflow

    settings = load_settings(home)
    found = past_runs(settings, running_airflow(settings), most)
    if as_json:
        print(json.dumps([asdict(run) for run in found]))
        return
    if not found:
        say(f"nothing has run yet: start with `{RunCommand.here(settings).text()}`")
        return
    columns = ("time (UTC)", "dag", "day", "outcome", "seconds", "changed", "recommender")
    _show(columns, ((r.ended[:16], r.dag, r.ds, r.outcome, r.seconds, r.changed_rows, _made_by(r)) for r in found))


def diff(
    before: Annotated[str, typer.Argument(help="A published day, YYYY-MM-DD")],
    after: Annotated[str, typer.Argument(help="Another published day")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the lists of two days: the share of new recommendations, the users with most changes, and the reasons."""
    from socialrec.lake import Lake
    from socialrec.local_stack.nights.overview import require_published
    from socialrec.recommend.explain.sentences import SHORT_KEY
    from socialrec.report.changes import read_changes

    settings = load_settings(home)
    lake = Lake(settings.lake)
    days = [require_published(settings, lake, day(asked)) for asked in (before, after)]
    changes = read_changes(lake, *days)
    if as_json:
        print(json.dumps(asdict(changes)))
        return
    model = "another model made them" if changes.is_other_model else "the same model made both"
    say(f"{changes.new_share:.1%} of the recommendations of {after} are new since {before}; {model}")
    say(f"{changes.new_users:,} users have a list for the first time")
    if changes.movers:
        _show(("user", "new products", "why"), ((m.user_key[:SHORT_KEY], m.n_new, m.why) for m in changes.movers))


def table(
    name: Annotated[str | None, typer.Argument(help="Table, such as gold.recommendations; by default all")] = None,
    *,
    partition: Annotated[str | None, typer.Option("--ds", help="Partition: a day, or an encoder version")] = None,
    version: Annotated[int | None, typer.Option("--version", min=0, help="Version of the table")] = None,
    n_rows: Annotated[int, typer.Option("--rows", min=0, help="Number of rows to show")] = 5,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the lake's tables, or show some rows of one with its newest versions."""
    from socialrec.lake import Lake
    from socialrec.lake.glance import glance_at_all, look_at

    lake = Lake(load_settings(home).lake)
    if name is None:
        all_tables = [asdict(glance) for glance in glance_at_all(lake)]
        if as_json:
            print(json.dumps(all_tables))
        else:
            _show(tuple(all_tables[0]), (row.values() for row in all_tables))
        return
    look = look_at(lake, name, partition, version, n_rows)
    if as_json:
        print(json.dumps(look.rows, default=str))
        return
    say(f"{name}: one row is {look.table.row}")
    say(f"{look.table.partition}={look.partition}: {look.n_rows:,} rows")
    for row in look.rows:
        say()
        checks = row.pop("checks", None) or []
        _show_record(row)
        if checks:
            say()
            _show_gate_checks(checks)
    say()
    commits = ((c.version, f"{c.ts:%Y-%m-%d %H:%M}", c.job, len(c.partitions), _short(c.counts)) for c in look.commits)
    _show(("version", "written (UTC)", "job", "partitions", "counts"), commits)


def explain(
    user: UserArgument,
    product: Annotated[str, typer.Argument(help="A product's id as it landed")],
    ds: Annotated[str | None, typer.Option("--ds", help="Landing day, YYYY-MM-DD; by default the newest")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a product's rank in a user's list, or why it is not in the list."""
    from socialrec.local_stack.nights.explaining import explain as explained
    from socialrec.recommend.explain.sentences import SHORT_KEY

    found = explained(load_settings(home), user, product, day(ds) if ds else None)
    if as_json:
        print(json.dumps([asdict(explanation) for explanation, _, _ in found]))
        return
    for explanation, title, reasons in found:
        where = f"rank {explanation.place}" if explanation.place else f"not in the list: {explanation.kept_out}"
        say(f"{label(title)} ({explanation.product_id}) for {explanation.user_key[:SHORT_KEY]}: {where}")
        say(f"score {explanation.score:.3f}, rank {explanation.rank:,} of {explanation.n_products:,} before the rules")
        _show(
            ("signal", "rank by it", "weight", "adds to score"),
            ((s.name, s.rank, f"{s.weight:.3f}", f"{s.contribution:+.3f}") for s in explanation.signals),
        )
        say(reasons)


def _made_by(run: PastRun) -> str | None:
    is_baseline = run.model_kind == "baseline"
    return f"{run.recommender_version} (baseline)" if is_baseline else run.recommender_version


def _show(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    shown = Table(box=None, pad_edge=False)
    values = [list(row) for row in rows]
    for number, column in enumerate(columns):
        is_number = all(isinstance(row[number], int | float) or row[number] is None for row in values)
        shown.add_column(column, justify="right" if is_number else "left")
    for row in values:
        shown.add_row(*(_cell(value) for value in row))
    _wide_console().print(shown)


def _show_record(row: Mapping[str, Any]) -> None:
    shown = Table(box=None, show_header=False, pad_edge=False)
    for name, value in row.items():
        is_nested = isinstance(value, list) and len(value) > 0 and isinstance(value[0], Mapping)
        said = f"{len(value)} entries: --json shows them" if is_nested else _short(value)
        shown.add_row(Text(name, style="dim"), Text(said))
    _wide_console().print(shown)


def _show_gate_checks(checks: Sequence[Mapping[str, Any]]) -> None:
    """Show the checks of a decision, a line each; decisions of earlier versions lack some of the fields."""
    columns = {"name": "check", "figure": "figure", "bound": "bound", "is_passed": "passed", "decides": "decides"}
    columns |= {"remedy": "remedy"} if any(check.get("remedy") for check in checks) else {}
    shown = {name: title for name, title in columns.items() if name in checks[0]}
    _show(tuple(shown.values()), ([_figure(check[name]) for name in shown] for check in checks))


def _figure(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else None
    return value


def _wide_console() -> VisibleConsole:
    # Folded cells of a narrow terminal are unreadable, so lines may exceed its width.
    return console(soft_wrap=False, width=max(console().width, WIDTH))


def _cell(value: Any) -> Text:
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("-" if value is None else f"{value:,}" if isinstance(value, int | float) else visible(str(value)))


def _short(value: Any) -> str:
    return label(" ".join(str(value).split()), LONGEST_VALUE) if str(value) else ""
