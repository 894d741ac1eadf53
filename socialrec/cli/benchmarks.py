"""`socialrec bench …`: one command per benchmark."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from socialrec.cli.options import HomeOption, JsonOption
from socialrec.errors import UserError
from socialrec.settings import load_settings

SeedsOption = Annotated[int, typer.Option("--seeds", min=1, help="Number of splits to average over")]
WithoutOption = Annotated[
    str, typer.Option("--without", help="Signals to leave out by turns, such as social,opinion: paired tests")
]

bench = typer.Typer(no_args_is_help=True, help="Benchmarks against peers; each ends with one JSON object on a line.")


def _public_data() -> Path | None:
    """Folder of the public data sets that the environment names."""
    return Path(named) if (named := os.environ.get("SOCIALREC_DATA_DIR")) else None


@bench.command("etl")
def bench_etl(
    scale: Annotated[float, typer.Option("--scale", min=0.0001, help="1 is 10 million interactions")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the Spark jobs with DuckDB on the same tables: time, memory, growth."""
    from socialrec.bench.etl.benchmark import run as measure

    _print_result(measure(load_settings(home).scratch, scale=scale).to_json(), as_json)


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
    _print_result(measure(files, cutoffs_of(k), load_settings(home), options=options).to_json(), as_json)


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
    _print_result(found.to_json(), as_json)


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
    _print_result(found.to_json(), as_json)


