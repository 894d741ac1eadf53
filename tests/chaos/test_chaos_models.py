"""Bad candidates stay out, a good one comes in, and going back brings the earlier champion's lists again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from safetensors.numpy import load_file, save_file
from tiny_shop import DS, ENCODER_VERSION, call, candidate, make_shop, train

from socialrec import tracking
from socialrec.contracts import TABLES
from socialrec.contracts.gold import MODEL_DECISIONS, RECOMMENDATIONS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.local_stack.home.kept import kept_models
from socialrec.recommend.model import DOCUMENT, TENSORS
from socialrec.recommend.signals import SIGNALS
from socialrec.settings import Settings
from socialrec.tracking import RECOMMENDER

NEXT_DAY = "2026-04-01"
Blow = Callable[..., None]


@pytest.fixture(scope="module")
def shop(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_shop(tmp_path_factory.mktemp("home"), mlflow_server)


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / DOCUMENT).read_text())
    change(document)
    (folder / DOCUMENT).write_text(json.dumps(document))


def blend(**weights: float) -> Callable[[Path], None]:
    every = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | weights
    return lambda folder: edit(folder, lambda document: document["weights"].update(every))


def without_numbers(folder: Path) -> None:
    tensors = load_file(folder / TENSORS)
    spoilt = next(name for name, tensor in sorted(tensors.items()) if tensor.dtype == np.float32)
    save_file({**tensors, spoilt: np.full_like(tensors[spoilt], np.nan)}, folder / TENSORS)


def cut(folder: Path) -> None:
    content = (folder / TENSORS).read_bytes()
    (folder / TENSORS).write_bytes(content[: len(content) // 2])


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "nan_weights": (blend(collaborative=float("nan")), "weights that are no shares"),
    "popularity_collapse": (blend(popularity=1.0), "of popularity (p 1.000): not better"),
    "leaked_future": (
        lambda folder: edit(folder, lambda document: document["info"].update(ds="2026-04-09")),
        "it was fitted on 2026-04-09, after the day it is tested on",
    ),
    "wrong_vocabulary": (
        lambda folder: edit(folder, lambda document: document.update(products=["x", "y"])),
        "its vocabulary is not the catalogue: 2 products unknown to the shop, 30 missing",
    ),
    "missing_file": (lambda folder: (folder / TENSORS).unlink(), "model.safetensors is missing"),
    "missing_document": (lambda folder: (folder / DOCUMENT).unlink(), "model.json is missing"),
    "nan_tensors": (without_numbers, " are not numbers"),
    "cut_file": (cut, "model.safetensors cannot be read"),
    "other_split": (
        lambda folder: edit(folder, lambda document: document["info"].update(split_label="by chance")),
        "its blend was learned on another split (by chance, not time cut",
    ),
    "worse_taste": (blend(trend=1.0), "of champion"),
}


@pytest.mark.slow
@pytest.mark.chaos(12, "a bad candidate comes to the gate", "refused with its reason on record; the champion stays")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_candidate_is_refused_on_record_and_the_champion_stays(shop: Settings, name: str, blow: Blow) -> None:
    spoil, reason = BAD[name]
    before = tracking.connect(shop).champion(RECOMMENDER)
    about, encoder = candidate(shop, name)
    spoil(shop.candidate(about[1]) / "recommender")
    call(shop, "evaluate_recommender", *about, run_id=name)
    receipt = call(shop, "promote_model", *about, "--encoder-model-version", encoder, run_id=name)
    assert receipt["status"] == "refused"
    assert any(reason in line for line in receipt["reasons"])
    assert tracking.connect(shop).champion(RECOMMENDER) == before
    rows = Lake(shop.lake).read(MODEL_DECISIONS).to_pylist()
    (row,) = [row for row in rows if row["recommender_version"] == receipt["recommender_version"]]
    assert (row["is_champion"], row["reasons"]) == (False, receipt["reasons"])
    blow()


def export(settings: Settings) -> bytes:
    return (settings.export / DS / "recommendations.parquet").read_bytes()


def publish(settings: Settings, run_id: str, *version: str) -> bytes:
    call(settings, "pin_models", *version, run_id=run_id)
    call(settings, "build_features", "--encoder-version", ENCODER_VERSION, run_id=run_id)
    call(settings, "score_recommendations", run_id=run_id)
    call(settings, "publish_recommendations", run_id=run_id)
    return export(settings)


def tidy_at_once(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Housekeeping for which everything is old: what the two champions need has to stay all the same."""
    lake, tracker = Lake(shop.lake), tracking.connect(shop)
    for name in ("VERSION_DAYS", "LEFTOVER_DAYS"):
        monkeypatch.setenv(f"SOCIALREC_MAINTENANCE__{name}", "0.0000001")
    # Merging would make more files old than a dry run can count.
    monkeypatch.setenv("SOCIALREC_MAINTENANCE__MAX_FILES", "100")
    lists_then = lake.version(RECOMMENDATIONS)
    told = call(shop, "maintain_lake", "--dry-run", run_id="tidy")["counts"]
    kept = kept_models(tracker, lake)
    assert all(copy.exists() for copy in kept.copies)
    assert call(shop, "maintain_lake", run_id="tidy")["counts"] == told
    assert (len(kept.copies), told["candidates"] > 1, told["old_files"] > 0) == (4, True, True)
    assert all(copy.exists() for copy in kept.copies)
    assert not list(shop.models.glob("candidates/*"))
    for table, versions in kept.table_versions.items():
        assert versions
        for version in versions:
            assert lake.read(TABLES[table], version=version).num_rows
    assert lake.version(RECOMMENDATIONS) != lists_then
    assert call(shop, "maintain_lake", run_id="again")["counts"]["old_files"] == 0


@pytest.mark.slow
@pytest.mark.chaos(12, "a good candidate, then a rollback", "promoted; the earlier lists come back byte for byte")
def test_going_back_makes_the_earlier_champions_lists_again_byte_for_byte(
    shop: Settings, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, blow: Blow
) -> None:
    tracker = tracking.connect(shop)
    first = tracker.champion(RECOMMENDER)
    assert first is not None
    lists = publish(shop, "before")
    with pytest.raises(UserError, match="no champion before it"):
        call(shop, "roll_back_model", "--reason", "too soon", run_id="early")
    # The same recipe a day later ties with the champion, and takes its place.
    second = train(shop, "second", ds=NEXT_DAY)
    assert second["status"] == "promoted"
    assert publish(shop, "after") != lists
    tidy_at_once(shop, monkeypatch)
    receipt = call(shop, "roll_back_model", "--reason", "lists of one taste", run_id="back")
    assert (receipt["recommender_version"], receipt["previous_version"]) == (
        first.version,
        second["recommender_version"],
    )
    assert publish(shop, "back", "--model-version", receipt["recommender_version"]) == lists
    assert tracker.champion(RECOMMENDER) == first
    last = max(Lake(shop.lake).read(MODEL_DECISIONS).to_pylist(), key=lambda row: row["decided_ts"])
    assert (last["kind"], last["recommender_version"], last["reasons"]) == (
        "rollback",
        first.version,
        ["lists of one taste"],
    )
    blow()
