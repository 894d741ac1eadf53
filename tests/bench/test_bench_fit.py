"""The benchmarks of fitting and of a large shop, on shops small enough to see through."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from socialrec.bench.ranking.fit import run as run_fit
from socialrec.bench.scale import ShopSizes, generate
from socialrec.bench.scale import run as run_scale
from socialrec.settings import RecommendSettings, Settings

SMALL = RecommendSettings(factor_dim=4, factor_iterations=2)


def quiet(line: str) -> None:
    """Nobody reads along."""


def test_the_generated_shop_is_the_same_each_time_and_nothing_held_out_is_learned_from() -> None:
    first, second = generate(ShopSizes(100, 100, 1000)), generate(ShopSizes(100, 100, 1000))
    assert first.n_pairs == second.n_pairs
    assert np.array_equal(first.train.products, second.train.products)
    assert sum(first.n_pairs[f"n_{part}"] for part in ("train", "validation", "test")) == 1000
    held, data = first.held_out("test"), first.data_at("test")(SMALL)
    assert held.relevant.multiply(data.affinity[held.rows]).nnz == 0
    assert np.bincount(first.test.users).max() == 1


def test_a_shop_is_fitted_and_everybody_gets_a_list(tmp_path: Path) -> None:
    found = json.loads(run_scale(ShopSizes(100, 100, 2000), Settings(home=tmp_path, recommend=SMALL), quiet).to_json())
    assert set(found["seconds"]) == {"generate", "blend", "fit", "score", "total"}
    assert found["metrics"]["n_tested_users"] > 0
    assert found["metrics"]["targets_met"] is False
    assert sum(found["chosen"]["blend"].values()) > 0.99


def test_the_fit_is_timed_signal_by_signal_beside_the_peer(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, recommend=SMALL)
    found = json.loads(run_fit(generate(ShopSizes(100, 100, 2000)), settings, progress=quiet).to_json())
    timed = {name.removeprefix("fit_") for name in found["seconds"] if name.startswith("fit_")}
    assert timed == {name for name, weight in found["chosen"]["blend"].items() if weight}
    assert found["peers"]["implicit_als"]["seconds"]["fit"] > 0
    assert found["seconds"]["fit"] > 0
