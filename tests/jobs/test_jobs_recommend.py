"""The training chain and the scoring chain on a tiny lake, with a real MLflow server and real Spark."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from socialrec import job, tracking
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    RECOMMENDATIONS,
    SOCIAL_TIES,
    TEXT_EMBEDDINGS,
    USER_PRODUCT_AFFINITY,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.model import Recommender
from socialrec.recommend.scoring import recommend_everyone
from socialrec.settings import Settings, load_settings
from socialrec.tracking import ENCODER, RECOMMENDER

sys.path.insert(0, str(Path(__file__).parents[2] / "jobs"))
DS, ENCODER_VERSION = "2026-03-31", "tiny-000000000000"
N_USERS, N_PRODUCTS, LENGTH = 24, 30, 5


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)})
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        yield url
        process.terminate()
        process.wait()


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
    tie = {"strength": 1.0, "is_follow": True, "is_mutual": False, "replies_micros": 0, "n_co_interest": 0, **here}
    ring = [{"user_key": user(i), "neighbour_key": user((i + 2) % N_USERS), **tie} for i in range(N_USERS)]
    write(lake, SOCIAL_TIES, DS, ring)
    vectors = [(f"h{p}", [float(i < 15), float(i >= 15), 0.1 * i]) for i, p in enumerate(products)] + [
        ("hc", [1.0, 0.0, 0.0])
    ]
    embedded = [{"text_hash": h, "embedding": v, "encoder_version": ENCODER_VERSION} for h, v in vectors]
    write(lake, TEXT_EMBEDDINGS, ENCODER_VERSION, embedded)
    rollup = [
        {**c, "affinity_micros": 1_000_000, "n_events": 1, "last_event_ts": c["event_ts"], **here} for c in clicks
    ]
    write(lake, USER_PRODUCT_AFFINITY, DS, rollup)
    zeros = {
        "n_interactions": 10,
        "n_products": 10,
        "n_comments": 1,
        "n_follows": 1,
        "top_categories": [],
        "text": "likes",
    }
    keys = [*map(user, range(N_USERS)), "nobody"]
    write(lake, USER_PROFILES, DS, [{"user_key": key, **zeros, "text_hash": "hp", **here} for key in keys])


@pytest.fixture(scope="module")
def shop(server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a filled lake and a champion that came out of the training chain."""
    home = tmp_path_factory.mktemp("home")
    lines = [f'services.mlflow_uri = "{server}"', f"recommend.list_length = {LENGTH}", "recommend.block_users = 7"]
    (home / "settings.toml").write_text("\n".join([*lines, "recommend.ridge = 5.0", "evaluate.cutoff = 5"]))
    settings = load_settings(home)
    fill(Lake(settings.lake))
    assert train(settings, "train1")["status"] == "promoted"
    return settings


def call(settings: Settings, name: str, *arguments: str, run_id: str = "r1") -> dict[str, Any]:
    module = importlib.import_module(name)
    assert module.main(["--ds", DS, "--home", str(settings.home), "--run-id", run_id, *arguments]) == 0
    return job.receipt(settings, run_id, name)


def train(settings: Settings, run_id: str) -> dict[str, Any]:
    tracker = tracking.connect(settings)
    mlflow_run = tracker.start_training(run_id, {}, {})
    folder = settings.home / "encoder"
    folder.mkdir(exist_ok=True)
    (folder / "weights").write_text("tiny")
    tracker.log_folder(mlflow_run, folder, "encoder")
    encoder = tracker.register(mlflow_run, "encoder", ENCODER, {"encoder_version": ENCODER_VERSION})
    about = ["--mlflow-run", mlflow_run, "--encoder-version", ENCODER_VERSION]
    call(settings, "fit_recommender", *about, run_id=run_id)
    call(settings, "evaluate_recommender", *about, run_id=run_id)
    return call(settings, "promote_model", *about, "--encoder-model-version", encoder, run_id=run_id)


def test_the_first_training_becomes_champion_with_its_encoder(shop: Settings) -> None:
    tracker = tracking.connect(shop)
    champion, encoder = tracker.champion(RECOMMENDER), tracker.champion(ENCODER)
    assert champion is not None
    assert encoder is not None
    assert champion.tags["encoder_model_version"] == encoder.version
    assert champion.tags["split_kind"] == "time"
    figures = tracker.metrics(champion.run_id)
    assert figures["test/ndcg_at_5"] > figures["test/popularity_ndcg_at_5"]
    assert {"val/ndcg_at_5", "val/social_ndcg_at_5", "blend/content"} <= set(figures)


