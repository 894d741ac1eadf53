"""Benchmarks of nights: seconds, memory and growth of generated shops, and whether first nights end well."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from socialrec.cli.benchmarks.app import bench, print_result
from socialrec.cli.options import HomeOption, JsonOption
from socialrec.settings import load_settings


@bench.command("etl")
def bench_etl(
    scale: Annotated[float, typer.Option("--scale", min=0.0001, help="1 is 10 million interactions")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the Spark jobs with DuckDB on the same tables: time, memory, growth."""
    from socialrec.bench.etl.benchmark import run as measure

    print_result(measure(load_settings(home).scratch, scale=scale).to_json(), as_json)


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

    print_result(measure(Size(n_users, n_products, dim, k), load_settings(home)).to_json(), as_json)


@bench.command("night")
def bench_night(
    scale: Annotated[float, typer.Option("--scale", min=0.001, help="1 is 100,000 users and 50,000 products")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a learned blend's lists for everyone with plain lists by implicit and faiss: time on one core each."""
    from socialrec.bench.night import run as measure
    from socialrec.bench.scale import ShopSizes

    print_result(measure(ShopSizes.of(scale / 2), load_settings(home)).to_json(), as_json)


@bench.command("scale")
def bench_scale(
    scale: Annotated[float, typer.Option("--scale", min=0.0001, help="1 is 10 million interactions")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a generated shop of 200,000 users and 100,000 products and list for everyone: time and memory."""
    from socialrec.bench.scale import ShopSizes
    from socialrec.bench.scale import run as measure

    print_result(measure(ShopSizes.of(scale), load_settings(home)).to_json(), as_json)


@bench.command("growth")
def bench_growth(
    scale: Annotated[float, typer.Option("--scale", min=0.001, help="1 is up to 400,000 users, 50,000 products")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the peak memory of driver, executor and trainer as the number of users grows eightfold."""
    from socialrec.bench.growth import run as measure

    print_result(measure(load_settings(home).scratch, scale).to_json(), as_json)


@bench.command("orchestration")
def bench_orchestration(
    scale: Annotated[float, typer.Option("--scale", min=0.01, help="1 is the demo world as it is")] = 1.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure Airflow's share of a night over the same job programs in a plain loop, and the seconds between tasks."""
    from socialrec.bench.orchestration import run as measure

    print_result(measure(load_settings(home), scale).to_json(), as_json)


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
    print_result(line, as_json)
    found = json.loads(line)
    raise typer.Exit(int(found["succeeded"] < found["worlds"]))
