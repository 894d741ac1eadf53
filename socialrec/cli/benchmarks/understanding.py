"""Benchmarks of encoders, and of what is understood of texts, questions and pictures."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from socialrec.cli.benchmarks.app import bench, print_result, public_data
from socialrec.cli.options import HomeOption, JsonOption
from socialrec.errors import UserError
from socialrec.settings import load_settings


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
        texts = chinese_texts(public_data()) if language == "zh" else demo_texts(n_texts, settings.seed)
    print_result(measure(texts, n_texts, rounds, settings).to_json(), as_json)


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
    print_result(measure(pairs, batch, steps, rounds, settings).to_json(), as_json)


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
    data = data or (public_data() if task else None)
    if beside and (len(names) != 1 or not data):
        raise UserError("--beside goes with one --task and --data")
    if len(names) > 1 and data and not (train or test):
        tasks = load_together(names, data)
        print_result(compare(tasks, with_recipe(text, tasks[0])).to_json(), as_json)
        return
    if task and data and not (train or test):
        loaded = load_task(task, data)
    elif train and test and not (task or data):
        loaded = load_files(train, test)
    else:
        raise UserError("give --task with --data, or --train with --test")
    if few is not None:
        print_result(measure_few(loaded, few, with_recipe(text, loaded), seeds).to_json(), as_json)
        return
    others = load_beside(loaded, beside.split(","), data) if beside and data else []
    print_result(measure(loaded, with_recipe(text, loaded), seeds, others).to_json(), as_json)


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

    print_result(measure(data, load_settings(home), ranking=ranking, decide=decide).to_json(), as_json)


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

    print_result(measure(data, part, load_settings(home).text).to_json(), as_json)


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

    print_result(measure(data, load_settings(home), TuningRecipe(), speed_alone=speed).to_json(), as_json)


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
    print_result(json.dumps(found), as_json)
    raise typer.Exit(int(bool(found["failed"])))
