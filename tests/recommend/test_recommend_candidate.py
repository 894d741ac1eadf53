"""Bad candidates: each is refused, and for its own fault."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load_file, save_file

from socialrec.errors import UserError
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.assessment.test_window import leaked_pairs
from socialrec.recommend.model import ModelInfo, Recommender, read_document
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.candidate import find_faults
from socialrec.recommend.training.fits import settings_of_recipe
from socialrec.recommend.training.offline import held_out
from socialrec.settings import RecommendSettings, Settings

DS, SPLIT = "2026-03-01", "time cut 2026-02-20"
WEIGHTS = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {
    "collaborative": 0.5,
    "social": 0.2,
    "content": 0.3,
}


@pytest.fixture
def folder(data: FeatureSet, tmp_path: Path) -> Path:
    Recommender.fit(data, RecommendSettings(regularization=5.0), WEIGHTS, ModelInfo("enc-1", DS, SPLIT)).save(tmp_path)
    return tmp_path


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / "model.json").read_text())
    edit(document)
    (folder / "model.json").write_text(json.dumps(document))


def test_a_candidate_as_it_was_fitted_has_no_faults(folder: Path, catalogue: pa.Table) -> None:
    assert find_faults(folder, catalogue, DS, SPLIT) == []


@pytest.mark.parametrize(("file", "fault"), [("model.json", "model.json is missing"), ("model.safetensors", "missing")])
def test_a_missing_file(folder: Path, catalogue: pa.Table, file: str, fault: str) -> None:
    (folder / file).unlink()
    assert [fault in found for found in find_faults(folder, catalogue, DS, SPLIT)] == [True]


def test_a_file_that_is_cut_short(folder: Path, catalogue: pa.Table) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read" in find_faults(folder, catalogue, DS, SPLIT)[0]


def test_weights_of_a_signal_that_are_not_numbers(folder: Path, catalogue: pa.Table) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["collaborative.item_weights"] = np.full_like(tensors["collaborative.item_weights"], np.nan)
    save_file(tensors, folder / "model.safetensors")
    assert find_faults(folder, catalogue, DS, SPLIT) == ["its weights collaborative.item_weights are not numbers"]


def test_weights_for_newcomers_may_leave_signals_out_and_name_no_others(folder: Path, catalogue: pa.Table) -> None:
    change(folder, lambda document: document.update(newcomer_weights={"social": 1.0}))
    assert find_faults(folder, catalogue, DS, SPLIT) == []
    change(folder, lambda document: document.update(newcomer_weights={"oracle": 1.0}))
    assert "which are not the signals" in find_faults(folder, catalogue, DS, SPLIT)[0]


@pytest.mark.parametrize("mixing", [{"n_neighbours": 0, "weight": 1.0}, {"n_neighbours": 5, "weight": math.nan}])
def test_a_model_whose_new_products_cannot_be_mixed_is_one_line(folder: Path, mixing: dict[str, float]) -> None:
    change(folder, lambda document: document.update(mixing=mixing))
    with pytest.raises(UserError, match="holds no whole recommender"):
        Recommender.load(folder)


@pytest.mark.parametrize("weight", [math.nan, math.inf, -0.1])
def test_a_blend_of_weights_that_are_no_shares(folder: Path, catalogue: pa.Table, weight: float) -> None:
    change(folder, lambda document: document["weights"].update(social=weight))
    assert "weights that are no shares" in find_faults(folder, catalogue, DS, SPLIT)[0]


def test_a_blend_of_signals_that_this_code_does_not_have(folder: Path, catalogue: pa.Table) -> None:
    change(folder, lambda document: document["weights"].update(oracle=0.5))
    assert "not the signals of this code" in find_faults(folder, catalogue, DS, SPLIT)[0]


def test_the_vocabulary_of_another_shop(folder: Path, catalogue: pa.Table) -> None:
    found = find_faults(folder, catalogue.slice(2), DS, SPLIT)
    assert found == ["its vocabulary is not the catalogue: 2 products unknown to the shop, 0 missing"]
    change(folder, lambda document: document["products"].reverse())
    assert "vocabulary" in find_faults(folder, catalogue, DS, SPLIT)[0]


def test_a_candidate_from_after_the_day_or_of_another_split_may_know_the_future(
    folder: Path, catalogue: pa.Table
) -> None:
    assert "after the day" in find_faults(folder, catalogue, "2026-02-28", SPLIT)[0]
    assert "another split" in find_faults(folder, catalogue, DS, "time cut 2026-02-10")[0]


def test_held_out_pairs_in_the_evidence_are_counted_as_leaks(data: FeatureSet, events: pa.Table) -> None:
    new = pa.table({"user_key": ["r0", "nobody"], "product_id": ["b0", "b1"]})
    old = pa.table({"user_key": ["r0", "r1", "nobody"], "product_id": ["b1", "b1", "b1"]})
    assert leaked_pairs(data, held_out(data, events, new)) == 0
    # r1 never met b1, so that only r0's pair is in the evidence.
    assert leaked_pairs(data, held_out(data, events, old)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"sequence.indices": [1 << 40]},
        {"sequence.indices": [-5]},
        {"sequence.indptr": [0, 1 << 40, 1]},
        {"sequence.data": [], "sequence.indices": [], "sequence.indptr": [0, 1 << 40, 0]},
        {"collaborative.n_products": [1 << 50]},
        {"collaborative.n_products": []},
        {"popularity.exponent": None},
        {"model.users": None},
        {"model.users": [1, 1]},
    ],
    ids=str,
)
def test_arrays_that_lead_outside_a_model_are_refused_before_they_are_used(
    data: FeatureSet, tmp_path: Path, change: dict[str, list[int] | None]
) -> None:
    """Compiled code would follow indices of a foreign file to whatever lies there in memory."""
    weights = dict.fromkeys((signal.name for signal in SIGNALS), 0.125)
    Recommender.fit(data, RecommendSettings(regularization=5.0), weights, ModelInfo("enc-1", DS, SPLIT)).save(tmp_path)
    file = tmp_path / "model.safetensors"
    step = {"data": np.ones(1, np.float32), "indices": np.ones(1, np.int64), "indptr": np.array([0, 1, 1])}
    tensors = load_file(file) | {f"sequence.{part}": values for part, values in step.items()}
    save_file(tensors, file)
    assert len(Recommender.load(tmp_path).signals) == sum(kind.has_evidence(data) for kind in SIGNALS)
    edited = {name: np.array(values, np.int64) for name, values in change.items() if values is not None}
    save_file({name: tensor for name, tensor in (tensors | edited).items() if change.get(name, 0) is not None}, file)
    with pytest.raises(UserError, match="holds no whole recommender") as told:
        Recommender.load(tmp_path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, "[1]", '{"format": ' + "9" * 5_000 + "}", '{"info": 7, "format": 3}', '{"format": 1e999}'],
)
def test_a_document_of_no_model_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(UserError, match=r"model\.json (cannot be read|is not the document|has format)"):
        read_document(tmp_path)


def test_a_recipe_of_the_version_before_is_read_under_its_old_names(settings: Settings) -> None:
    recipe = {"recommend": {"ridge": 7.0, "factor_passes": 3, "a_setting_that_is_gone": 1}}
    found = settings_of_recipe(settings, recipe).recommend
    assert (found.regularization, found.factor_iterations) == (7.0, 3)
