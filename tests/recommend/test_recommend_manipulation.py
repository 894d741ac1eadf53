"""Simulated attacks: what rings of fake accounts do, and how many lists they get into."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from socialrec.evaluate.gate import decide
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import Inputs
from socialrec.recommend.assessment.manipulation import Effects, Ring, choose_rings, effects, plant, summary_of
from socialrec.recommend.assessment.test_window import Trial, assess, try_recipe
from socialrec.recommend.signals import SIGNALS
from socialrec.settings import EvaluateSettings, RecommendSettings, Settings

TIME = pa.timestamp("us", "UTC")
NOTHING = {signal.name: 0.0 for signal in SIGNALS}
MASSES = {**NOTHING, "popularity": 1.0}
TASTE = {**NOTHING, "collaborative": 0.6, "social": 0.2, "content": 0.2}


@pytest.fixture
def attacked(settings: Settings) -> Settings:
    """Two rings, each half as large as the shop; lists of three."""
    evaluate = EvaluateSettings(cutoff=3, test_share=0.2, validation_share=0.0, rings=2, ring_share=0.5)
    return settings.model_copy(update={"evaluate": evaluate, "recommend": RecommendSettings(regularization=5.0)})


@pytest.fixture
def inputs(events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table) -> Inputs:
    return Inputs("2026-03-01", events, comments, ties, catalogue, embeddings, ("shop",), {})


def tried(inputs: Inputs, settings: Settings, weights: dict[str, float]) -> Trial:
    return try_recipe(inputs, make_split(inputs.interactions, settings.evaluate), settings, weights)


def manipulation(inputs: Inputs, settings: Settings, weights: dict[str, float]) -> dict[str, float]:
    split = make_split(inputs.interactions, settings.evaluate)
    return assess(try_recipe(inputs, split, settings, weights), None, inputs, split, settings).facts.manipulation


def test_each_ring_has_an_unpopular_product_of_its_own_and_the_same_one_again(
    inputs: Inputs, attacked: Settings
) -> None:
    data = tried(inputs, attacked, TASTE).data
    rings = choose_rings(data, attacked.evaluate)
    pushed = [ring.product for ring in rings]
    assert len(set(pushed)) == 2
    popularity = dict(zip(data.products.to_pylist(), data.popularity.tolist(), strict=True))
    assert max(popularity[product] for product in pushed) <= np.median(data.popularity)
    assert [len(ring.members) for ring in rings] == [round(len(data.users) / 2)] * 2
    assert choose_rings(data, attacked.evaluate) == rings


def test_without_rings_and_in_a_shop_too_small_for_one_nothing_is_planted(inputs: Inputs, attacked: Settings) -> None:
    for change in ({"rings": 0}, {"ring_share": 0.01}):
        none = attacked.model_copy(update={"evaluate": attacked.evaluate.model_copy(update=change)})
        assert manipulation(inputs, none, TASTE) == {}


def test_members_buy_praise_and_follow_each_other_before_the_cut_and_honest_rows_stay(
    inputs: Inputs, attacked: Settings
) -> None:
    start = datetime(2026, 2, 1, tzinfo=UTC)
    times = pa.array([start + timedelta(hours=n) for n in range(inputs.interactions.num_rows)], TIME)
    standing = inputs.ties.append_column("since_ts", pa.nulls(2, TIME)).append_column(
        "last_reply_ts", pa.nulls(2, TIME)
    )
    events = inputs.interactions.set_column(3, "event_ts", times)
    dated = dataclasses.replace(inputs, interactions=events, ties=standing)
    split = make_split(dated.interactions, attacked.evaluate)
    data = dated.features(split, "test", attacked)
    ring = Ring(("f0", "f1", "f2"), "g5")
    poisoned = plant([ring], data, dated, split, np.random.default_rng(1))
    assert poisoned.interactions.slice(0, len(times)).equals(dated.interactions)
    fakes = poisoned.interactions.slice(len(times)).to_pylist()
    assert {row["event_ts"] for row in fakes} == {split.test_cut - timedelta(hours=1)}
    bought = [(row["user_key"], row["product_id"]) for row in fakes if row["event_type"] == "purchase"]
    assert bought == [("f0", "g5"), ("f1", "g5"), ("f2", "g5")]
    praise = poisoned.comments.slice(1).to_pylist()
    assert [(row["user_key"], row["product_id"], row["rating"]) for row in praise] == [
        (member, "g5", 5.0) for member in ring.members
    ]
    assert {row["text_hash"] for row in praise} <= set(dated.embeddings["text_hash"].to_pylist())
    ties = poisoned.ties.slice(2).to_pylist()
    inside = {(row["user_key"], row["neighbour_key"]) for row in ties if row["neighbour_key"] in ring.members}
    assert inside == {(one, other) for one in ring.members for other in ring.members if one != other}
    assert not {row["user_key"] for row in ties} - set(ring.members)


def test_effects_are_means_over_the_users_who_had_not_met_the_product() -> None:
    before = np.array([[10.0, 20.0], [6.0, np.nan], [2.0, 8.0]])
    after = np.array([[2.0, 20.0], [6.0, np.nan], [1.0, 8.0]])
    # The first ring climbs 8, 0 and 1 of 20 places, into one list of three; the second stays.
    found = effects(before, after, 20, 3)
    assert found.climbed.tolist() == pytest.approx([9 / 3 / 20, 0.0])
    assert found.entered.tolist() == pytest.approx([1 / 3, 0.0])


def test_the_mean_over_rings_counts_with_an_interval_and_not_the_worst_ring() -> None:
    batches = [Effects(np.array([0.5, 0.1]), np.array([0.4, 0.0])), Effects(np.array([0.0]), np.array([0.2]))]
    figures = summary_of(batches, EvaluateSettings())
    assert figures["ring_climb"] == pytest.approx(0.2)
    assert figures["ring_lists"] == pytest.approx(0.2)
    assert 0.0 <= figures["ring_lists_low"] < 0.2 < figures["ring_lists_high"] <= 0.4 + 1e-9
    assert figures["rings"] == 3


def test_batches_of_rings_push_products_of_their_own_until_all_rings_are_planted(
    inputs: Inputs, attacked: Settings
) -> None:
    data = tried(inputs, attacked, TASTE).data
    seven = attacked.evaluate.model_copy(update={"rings": 7})
    assert [len(choose_rings(data, seven, batch)) for batch in range(3)] == [5, 2, 0]
    assert choose_rings(data, seven, 0) != choose_rings(data, seven, 1)


def test_rings_as_large_as_the_shop_capture_what_follows_the_masses_and_the_gate_warns(
    inputs: Inputs, attacked: Settings
) -> None:
    split = make_split(inputs.interactions, attacked.evaluate)
    trial = tried(inputs, attacked, MASSES)
    document = assess(trial, None, inputs, split, attacked).document()
    assert document["manipulation"]["ring_lists"] > 0.25
    few = attacked.evaluate.model_copy(update={"min_tested_users": 1})
    assert "ring_lists" in {check.name for check in decide(document, few).warnings}
