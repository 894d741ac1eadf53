"""A champion's files that are replaced or damaged are named wherever they are used, and in the status of the home."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tiny_shop import DS, ENCODER_VERSION, call, forget_models, user, write

from socialrec import tracking
from socialrec.contracts import TABLES
from socialrec.contracts.flow import reads, writes
from socialrec.contracts.gold import MODEL_DECISIONS, RECOMMENDATIONS
from socialrec.lake import Lake
from socialrec.local_stack.home.missing import find_missing
from socialrec.local_stack.nights import explaining
from socialrec.local_stack.nights.overview import overview
from socialrec.recommend.decisions import record_decision
from socialrec.recommend.model_files import ChangedModelError
from socialrec.settings import Settings, load_settings
from socialrec.tracking import RECOMMENDER


def pinned(shop: Settings, name: str) -> tuple[Path, Path]:
    """The folders of the champion and of its encoder, fetched from MLflow."""
    receipt = call(shop, "pin_models", run_id=name)
    return Path(receipt["recommender_folder"]), Path(receipt["encoder_folder"])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", ["model.safetensors", "model.json", "reference.json"])
def test_a_changed_file_of_the_champion_stops_the_night_and_is_fetched_again_once_its_folder_is_deleted(
    shop: Settings, name: str
) -> None:
    folder, _ = pinned(shop, "whole")
    flip(folder / name)
    with pytest.raises(ChangedModelError, match=rf"files of version \d+ changed .*{folder / name}; delete the folder"):
        call(shop, "pin_models", run_id="changed")
    call(shop, "build_features", "--encoder-version", ENCODER_VERSION)
    with pytest.raises(ChangedModelError, match=str(folder / name)):
        call(shop, "score_recommendations", run_id="whole")
    assert [line for line in find_missing(shop, Lake(shop.lake)) if str(folder / name) in line]
    shutil.rmtree(folder)
    assert pinned(shop, "again")[0] == folder
    assert find_missing(shop, Lake(shop.lake)) == []


def test_a_changed_file_of_its_encoder_stops_the_night(shop: Settings) -> None:
    _, encoder = pinned(shop, "whole")
    (encoder / "weights").write_text("tinY")
    with pytest.raises(ChangedModelError, match=str(encoder / "weights")):
        call(shop, "pin_models", run_id="changed")
    shutil.rmtree(encoder)
    pinned(shop, "again")


def test_nothing_is_explained_by_a_changed_model(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "user_keys_of", lambda user, *_: [user])
    folder, _ = pinned(shop, "whole")
    version = folder.name.partition("-")[0]
    made = {"recommender_version": version, "model_kind": "trained", "encoder_version": "tiny", "platform": "shop"}
    place = {"user_key": user(1), "rank": 1, "product_id": "p01", "score": 1.0, "reasons": [], **made, "ds": DS}
    write(Lake(shop.lake), RECOMMENDATIONS, DS, [place])
    (folder / "model.safetensors").unlink()
    with pytest.raises(ChangedModelError, match=r"model\.safetensors"):
        explaining.explain(shop, user(1), "p01", None)
    shutil.rmtree(folder)


def test_nobody_goes_back_to_a_changed_version(shop: Settings) -> None:
    """The newer champion exists on record and in MLflow alone: of its files nothing is asked."""
    lake, tracker = Lake(shop.lake), tracking.connect(shop)
    old = tracker.champion(RECOMMENDER)
    assert old is not None
    folder = tracker.fetch(RECOMMENDER, old.version)
    newer = tracker.register(old.run_id, "recommender/newer", RECOMMENDER, old.tags)
    row = max(lake.read(MODEL_DECISIONS).to_pylist(), key=lambda row: row["decided_ts"])
    about = {"recommender_version": newer, "champion_version": old.version, "decided_ts": datetime.now(UTC)}
    record_decision(lake, {**row, **about, "files": []}, "test")
    tracker.promote(RECOMMENDER, newer)
    (folder / "model.json").write_text("{}")
    with pytest.raises(ChangedModelError, match=str(folder / "model.json")):
        call(shop, "roll_back_model", "--reason", "worse", run_id="damaged")
    assert tracker.model(RECOMMENDER, newer) == tracker.champion(RECOMMENDER)
    shutil.rmtree(folder)
    receipt = call(shop, "roll_back_model", "--reason", "worse", run_id="back")
    assert receipt["recommender_version"] == old.version
    assert {*receipt["read"]} == {*reads("roll_back_model")} & {*TABLES}
    assert {*receipt["wrote"]} == {*writes("roll_back_model")} & {*TABLES}


def test_the_status_names_a_lost_log_and_a_lost_registry(shop: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(shop.home, home)
    (home / "settings.toml").unlink()
    settings = load_settings(home)
    [line] = find_missing(settings, Lake(settings.lake))
    assert line.startswith(f"MLflow's database {home / 'mlflow' / 'mlflow.db'}: ")
    log = sorted((settings.lake / "gold" / "model_decisions" / "_delta_log").glob("*.json"))[-1]
    log.unlink()
    [line] = overview(settings)["missing"]
    assert line.startswith("gold.model_decisions: version ")
    forget_models(str(shop.services.mlflow_uri))
    [line] = find_missing(shop, Lake(shop.lake))
    assert "in MLflow, the champion by gold.model_decisions: its database was replaced or emptied" in line
