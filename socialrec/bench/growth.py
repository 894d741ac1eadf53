"""Peak memory of a night and of a training as the number of users grows: of driver, executor and trainer."""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from socialrec import tracking
from socialrec.bench.children import Finished, run_child
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.result import BenchResult, versions
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import SOCIAL_TIES, TEXT_EMBEDDINGS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import read_inputs
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.fits import fit_everything
from socialrec.settings import ENV_PREFIX, Settings, load_settings

NAME = "growth"
SEED, DS, ENCODER_VERSION, RUN_ID = 20261127, "2026-01-31", "bench-000000000000", "bench"
SHARES = (1, 2, 4, 8)
N_PAIRS, N_TIES, N_TEXTS, TEXT_DIM, USERS_AT_ONCE = 10, 5, 1_000, 64, 25_000
MAX_SLOPE = 0.1
HEAPS = "-Xms1g -XX:+AlwaysPreTouch"
"""Options of Java by which the heaps of driver and executor have their whole size at every number of users."""
SETTINGS = f"""
spark.master = "local-cluster[1,2,1024]"
spark.driver_memory = "1g"
spark.executor_memory = "1g"
spark.conf."spark.executor.extraJavaOptions" = "{HEAPS}"
recommend.max_dimension = 2000
recommend.factor_dim = 32
"""
"""An executor of its own, and fits whose size depends on the products alone and is small."""
WEIGHTS = {"factors": 0.5, "social": 0.2, "content": 0.15, "community": 0.05, "popularity": 0.1}
_JOBS = Path(__file__).resolve().parents[2] / "jobs"


@dataclass(frozen=True)
class Peaks:
    """Peak memory in MiB at one number of users."""

    n_users: int
    driver: int
    executor: int
    trainer: int


def run(scratch: Path, scale: float = 1.0, progress: Progress = to_standard_error) -> BenchResult:
    """Measure at 50,000, 100,000, 200,000 and 400,000 users and 50,000 products, times the scale.

    `slope_…` is the least squares slope of log memory over log users. Works in a folder of its own below `scratch`, and
    removes it.
    """
    work, n_products = scratch / f"bench-{NAME}-{os.getpid()}", max(100, int(50_000 * scale))
    peaks: list[Peaks] = []
    seconds: dict[str, float] = {}
    try:
        for share in SHARES:
            n_users = max(100, int(50_000 * scale)) * share
            found, spent = _measure(work / str(n_users), work / "model", n_users, n_products)
            shutil.rmtree(work / str(n_users))
            progress(f"{n_users:,} users: {found}")
            peaks.append(found)
            seconds |= {f"{job}_at_{n_users}": round(each, 1) for job, each in spent.items()}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _result(peaks, seconds, n_products)


def slope(n_users: Sequence[int], mib: Sequence[int]) -> float:
    """Least squares slope of log memory over log users."""
    logs = [math.log(max(each, 1)) for each in mib]
    return statistics.linear_regression([math.log(n) for n in n_users], logs).slope


def _result(peaks: Sequence[Peaks], seconds: dict[str, float], n_products: int) -> BenchResult:
    users = [each.n_users for each in peaks]
    slopes = {
        f"slope_{who}": round(slope(users, [getattr(each, who) for each in peaks]), 3)
        for who in ("driver", "executor", "trainer")
    }
    at_sizes = {
        f"{who}_mib_at_{each.n_users}": getattr(each, who)
        for each in peaks
        for who in ("driver", "executor", "trainer")
    }
    return BenchResult(
        name=NAME,
        metrics={"n_products": n_products, **slopes, **at_sizes, "targets_met": max(slopes.values()) <= MAX_SLOPE},
        seconds=seconds,
        peak_mib=max(max(each.driver + each.executor, each.trainer) for each in peaks),
        peers={},
        ratios={},
        versions=versions(["pyspark", "pyarrow", "deltalake"]),
    )


