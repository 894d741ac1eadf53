"""The benchmark of secret keys, on a shop of a dozen people."""

from __future__ import annotations

import json

from socialrec.bench.ranking.keys import Training, in_order_of_keys, mean_weights, renamed, run, stability
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import Inputs, with_names
from socialrec.privacy.user_order import USER
from socialrec.settings import Settings


def test_every_key_gives_the_same_weights_and_the_same_figures(inputs: Inputs, small: Settings) -> None:
    lines: list[str] = []
    found = json.loads(run(inputs, small, 2, deals=True, progress=lines.append).to_json())
    assert found["name"] == "keys"
    assert found["metrics"]["max_weight_deviation"] == 0.0
    assert found["metrics"]["ndcg_spread"] == 0.0
    assert found["metrics"]["targets_met"] is True
    assert "dealt_max_weight_deviation" in found["metrics"]
    assert len(lines) == 4


def test_another_home_has_other_pseudonyms_in_another_order_and_the_same_names(inputs: Inputs) -> None:
    first, second = renamed(inputs, 0), renamed(inputs, 1)
    assert not set(first.interactions[USER].to_pylist()) & set(second.interactions[USER].to_pylist())
    assert with_names(first).interactions.equals(with_names(second).interactions)
    assert with_names(first).ties.equals(inputs.ties)


def test_the_order_of_keys_holds_out_as_many_pairs_of_the_same_products(inputs: Inputs, small: Settings) -> None:
    own = make_split(inputs.interactions, small.evaluate).test_pairs(inputs.interactions)
    other, split = in_order_of_keys(inputs, 0, small)
    held = split.test_pairs(other.interactions)
    assert sorted(held["product_id"].to_pylist()) == sorted(own["product_id"].to_pylist())


def test_deviation_is_the_distance_from_the_mean_and_spread_a_share_of_it() -> None:
    found = [Training({"a": 0.4, "b": 0.6}, 0.19), Training({"a": 0.6, "b": 0.4}, 0.21)]
    assert stability(found) == {"max_weight_deviation": 0.1, "ndcg_spread": 0.1, "ndcg": 0.2}
    assert mean_weights([training.weights for training in found]) == {"a": 0.5, "b": 0.5}
