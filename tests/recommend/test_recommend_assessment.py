"""A recipe put to the test: what the gate gets to see of good ones and of bad ones."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from socialrec.evaluate.gate import decide
from socialrec.evaluate.split import Split, make_split
from socialrec.features.inputs import Inputs
from socialrec.recommend.assessment.test_window import Trial, assess, sample_context, try_recipe
from socialrec.recommend.scores import DenseScores, Scores
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.training.offline import rank
from socialrec.settings import EvaluateSettings, RecommendSettings, Settings

NOTHING = {signal.name: 0.0 for signal in SIGNALS}
TASTE = {**NOTHING, "collaborative": 0.6, "social": 0.2, "content": 0.2}
CONTENT = {**NOTHING, "content": 1.0}


@pytest.fixture
def strict(settings: Settings) -> Settings:
    """Lists of three of the twelve products; a test of ten users may call nothing chance."""
    evaluate = EvaluateSettings(cutoff=3, test_share=0.2, validation_share=0.0, min_tested_users=10)
    return settings.model_copy(update={"evaluate": evaluate, "recommend": RecommendSettings(regularization=5.0)})


@pytest.fixture
def inputs(events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table) -> Inputs:
    platform = [f"shop-{user[0]}" for user in events["user_key"].to_pylist()]
    return Inputs(
        ds="2026-03-01",
        interactions=events.set_column(events.schema.get_field_index("platform"), "platform", pa.array(platform)),
        comments=comments,
        ties=ties,
        products=catalogue,
        embeddings=embeddings,
        platforms=("shop-r", "shop-s"),
        versions={},
    )


def tried(inputs: Inputs, settings: Settings, weights: dict[str, float]) -> tuple[Trial, Split]:
    split = make_split(inputs.interactions, settings.evaluate)
    return try_recipe(inputs, split, settings, weights), split


def assessed(inputs: Inputs, settings: Settings, weights: dict[str, float], champion: Any = None) -> dict[str, Any]:
    trial, split = tried(inputs, settings, weights)
    return assess(trial, champion, inputs, split, settings).document()


def test_a_taste_is_measured_beside_popularity_in_every_slice(inputs: Inputs, strict: Settings) -> None:
    document = assessed(inputs, strict, TASTE)
    assert document["candidate"]["n_users"] == 10
    assert document["candidate"]["recall_at_3"] > document["popularity"]["recall_at_3"]
    assert {"platform/shop-r", "platform/shop-s", "users/cold", "products/cold"} <= set(document["slices"]["candidate"])
    assert document["slices"]["candidate"]["platform/shop-r"]["n_users"] == 5
    assert document["paired"]["popularity"]["everyone"]["p_better"] < 0.05
    assert (document["leaked_pairs"], document["constant_share"], document["n_products"]) == (0, 0, 12)


def test_a_sound_first_candidate_passes_the_gate_with_ten_users(inputs: Inputs, strict: Settings) -> None:
    decision = decide(assessed(inputs, strict, TASTE), strict.evaluate)
    assert decision.promote, decision.reasons


def test_the_same_lists_as_the_champion_tie_with_it(inputs: Inputs, strict: Settings) -> None:
    champion = tried(inputs, strict, TASTE)[0]
    document = assessed(inputs, strict, TASTE, champion)
    assert document["paired"]["champion"]["everyone"]["difference"] == 0
    assert not decide(document, strict.evaluate).promote
    assert decide(document, strict.evaluate, is_fresher=True).promote


def test_scores_that_tell_nothing_apart_are_popularity_and_refused(inputs: Inputs, strict: Settings) -> None:
    mute = dataclasses.replace(inputs, embeddings=inputs.embeddings.slice(0, 0))
    document = assessed(mute, strict, CONTENT)
    assert document["popularity_overlap"] == 1
    decision = decide(document, strict.evaluate)
    assert not decision.promote
    assert decision.reasons[0].startswith("the candidate's scores are constant") or "popularity" in decision.reasons[0]
    assert "popularity_overlap" in {check.name for check in decision.warnings}


class Flat:
    """The same score for everything."""

    name = "flat"

    def score(self, block: UserBlock) -> Scores:
        return DenseScores.whole(np.zeros(block.affinity.shape, dtype=np.float32))


def test_constant_scores_are_noticed_for_every_user(inputs: Inputs, strict: Settings) -> None:
    trial, _ = tried(inputs, strict, TASTE)
    lists = rank(Flat(), trial.data, trial.held, 3, strict.recommend)
    assert lists.is_constant.all()
    assert not trial.lists.is_constant.any()


def test_reasons_are_tested_on_a_seeded_sample_that_knows_nothing_after_the_cut(
    inputs: Inputs, strict: Settings
) -> None:
    few = strict.model_copy(update={"evaluate": strict.evaluate.model_copy(update={"explained_users": 4})})
    trial, split = tried(inputs, few, TASTE)
    one, again = (sample_context(trial, split) for _ in range(2))
    assert one.target_rows.tolist() == again.target_rows.tolist()
    assert len(one.target_rows) == 4
    held = {row: place for place, row in enumerate(trial.held.rows.tolist())}
    for row in one.target_rows.tolist():
        assert not one.seen[row].multiply(trial.held.relevant[held[row]]).nnz
        assert one.seen[row].nnz == trial.held.seen[held[row]].nnz
