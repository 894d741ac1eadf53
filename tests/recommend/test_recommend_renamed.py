"""The same shop under other pseudonyms, its rows in another order: the same model, and the same lists up to names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from small_night import STAMP, fit_recommender

from socialrec.evaluate.split import make_split
from socialrec.features.context import ScoringSnapshot, build_snapshot
from socialrec.features.feature_set import FeatureSet
from socialrec.features.inputs import Inputs, NightTables, with_names
from socialrec.recommend.assessment.test_window import sample_context, try_recipe
from socialrec.recommend.lists.scoring import recommend_everyone
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.fits import fit_blend
from socialrec.settings import EvaluateSettings, RecommendSettings, Settings

PEOPLE = ["friend", "stranger", "twin", *[f"{kind}{number}" for kind in "rs" for number in range(5)]]
TABLES = ("interactions", "comments", "ties", "products", "embeddings")


@pytest.fixture
def inputs(events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table) -> Inputs:
    """The small shop, and somebody who did exactly what `r0` did, and knows nobody."""
    like_r0 = events.filter(pc.equal(events["user_key"], "r0"))
    twin = like_r0.set_column(0, "user_key", pa.array(["twin"] * like_r0.num_rows))
    every = pa.concat_tables([events, twin])
    return Inputs("2026-03-01", every, comments, ties, catalogue, embeddings, ("shop",), {})


def names_under(seed: int) -> dict[str, str]:
    order = np.random.default_rng(seed).permutation(len(PEOPLE))
    return {person: f"key-{place:02}" for person, place in zip(PEOPLE, order.tolist(), strict=True)}


def called(rows: pa.Table, names: dict[str, str]) -> pa.Table:
    for column in ("user_key", "neighbour_key"):
        if column in rows.column_names:
            place = rows.schema.get_field_index(column)
            rows = rows.set_column(place, column, pa.array([names[user] for user in rows[column].to_pylist()]))
    return rows


def shuffled(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    """In another order, and in two chunks."""
    rows, half = rows.take(rng.permutation(rows.num_rows)), rows.num_rows // 2
    return pa.concat_tables([rows.slice(0, half), rows.slice(half)])


def elsewhere(inputs: Inputs, seed: int) -> Inputs:
    """The same shop in another home."""
    rng, names = np.random.default_rng(seed), names_under(seed)
    return replace(inputs, **{name: shuffled(called(getattr(inputs, name), names), rng) for name in TABLES})


@pytest.fixture
def small(settings: Settings) -> Settings:
    evaluate = EvaluateSettings(cutoff=3, test_share=0.2, validation_share=0.2)
    chosen = RecommendSettings(regularization=5.0, list_length=4, block_users=5, exploration_share=0.25)
    return settings.model_copy(update={"evaluate": evaluate, "recommend": chosen})


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_the_split_the_blend_and_the_lists_of_the_test_are_equal(inputs: Inputs, small: Settings, seed: int) -> None:
    found = []
    for home in (with_names(inputs), with_names(elsewhere(inputs, seed))):
        split = make_split(home.interactions, small.evaluate)
        blend = fit_blend(home, split, small)
        trial = try_recipe(home, split, small, blend.weights)
        sampled = sample_context(trial, split)
        found.append((split, blend, trial.lists.ranked.tolist(), recommend_everyone(trial.recommender, sampled)))
    (split, blend, ranked, lists), (split_b, blend_b, ranked_b, lists_b) = found
    assert split.test_keys.tolist() == split_b.test_keys.tolist()
    assert split.validation_keys.tolist() == split_b.validation_keys.tolist()
    assert blend == blend_b
    assert ranked == ranked_b
    assert lists.equals(lists_b)


def night_of(inputs: Inputs, people: dict[str, str], recommender: Recommender, settings: Settings) -> ScoringSnapshot:
    affinities = pa.table(
        {
            "user_key": inputs.interactions["user_key"],
            "product_id": inputs.interactions["product_id"],
            "affinity_micros": pa.array([1_000_000] * inputs.interactions.num_rows),
            "n_favourable": pa.array([1] * inputs.interactions.num_rows),
            "n_returns": pa.array([0] * inputs.interactions.num_rows),
            "last_event_ts": inputs.interactions["event_ts"],
        }
    )
    keys = sorted(people.values())
    profiles = pa.table({"user_key": keys, "platform": ["shop"] * len(keys)})
    return build_snapshot(
        NightTables(affinities, inputs.ties, inputs.products, profiles, inputs.comments, inputs.embeddings),
        catalogue=recommender.products,
        stamp=STAMP,
        settings=settings,
    )


@rules(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(seed=st.integers(0, 2**16))
def test_the_lists_of_a_night_are_equal_up_to_names(
    inputs: Inputs, data: FeatureSet, small: Settings, seed: int
) -> None:
    recommender, names = fit_recommender(data), names_under(seed)
    here = night_of(inputs, {person: person for person in PEOPLE}, recommender, small)
    there = night_of(elsewhere(inputs, seed), names, recommender, small)
    assert there.user_ids.to_pylist() == [names[key] for key in here.user_ids.to_pylist()]
    first, second = recommend_everyone(recommender, here), recommend_everyone(recommender, there)
    assert second["user_key"].to_pylist() == [names[key] for key in first["user_key"].to_pylist()]
    for column in ("rank", "product_id", "score"):
        assert second[column].equals(first[column])
    for one, other in zip(first["reasons"].to_pylist(), second["reasons"].to_pylist(), strict=True):
        assert [reason | {"friends": [names[key] for key in reason["friends"]]} for reason in one] == other
