"""A tiny shop on a lake of its own, and its jobs called as programs."""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from mlflow import MlflowClient

from socialrec import tracking
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import SOCIAL_TIES, TEXT_EMBEDDINGS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.runtime import job
from socialrec.settings import Settings, load_settings
from socialrec.tracking import ENCODER

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))
DS, ENCODER_VERSION = "2026-03-31", "tiny-000000000000"
N_USERS, N_PRODUCTS, LENGTH = 24, 30, 5


def write(lake: Lake, table: Table, partition: str, rows: list[dict[str, Any]]) -> None:
    filled = [{column.name: row.get(column.name) for column in table.columns} for row in rows]
    with lake.stage(table, job="test", partitions=[partition]) as stage:
        stage.write(pa.Table.from_pylist(filled, schema=arrow_schema(table)))
        stage.commit(fingerprint="test", counts={"published": len(rows)})


def user(number: int) -> str:
    return f"user{number:02}"


def fill(lake: Lake) -> None:
    """Users of two tastes, 40 days of clicks, one comment a user, a ring of friends, and one user without anything."""
    rng, start = np.random.default_rng(8), datetime(2026, 2, 20, tzinfo=UTC)
    here = {"platform": "shop", "ds": DS}
    clicks: list[dict[str, Any]] = []
    for number in range(N_USERS):
        liked = rng.permutation(15) + 15 * (number % 2)
        for place, product in enumerate(liked[:10]):
            moment = start + timedelta(days=4 * place, minutes=number)
            clicks.append({"user_key": user(number), "product_id": f"p{product:02}", "event_ts": moment})
    common = {"event_type": "click", "quantity": 1.0, "is_late": False, **here}
    write(lake, SILVER_INTERACTIONS, DS, [{"event_id": f"e{i}", **c, **common} for i, c in enumerate(clicks)])
    products = [f"p{number:02}" for number in range(N_PRODUCTS)]
    described = [
        {"product_id": p, "title": p, "text": f"thing {p}", "text_hash": f"h{p}", "is_active": True} for p in products
    ]
    write(lake, SILVER_PRODUCTS, DS, [{**d, "first_seen_ds": DS, **here} for d in described])
    said = {"text": "lovely thing", "text_hash": "hc", "language": "en", "created_ts": start, "is_late": False, **here}
    comments = [{"comment_id": f"c{i}", "user_key": user(i), "product_id": "p00", **said} for i in range(N_USERS)]
    write(lake, SILVER_COMMENTS, DS, comments)
    tie = {"is_follow": True, "is_mutual": False, **here}
    tie |= {"replies_micros": 0, "settled_micros": 0}
    ring = [{"user_key": user(i), "neighbour_key": user((i + 2) % N_USERS), **tie} for i in range(N_USERS)]
    write(lake, SOCIAL_TIES, DS, ring)
    vectors = [(f"h{p}", [float(i < 15), float(i >= 15), 0.1 * i]) for i, p in enumerate(products)] + [
        ("hc", [1.0, 0.0, 0.0])
    ]
    embedded = [{"text_hash": h, "embedding": v, "encoder_version": ENCODER_VERSION} for h, v in vectors]
    write(lake, TEXT_EMBEDDINGS, ENCODER_VERSION, embedded)
    sums = {
        "affinity_micros": 1_000_000,
        "settled_micros": 1_000_000,
        "settled_ds": DS,
        "n_events": 1,
        "n_favourable": 0,
        "n_returns": 0,
    }
    rollup = [{**c, **sums, "last_event_ts": c["event_ts"], **here} for c in clicks]
    write(lake, USER_PRODUCT_AFFINITY, DS, rollup)
    zeros = {
        "n_interactions": 10,
        "n_products": 10,
        "n_comments": 1,
        "n_follows": 1,
        **{"categories": [], "interests": [], "commented": [], "labelled": []},
    }
    keys = [*map(user, range(N_USERS)), "nobody"]
    write(lake, USER_PROFILES, DS, [{"user_key": key, **zeros, **here} for key in keys])


def call(settings: Settings, name: str, *arguments: str, run_id: str = "r1", ds: str = DS) -> dict[str, Any]:
    module = importlib.import_module(name)
    code = module.main(["--ds", ds, "--home", str(settings.home), "--run-id", run_id, *arguments])
    receipt = job.receipt(settings, run_id, name)
    assert code == (job.EXIT_REFUSED if receipt["status"] == "refused" else 0)
    return receipt


def candidate(settings: Settings, run_id: str, ds: str = DS) -> tuple[list[str], str]:
    """A fitted candidate: the arguments that name it, and its encoder's registered version."""
    tracker = tracking.connect(settings)
    mlflow_run = tracker.start_training(run_id, {}, {})
    folder = settings.candidate(mlflow_run) / "encoder"
    folder.mkdir(parents=True)
    (folder / "weights").write_text("tiny")
    tracker.log_folder(mlflow_run, folder, "encoder")
    encoder = tracker.register(mlflow_run, "encoder", ENCODER, {"encoder_version": ENCODER_VERSION})
    about = ["--mlflow-run", mlflow_run, "--encoder-version", ENCODER_VERSION]
    call(settings, "fit_recommender", *about, run_id=run_id, ds=ds)
    return about, encoder


def train(settings: Settings, run_id: str, ds: str = DS) -> dict[str, Any]:
    """A whole training but for the encoder's; the receipt of its gate."""
    about, encoder = candidate(settings, run_id, ds)
    call(settings, "evaluate_recommender", *about, run_id=run_id, ds=ds)
    return call(settings, "promote_model", *about, "--encoder-model-version", encoder, run_id=run_id, ds=ds)


def make_shop(home: Path, server: str, *lines: str) -> Settings:
    """A home with a filled lake and a champion that came out of the training chain; lines are further settings."""
    forget_models(server)
    settings_of_shop = [f'services.mlflow_uri = "{server}"', f"recommend.list_length = {LENGTH}"]
    settings_of_shop += [
        "recommend.block_users = 7",
        "recommend.regularization = 5.0",
        "evaluate.cutoff = 5",
        "evaluate.min_reasons_valid = 0.5",
        # Milliseconds of a user hang on what else the machine does; tests/evaluate holds the gate to their bound.
        "evaluate.max_cost_growth = 1000.0",
    ]
    settings_of_shop += lines
    (home / "settings.toml").write_text("\n".join(settings_of_shop))
    settings = load_settings(home)
    fill(Lake(settings.lake))
    assert train(settings, "train1")["status"] == "promoted"
    return settings


def forget_models(server: str) -> None:
    """Leave nothing of the models of an earlier shop: all tests share one server."""
    client = MlflowClient(server, server)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
