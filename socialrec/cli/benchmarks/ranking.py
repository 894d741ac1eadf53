"""Benchmarks of lists: their quality on public pairs and on your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from socialrec.cli.benchmarks.app import SeedsOption, WithoutOption, bench, print_result
from socialrec.cli.options import HomeOption, JsonOption
from socialrec.errors import UserError
from socialrec.settings import load_settings


@bench.command("ranking")
def bench_ranking(
    *,
    train: Annotated[Path, typer.Option("--train", help="Pairs to learn from: user item [weight] [time]")],
    test: Annotated[Path, typer.Option("--test", help="Pairs to find: user item")],
    valid: Annotated[Path | None, typer.Option("--valid", help="Pairs to choose by; else a tenth of train")] = None,
    social: Annotated[Path | None, typer.Option("--social", help="Ties: user friend")] = None,
    item_text: Annotated[Path | None, typer.Option("--item-text", help="Texts: item text")] = None,
    k: Annotated[str, typer.Option("--k", help="Cutoffs; settings are chosen for the first")] = "10,20",
    protocol: Annotated[
        Literal["refit", "published"],
        typer.Option("--protocol", help="Refitted on train and valid; or as published: learned from train alone"),
    ] = "refit",
    ordered: Annotated[
        bool, typer.Option("--ordered", help="Rows are oldest first; else only a column time orders")
    ] = False,
    cold_products: Annotated[
        float, typer.Option("--cold-products", min=0, max=0.5, help="Share of products to take out of all learning")
    ] = 0.0,
    cold_users: Annotated[
        float, typer.Option("--cold-users", min=0, max=0.5, help="Share of users with ties to know by these alone")
    ] = 0.0,
    text_dim: Annotated[
        int | None, typer.Option("--text-dim", min=1, help="Length of the texts' vectors: more tell rare words apart")
    ] = None,
    without: WithoutOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure ranking quality on your own pairs (tab-separated, with a header) beside popularity, neighbours, ALS."""
    from socialrec.bench.ranking.benchmark import RankingOptions, cutoffs_of
    from socialrec.bench.ranking.benchmark import run as measure
    from socialrec.bench.ranking.without import signals_of

    files = {"train": train, "test": test, "valid": valid, "social": social, "item_text": item_text}
    options = RankingOptions(protocol == "published", ordered, cold_products, cold_users, signals_of(without), text_dim)
    print_result(measure(files, cutoffs_of(k), load_settings(home), options=options).to_json(), as_json)


@bench.command("lastfm")
def bench_lastfm(
    data: Annotated[Path, typer.Option("--data", help="Folder with the raw files and sociallgn_split/")],
    protocol: Annotated[Literal["recbole", "sociallgn"], typer.Option("--protocol")] = "recbole",
    seeds: SeedsOption = 5,
    *,
    without: WithoutOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure ranking quality on Last.fm by the protocols of published social recommenders."""
    from socialrec.bench.ranking.lastfm import run as measure
    from socialrec.bench.ranking.without import signals_of

    found = measure(protocol, seeds, data, load_settings(home), without=signals_of(without))
    print_result(found.to_json(), as_json)


@bench.command("filmtrust")
def bench_filmtrust(
    data: Annotated[Path, typer.Option("--data", help="Folder with ratings.txt.gz and trust.txt.gz")],
    seeds: SeedsOption = 5,
    without: WithoutOption = "opinion",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure on FilmTrust what opinions of trusted people add to the lists."""
    from socialrec.bench.ranking.filmtrust import run as measure
    from socialrec.bench.ranking.without import signals_of

    found = measure(seeds, data, load_settings(home), without=signals_of(without))
    print_result(found.to_json(), as_json)


@bench.command("without-text")
def bench_without_text(
    *,
    source: Annotated[str, typer.Option("--source", help="What to import: demo, lastfm, amazon, …")] = "demo",
    data: Annotated[Path | None, typer.Option("--data", help="Folder with the source's raw files")] = None,
    seeds: SeedsOption = 1,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare lists of a shop with its texts and without, by a paired test. With --home, on that home's newest day."""
    from socialrec.bench.ranking.keys import made_home, read_newest
    from socialrec.bench.ranking.without_text import run as measure

    settings = load_settings(home)
    if home is not None:
        result = measure(read_newest(settings), settings, seeds)
    else:
        with made_home(settings.scratch, source, data) as made:
            result = measure(read_newest(made), made, seeds)
    print_result(result.to_json(), as_json)


@bench.command("fit")
def bench_fit(
    *,
    data: Annotated[Path | None, typer.Option("--data", help="Last.fm: folder with the raw files")] = None,
    train: Annotated[Path | None, typer.Option("--train", help="Or pairs to learn from: user item [weight]")] = None,
    test: Annotated[Path | None, typer.Option("--test", help="Pairs to find: user item")] = None,
    valid: Annotated[Path | None, typer.Option("--valid", help="Pairs to choose by; else a tenth of train")] = None,
    social: Annotated[Path | None, typer.Option("--social", help="Ties: user friend")] = None,
    item_text: Annotated[Path | None, typer.Option("--item-text", help="Texts: item text")] = None,
    searches: Annotated[bool, typer.Option("--search", help="Search the signals' settings first")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time fitting of the model, without the search of its settings, beside implicit's ALS."""
    from socialrec.bench.ranking.benchmark import read_problem
    from socialrec.bench.ranking.fit import run as measure
    from socialrec.bench.ranking.lastfm import LastFmTables

    settings = load_settings(home)
    if data and not (train or test):
        problem = LastFmTables(data).problem("recbole", 0)
    elif train and test and not data:
        files = {"train": train, "test": test, "valid": valid, "social": social, "item_text": item_text}
        problem = read_problem(files, settings.evaluate.seed)
    else:
        raise UserError("give --data, or --train with --test")
    print_result(measure(problem, settings, searches=searches).to_json(), as_json)


@bench.command("keys")
def bench_keys(
    *,
    n_keys: Annotated[int, typer.Option("--keys", min=2, help="Secret keys to train under")] = 20,
    source: Annotated[str, typer.Option("--source", help="What to import: demo, lastfm, …")] = "demo",
    data: Annotated[Path | None, typer.Option("--data", help="Folder with the source's raw files")] = None,
    deals: Annotated[bool, typer.Option("--deals", help="Also train in the random order of the pseudonyms")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare weights and NDCG of trainings of one shop under many secret keys. With --home, on that home's
    newest day.
    """
    from socialrec.bench.ranking.keys import made_home, read_newest
    from socialrec.bench.ranking.keys import run as measure

    settings = load_settings(home)
    if home is not None:
        result = measure(read_newest(settings), settings, n_keys, deals=deals)
    else:
        with made_home(settings.scratch, source, data) as made:
            result = measure(read_newest(made), made, n_keys, deals=deals)
    print_result(result.to_json(), as_json)
