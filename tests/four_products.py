"""A shop of four products whose lake is written by hand, for the jobs around the encoder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from socialrec import tracking
from socialrec.contracts.columns import Table
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.encoders.encoder import Encoder
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.runtime import job
from socialrec.settings import Settings, load_settings
from socialrec.tracking import ENCODER

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))
START, DS, NEXT_DS = datetime(2026, 1, 1, tzinfo=UTC), "2026-01-31", "2026-02-01"
PRODUCTS = {"shoe": "red", "lamp": "blue", "book": "green", "chair": "grey"}
"""What products are, and what comments call them."""


def write(lake: Lake, table: Table, ds: str, rows: Sequence[dict[str, Any]]) -> None:
    full = [{column.name: None for column in table.columns} | row | {"platform": "shop", "ds": ds} for row in rows]
    with lake.stage(table, job="test", partitions=[ds]) as stage:
        stage.write(pa.Table.from_pylist(full, schema=arrow_schema(table)))
        stage.commit(fingerprint="test")


def action(day: int, product: str) -> dict[str, Any]:
    when = {"event_ts": START + timedelta(days=day), "is_late": False}
    return {"event_id": f"e{day}", "user_key": f"u{day}", "product_id": product, "event_type": "click"} | when


def comment(day: int, product: str) -> dict[str, Any]:
    said = {"text": f"the {PRODUCTS[product]}", "text_hash": f"c{day}", "language": "en"}
    when = {"created_ts": START + timedelta(days=day), "is_late": False}
    return {"comment_id": f"c{day}", "user_key": f"u{day}", "product_id": product} | said | when


def description(product: str) -> dict[str, Any]:
    words = {"title": product, "text": product, "text_hash": product}
    return {"product_id": product, "is_active": True, "first_seen_ds": DS} | words


def texts(*said: str) -> list[dict[str, Any]]:
    return [{"text_hash": f"hash of {text}", "kind": "comment", "text": text, "language": "en"} for text in said]


def make_shop(home: Path, bert: Path, mlflow_server: str) -> Settings:
    """Twenty days of one click and one comment a day on four described products."""
    lines = [
        f'services.mlflow_uri = "{mlflow_server}"',
        "[text]",
        f'model = "{bert}"',
        "max_tokens = 16",
        'precision = "float32"',
    ]
    lines += ["train_steps = 10", "train_tokens = 32", "learning_rate = 0.02"]
    (home / "settings.toml").write_text("\n".join(lines), encoding="utf-8")
    settings = load_settings(home)
    lake, days = Lake(settings.lake), list(enumerate([*PRODUCTS] * 5))
    write(lake, SILVER_INTERACTIONS, DS, [action(*day) | {"quantity": 1.0} for day in days])
    write(lake, SILVER_COMMENTS, DS, [comment(*day) for day in days])
    write(lake, SILVER_PRODUCTS, DS, [description(product) for product in PRODUCTS])
    return settings


def call(settings: Settings, name: str, *arguments: str, ds: str = DS) -> dict[str, Any]:
    module = importlib.import_module(name)
    assert module.main(["--ds", ds, "--home", str(settings.home), *arguments]) == 0
    return job.receipt(settings, "manual", name)


def register(settings: Settings, encoder: Encoder) -> Path:
    """Register an encoder that nobody trained; its folder, as `pin_models` finds it."""
    tracker = tracking.connect(settings)
    run_id = tracker.start_training("an encoder", {}, {})
    encoder.save(settings.home / "made")
    tracker.log_folder(run_id, settings.home / "made", "encoder")
    tracker.finish(run_id)
    return tracker.fetch(ENCODER, tracker.register(run_id, "encoder", ENCODER, {}))


def train_encoder(settings: Settings) -> Path:
    """The folder of a tuned encoder, as `pin_models` finds it."""
    version = call(settings, "finetune_encoder")["encoder_model_version"]
    return tracking.connect(settings).fetch(ENCODER, version)