def _measure(home: Path, model: Path, n_users: int, n_products: int) -> tuple[Peaks, dict[str, float]]:
    """Build the features of a shop, score it by a model of the smallest shop, and train on it."""
    home.mkdir(parents=True)
    own = f'services.mlflow_uri = "sqlite:///{home}/mlflow.db"\n'
    # Executors of this kind of cluster ask for a secret, which local mode makes by itself.
    own += f'spark.conf."spark.authenticate.secret" = "{secrets.token_hex(16)}"\n'
    (home / "settings.toml").write_text(own + SETTINGS)
    settings = load_settings(home)
    fill(Lake(settings.lake), n_users, n_products)
    if not model.exists():
        _fit(settings, model)
    _pin(settings, model)
    trained = tracking.connect(settings).start_training(NAME, {}, {})
    encoder = ("--encoder-version", ENCODER_VERSION)
    jobs = {
        "build_features": encoder,
        "score_recommendations": (),
        "fit_recommender": (*encoder, "--mlflow-run", trained, "--dry-run"),
    }
    done = {job: _job(home, job, *arguments) for job, arguments in jobs.items()}
    night = (done["build_features"], done["score_recommendations"])
    peaks = Peaks(
        n_users,
        max(each.driver_mib for each in night),
        max(each.executor_mib for each in night),
        done["fit_recommender"].peak_mib,
    )
    return peaks, {job: each.seconds for job, each in done.items()}


def _job(home: Path, job: str, *arguments: str) -> Finished:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    kept["SPARK_SUBMIT_OPTS"] = HEAPS
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_JOBS.parent), kept.get("PYTHONPATH", "")]))
    about = ("--home", str(home), "--ds", DS, "--run-id", RUN_ID)
    return run_child([sys.executable, str(_JOBS / f"{job}.py"), *about, *arguments], kept)


def _fit(settings: Settings, folder: Path) -> None:
    """Fit the model that all sizes are scored by."""
    inputs = read_inputs(Lake(settings.lake), DS, ENCODER_VERSION)
    weights = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | WEIGHTS
    split = make_split(inputs.interactions, settings.evaluate)
    fit_everything(inputs, split, settings, weights, ENCODER_VERSION).save(folder)


def _pin(settings: Settings, model: Path) -> None:
    """Leave the receipt of `pin_models` for this model."""
    folder = settings.models / "bench"
    shutil.copytree(model, folder)
    pins = {"recommender_version": "1", "model_kind": "trained", "encoder_version": ENCODER_VERSION, "trained_run": "t"}
    receipt = settings.run_folder(RUN_ID) / "pin_models.json"
    receipt.parent.mkdir(parents=True, exist_ok=True)
    receipt.write_text(json.dumps({**pins, "recommender_folder": str(folder)}), encoding="utf-8")