@bench.command("topk")
def bench_topk(
    *,
    n_users: Annotated[int, typer.Option("--users", min=64)] = 100_000,
    n_products: Annotated[int, typer.Option("--products", min=1)] = 50_000,
    dim: Annotated[int, typer.Option("--dim", min=1)] = 128,
    k: Annotated[int, typer.Option("--k", min=1, help="Length of a list")] = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare bulk top-K of generated vectors with faiss, implicit and Spark ALS: time, growth, memory, same lists."""
    from socialrec.bench.topk.benchmark import Size
    from socialrec.bench.topk.benchmark import run as measure

    _print_result(measure(Size(n_users, n_products, dim, k), load_settings(home)).to_json(), as_json)


@bench.command("night")
def bench_night(
    scale: Annotated[float, typer.Option("--scale", min=0.001, help="1 is 100,000 users and 50,000 products")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a learned blend's lists for everyone with plain lists by implicit and faiss: time on one core each."""
    from socialrec.bench.night import run as measure
    from socialrec.bench.scale import ShopSizes

    _print_result(measure(ShopSizes.of(scale / 2), load_settings(home)).to_json(), as_json)


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
    _print_result(measure(problem, settings, searches=searches).to_json(), as_json)


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
    _print_result(result.to_json(), as_json)


@bench.command("growth")
def bench_growth(
    scale: Annotated[float, typer.Option("--scale", min=0.001, help="1 is up to 400,000 users, 50,000 products")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the peak memory of driver, executor and trainer as the number of users grows eightfold."""
    from socialrec.bench.growth import run as measure

    _print_result(measure(load_settings(home).scratch, scale).to_json(), as_json)


@bench.command("without-text")
def bench_without_text(
    *,
    source: Annotated[str, typer.Option("--source", help="What to import: demo, lastfm, amazon, …")] = "demo",
    data: Annotated[Path | None, typer.Option("--data", help="Folder with the source's raw files")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare lists of a shop with its texts and without, by a paired test. With --home, on that home's newest day."""
    from socialrec.bench.ranking.keys import made_home, read_newest
    from socialrec.bench.ranking.without_text import run as measure

    settings = load_settings(home)
    if home is not None:
        result = measure(read_newest(settings), settings)
    else:
        with made_home(settings.scratch, source, data) as made:
            result = measure(read_newest(made), made)
    _print_result(result.to_json(), as_json)


@bench.command("scale")
def bench_scale(
    scale: Annotated[float, typer.Option("--scale", min=0.0001, help="1 is 10 million interactions")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a generated shop of 200,000 users and 100,000 products and list for everyone: time and memory."""
    from socialrec.bench.scale import ShopSizes
    from socialrec.bench.scale import run as measure

    _print_result(measure(ShopSizes.of(scale), load_settings(home)).to_json(), as_json)


@bench.command("orchestration")
def bench_orchestration(
    scale: Annotated[float, typer.Option("--scale", min=0.01, help="1 is the demo world as it is")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure Airflow's share of a night over the same job programs in a plain loop, and the seconds between tasks."""
    from socialrec.bench.orchestration import run as measure

    _print_result(measure(load_settings(home), scale).to_json(), as_json)


@bench.command("first-nights")
def bench_first_nights(
    only: Annotated[
        str | None, typer.Option("--only", help="Names of worlds, separated by commas; by default all")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run first nights of many worlds without Airflow: full lists and true reasons for everybody; one line per
    world.
    """
    from socialrec.bench.first_nights.benchmark import run as measure

    line = measure(only.split(",") if only else ())
    _print_result(line, as_json)
    found = json.loads(line)
    raise typer.Exit(int(found["succeeded"] < found["worlds"]))


@bench.command("encode")
def bench_encode(
    *,
    data: Annotated[Path | None, typer.Option("--data", help="CSV or TSV of texts; else the demo world's")] = None,
    column: Annotated[str, typer.Option("--column", help="Column of --data with the texts")] = "text",
    language: Annotated[
        Literal["en", "zh"], typer.Option("--language", help="Without --data: the demo world, or zh-shopping's reviews")
    ] = "en",
    n_texts: Annotated[int, typer.Option("--texts", min=11, help="Number of distinct texts")] = 2000,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of encoding for each side")] = 3,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare bulk encoding with sentence-transformers: time, and agreement on nearest neighbours."""
    from socialrec.bench.text.encode import chinese_texts, demo_texts
    from socialrec.bench.text.encode import run as measure
    from socialrec.bench.text.tables import read_columns

    settings = load_settings(home).text
    if data:
        texts = read_columns(data, [column])[0]
    else:
        texts = chinese_texts(_public_data()) if language == "zh" else demo_texts(n_texts, settings.seed)
    _print_result(measure(texts, n_texts, rounds, settings).to_json(), as_json)


@bench.command("finetune")
def bench_finetune(
    *,
    data: Annotated[Path | None, typer.Option("--data", help="CSV or TSV of pairs; else the demo world's")] = None,
    columns: Annotated[str, typer.Option("--columns", help="Columns of comments and products")] = "comment,product",
    batch: Annotated[int, typer.Option("--batch", min=2, help="Pairs in a batch")] = 32,
    steps: Annotated[int, typer.Option("--steps", min=4, help="Steps of each side")] = 30,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of training for each side")] = 1,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare fine-tuning on pairs with sentence-transformers' Trainer: seconds per step, and loss on held-out
    pairs.
    """
    from socialrec.bench.text.finetune import HELD_OUT, demo_pairs, read_pairs
    from socialrec.bench.text.finetune import run as measure
    from socialrec.bench.text.tables import read_columns

    settings = load_settings(home).text
    names = columns.split(",")
    if len(names) != 2:
        raise UserError(f"--columns {columns!r} must name two columns, such as comment,product")
    pairs = read_pairs(*read_columns(data, names)) if data else demo_pairs(batch * steps + HELD_OUT, settings.seed)
    _print_result(measure(pairs, batch, steps, rounds, settings).to_json(), as_json)


@bench.command("gpu")
def bench_gpu(
    *,
    small: Annotated[bool, typer.Option("--small", help="Sizes that a processor does in three minutes")] = False,
    weights: Annotated[Path | None, typer.Option("--weights", help="Folder of a MiniLM; else random weights")] = None,
    texts: Annotated[Path | None, typer.Option("--texts", help="File of texts, one a line; else made ones")] = None,
    parts: Annotated[str | None, typer.Option("--parts", help="Parts, separated by commas; by default all")] = None,
    page: Annotated[Path, typer.Option("--page", help="File of the page with plots")] = Path("gpu.html"),
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove what runs on a GPU, part by part beside peers, and write a page of plots; `text.device` names the device.

    `make gpu` does the same where little is installed.
    """
    from socialrec.bench.gpu.benchmark import PARTS
    from socialrec.bench.gpu.benchmark import run as measure
    from socialrec.bench.gpu.part import Setup

    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(Path(folder), small, load_settings(home).text.device, weights, texts)
        found = measure(setup, parts.split(",") if parts else PARTS, page)
    _print_result(json.dumps(found), as_json)
    raise typer.Exit(int(bool(found["failed"])))


@bench.command("text")
def bench_text(
    *,
    task: Annotated[
        str | None, typer.Option("--task", help="sst2, womens-sentiment, … or several of one data set: A,B")
    ] = None,
    beside: Annotated[
        str | None, typer.Option("--beside", help="Other labels of the same texts to learn on the way: A,B")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with the public data sets; else SOCIALREC_DATA_DIR")
    ] = None,
    train: Annotated[Path | None, typer.Option("--train", help="Your own TSV with the header `text label`")] = None,
    test: Annotated[Path | None, typer.Option("--test", help="Your own TSV for scoring, in the same format")] = None,
    few: Annotated[
        int | None, typer.Option("--few", min=10, help="Learn from so many texts, with the encoder frozen")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Number of seeds to train with, or of draws")] = 1,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare fine-tuning with two baselines, or one model for several tasks with one each, on a fixed split.

    The settings under `text` apply; where they are silent, the whole encoder is tuned in up to 1,200 steps.
    """
    from socialrec.bench.text.benchmark import run as measure
    from socialrec.bench.text.few import run as measure_few
    from socialrec.bench.text.recipe import with_recipe
    from socialrec.bench.text.tasks import load_beside, load_files, load_task, load_together
    from socialrec.bench.text.together import run as compare

    text = load_settings(home).text
    names = task.split(",") if task else []
    data = data or (_public_data() if task else None)
    if beside and (len(names) != 1 or not data):
        raise UserError("--beside goes with one --task and --data")
    if len(names) > 1 and data and not (train or test):
        tasks = load_together(names, data)
        _print_result(compare(tasks, with_recipe(text, tasks[0])).to_json(), as_json)
        return
    if task and data and not (train or test):
        loaded = load_task(task, data)
    elif train and test and not (task or data):
        loaded = load_files(train, test)
    else:
        raise UserError("give --task with --data, or --train with --test")
    if few is not None:
        _print_result(measure_few(loaded, few, with_recipe(text, loaded), seeds).to_json(), as_json)
        return
    others = load_beside(loaded, beside.split(","), data) if beside and data else []
    _print_result(measure(loaded, with_recipe(text, loaded), seeds, others).to_json(), as_json)


@bench.command("answers")
def bench_answers(
    *,
    data: Annotated[Path, typer.Option("--data", help="Folder with product-qa, clinc150 or both")],
    ranking: Annotated[
        Path | None, typer.Option("--ranking", help="Your own TSV to rank: qid, question, candidate, label")
    ] = None,
    decide: Annotated[
        Path | None, typer.Option("--decide", help="Your own TSV to decide about, in the same format")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank evidence for questions, decide when to answer, and recognise intents, beside BM25 and the untrained
    encoder.
    """
    from socialrec.bench.answers.benchmark import run as measure

    _print_result(measure(data, load_settings(home), ranking=ranking, decide=decide).to_json(), as_json)


@bench.command("aspects")
def bench_aspects(
    *,
    data: Annotated[Path, typer.Option("--data", help="Folder with the public data sets")],
    part: Annotated[Literal["dev", "test"], typer.Option("--part", help="Part to score; choose on dev")] = "dev",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare aspects and their sentiment by clause with word lists and the mood of the whole text, on ACOS."""
    from socialrec.bench.text.aspects import run as measure

    _print_result(measure(data, part, load_settings(home).text).to_json(), as_json)


@bench.command("pictures")
def bench_pictures(
    *,
    data: Annotated[Path, typer.Option("--data", help="Folder with the public data sets")],
    speed: Annotated[bool, typer.Option("--speed", help="Measure the speed of encoding alone")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name the class of photographed clothing with the encoder as it is and tuned, and time encoding beside a loop."""
    from socialrec.bench.pictures.benchmark import run as measure
    from socialrec.bench.pictures.tuning import TuningRecipe

    _print_result(measure(data, load_settings(home), TuningRecipe(), speed_alone=speed).to_json(), as_json)


def _print_result(line: str, as_json: bool) -> None:
    print(line if as_json else json.dumps(json.loads(line), indent=2))