def test_the_same_recipe_on_the_same_day_is_refused_and_the_champion_stays(shop: Settings) -> None:
    before = tracking.connect(shop).champion(RECOMMENDER)
    receipt = train(shop, "train2")
    assert receipt["status"] == "refused"
    assert "not better" in receipt["reasons"][0]
    assert receipt["figures"]["champion"] == receipt["figures"]["candidate"]
    assert tracking.connect(shop).champion(RECOMMENDER) == before


def test_a_dry_run_of_fitting_keeps_nothing(shop: Settings) -> None:
    receipt = call(shop, "fit_recommender", "--mlflow-run", "x", "--encoder-version", ENCODER_VERSION, "--dry-run")
    assert receipt["status"] == "dry_run"
    assert not (shop.models / "candidates" / "x").exists()


def test_fitting_without_vectors_says_what_to_run(shop: Settings) -> None:
    with pytest.raises(UserError, match="run embed_texts first"):
        call(shop, "fit_recommender", "--mlflow-run", "x", "--encoder-version", "other")


def test_a_night_scores_everyone_publishes_once_and_reports(shop: Settings, spark: SparkSession) -> None:
    assert call(shop, "pin_models", "--check")["has_champion"]
    pins = call(shop, "pin_models")
    assert Path(pins["recommender_folder"], "model.json").exists()
    scored = call(shop, "score_recommendations")
    assert scored["counts"] == {"users": N_USERS + 1, "published": (N_USERS + 1) * LENGTH}
    published = call(shop, "publish_recommendations")
    assert (published["status"], published["changed_rows"]) == ("written", (N_USERS + 1) * LENGTH)
    exported = pq.read_table(shop.export / DS / "recommendations.parquet")
    assert set(exported["recommender_version"].to_pylist()) == {pins["recommender_version"]}
    report = call(shop, "report_run")
    summary = json.loads(Path(report["report"]).read_text())
    assert summary["evaluation"]["test/ndcg_at_5"] > 0
    assert summary["evaluation_label"].startswith("time cut")
    again = call(shop, "score_recommendations")
    assert again["status"] == "up_to_date"
    assert call(shop, "publish_recommendations")["changed_rows"] == 0


def test_the_same_night_scored_by_other_partitions_gives_the_same_rows(shop: Settings, spark: SparkSession) -> None:
    call(shop, "pin_models", run_id="r2")
    call(shop, "score_recommendations", run_id="r2")
    order = [("user_key", "ascending"), ("rank", "ascending")]
    rows = Lake(shop.lake).read(RECOMMENDATIONS, [DS]).sort_by(order)
    pins = job.receipt(shop, "r2", "pin_models")
    model = Path(pins["recommender_folder"])
    args = job.parser(None).parse_args(["--ds", DS, "--home", str(shop.home), "--run-id", "r2"])
    with job.run("check", args) as run:
        versions = {name: pins[name] for name in ("recommender_version", "encoder_version")}
        context = importlib.import_module("score_recommendations").read_context(run, model, versions)
    assert recommend_everyone(Recommender.load(model), context).sort_by(order).equals(rows)
    assert list((shop.scratch / "score_recommendations").iterdir()) == []


@pytest.mark.parametrize(("flags", "status"), [(("--sample", "0.5"), "sample"), (("--dry-run",), "dry_run")])
def test_a_sample_and_a_dry_run_commit_and_publish_nothing(
    shop: Settings, spark: SparkSession, flags: tuple[str, ...], status: str
) -> None:
    call(shop, "pin_models", run_id=status)
    before = Lake(shop.lake).version(RECOMMENDATIONS)
    scored = call(shop, "score_recommendations", *flags, run_id=status)
    assert scored["status"] == status
    assert 0 < scored["counts"]["users"] <= N_USERS + 1
    assert call(shop, "publish_recommendations", *flags, run_id=status)["status"] == status
    assert Lake(shop.lake).version(RECOMMENDATIONS) == before


def test_a_home_without_a_champion_says_so_and_why(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", f"sqlite:///{settings.home}/mlflow.db")
    assert call(settings, "pin_models", "--check")["has_champion"] is False
    with pytest.raises(UserError, match="no champion model: none was ever trained"):
        call(settings, "pin_models")


def test_a_version_that_does_not_exist_is_named(shop: Settings) -> None:
    with pytest.raises(UserError, match="has no version 999"):
        call(shop, "pin_models", "--model-version", "999", run_id="r9")