def fill(lake: Lake, n_users: int, n_products: int) -> None:
    """Fill the tables that a night and a training read, some users at a time: seeded, each user alike."""
    rng = np.random.default_rng(SEED)
    texts = pa.array([f"t{number:05}" for number in range(N_TEXTS + n_products)])
    vectors = rng.standard_normal((len(texts), TEXT_DIM), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    embedded = {"text_hash": texts, "embedding": list(vectors), "encoder_version": ENCODER_VERSION}
    _write(lake, TEXT_EMBEDDINGS, ENCODER_VERSION, [embedded])
    ids = _names("p", np.arange(n_products))
    described = {"product_id": ids, "title": ids, "text": ids, "text_hash": texts[N_TEXTS:], "is_active": True}
    categories = _names("c", np.arange(n_products) % 50)
    _write(lake, SILVER_PRODUCTS, DS, [{**described, "category": categories, "first_seen_ds": "2026-01-01"}])
    parts = [np.arange(start, min(start + USERS_AT_ONCE, n_users)) for start in range(0, n_users, USERS_AT_ONCE)]
    for table, columns in (
        (SILVER_INTERACTIONS, _events),
        (USER_PRODUCT_AFFINITY, _sums),
        (SOCIAL_TIES, _ties),
        (SILVER_COMMENTS, _comments),
        (USER_PROFILES, _profiles),
    ):
        _write(lake, table, DS, (columns(users, n_users, n_products) for users in parts))


def _write(lake: Lake, table: Table, partition: str, parts: Sequence[Any] | Iterator[dict[str, Any]]) -> None:
    """Commit rows made column by column; single values fill their column, and columns without values are null."""
    with lake.stage(table, job=NAME, partitions=[partition]) as stage:
        for columns in parts:
            n = max(len(values) for values in columns.values() if not isinstance(values, str | bool | int | float))
            filled = {"platform": "shop", "ds": DS} | columns
            arrays = [_column(filled.get(field.name), n, field.type) for field in arrow_schema(table)]
            stage.write(pa.table(arrays, schema=arrow_schema(table)))
        stage.commit(fingerprint=NAME)


def _column(values: Any, n: int, kind: pa.DataType) -> pa.Array:
    if values is None:
        return pa.nulls(n, kind)
    if isinstance(values, str | bool | int | float):
        return pa.repeat(pa.scalar(values, kind), n)
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _names(prefix: str, numbers: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array([f"{prefix}{number:07d}" for number in numbers.tolist()])


def _keys(numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Keys as long as pseudonyms are."""
    return pa.array([f"{number:064x}" for number in numbers.tolist()])


def _pairs(users: npt.NDArray[np.int64], n_products: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each user's products, distinct: popular ones first, in an order of the user's own."""
    rng = np.random.default_rng([SEED, int(users[0])])
    start = np.floor(n_products * rng.random(len(users)) ** 3).astype(np.int64)
    step = 1 + rng.integers(0, max(n_products // N_PAIRS - 1, 1), len(users))
    products = (start[:, None] + step[:, None] * np.arange(N_PAIRS)) % n_products
    return np.repeat(users, N_PAIRS), products.ravel()


def _events(users: npt.NDArray[np.int64], n_users: int, n_products: int) -> dict[str, Any]:
    del n_users
    who, products = _pairs(users, n_products)
    return {
        "event_id": _names("e", np.arange(len(who)) + int(users[0]) * N_PAIRS),
        "user_key": _keys(who),
        "product_id": _names("p", products),
        "event_type": "click",
        "event_ts": _times(len(who)),
        "quantity": 1.0,
        "is_late": False,
    }


def _sums(users: npt.NDArray[np.int64], n_users: int, n_products: int) -> dict[str, Any]:
    events = _events(users, n_users, n_products)
    micros = {"affinity_micros": 1_000_000, "settled_micros": 1_000_000, "settled_ds": DS}
    counts = {"n_events": 1, "n_favourable": 1, "n_returns": 0}
    return {"user_key": events["user_key"], "product_id": events["product_id"], **micros, **counts} | {
        "last_event_ts": events["event_ts"]
    }


def _times(n: int) -> list[datetime]:
    """Times of a user's products, the first the oldest, over 30 days."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    return [first + timedelta(days=3 * (place % N_PAIRS), seconds=place % 86_400) for place in range(n)]


def _ties(users: npt.NDArray[np.int64], n_users: int, n_products: int) -> dict[str, Any]:
    """Follows of users near each other."""
    del n_products
    who = np.repeat(users, N_TIES)
    steps = np.random.default_rng([SEED, 1, int(users[0])]).integers(1, min(50, n_users // 6), len(who))
    return {
        "user_key": _keys(who),
        "neighbour_key": _keys((who + np.cumsum(steps.reshape(-1, N_TIES), axis=1).ravel()) % n_users),
        **{"is_follow": True, "is_mutual": False, "replies_micros": 0, "settled_micros": 0},
    }


def _comments(users: npt.NDArray[np.int64], n_users: int, n_products: int) -> dict[str, Any]:
    del n_users
    text = users % N_TEXTS
    return {
        "comment_id": _names("c", users),
        "user_key": _keys(users),
        "product_id": _names("p", users % n_products),
        "text": _names("text ", text),
        "text_hash": pa.array([f"t{number:05}" for number in text.tolist()]),
        **{"language": "en", "rating": 5.0, "is_late": False},
    }


def _profiles(users: npt.NDArray[np.int64], n_users: int, n_products: int) -> dict[str, Any]:
    del n_users, n_products
    counts = {"n_interactions": N_PAIRS, "n_products": N_PAIRS, "n_comments": 1, "n_follows": N_TIES}
    parts: dict[str, Any] = dict.fromkeys(("categories", "interests", "commented", "labelled"), [[]] * len(users))
    return {"user_key": _keys(users), **counts, **parts}
