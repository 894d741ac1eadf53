"""Why one product stands where it stands: as the night itself scored it, listed or not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from small_night import context_of

from socialrec.errors import UserError
from socialrec.features.context import ScoringSnapshot
from socialrec.recommend.explain.explanation import explain_product
from socialrec.recommend.lists.scoring import recommend_everyone
from socialrec.recommend.model import Recommender
from socialrec.settings import Settings


@pytest.fixture
def context(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> ScoringSnapshot:
    return context_of(recommender, events, catalogue, ties, settings)


def test_a_listed_product_has_the_place_the_score_and_the_reasons_of_the_list(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    for row in recommend_everyone(recommender, context).to_pylist():
        found = explain_product(recommender, context, row["user_key"], row["product_id"])
        assert (found.place, found.kept_out) == (row["rank"], None)
        assert found.score == pytest.approx(row["score"])
        assert [reason["kind"] for reason in found.reasons] == [reason["kind"] for reason in row["reasons"]]


def test_what_the_signals_add_makes_the_score(recommender: Recommender, context: ScoringSnapshot) -> None:
    found = explain_product(recommender, context, "r0", "b0")
    assert sum(signal.contribution for signal in found.signals) == pytest.approx(found.score, abs=1e-3)
    assert found.signals[0].contribution == max(signal.contribution for signal in found.signals)


def test_the_product_that_its_user_left_out_is_the_first_of_the_unseen_ones(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    # Reader 0 had all books but b0 and b5, and every other reader had b0.
    found = explain_product(recommender, context, "r0", "b0")
    assert (found.place, found.n_products) == (1, 12)


def test_what_a_user_has_met_is_kept_out_as_seen(recommender: Recommender, context: ScoringSnapshot) -> None:
    found = explain_product(recommender, context, "r0", "b1")
    assert (found.place, found.kept_out) == (None, "the user has met it (seen)")


def test_what_the_shop_took_off_is_kept_out_as_inactive(recommender: Recommender, context: ScoringSnapshot) -> None:
    active = context.active.copy()
    active[recommender.products.index("b0").as_py()] = False
    found = explain_product(recommender, dataclasses.replace(context, active=active), "r0", "b0")
    assert found.kept_out == "the shop does not offer it (inactive)"


def test_what_scores_too_low_is_kept_out_by_others(recommender: Recommender, context: ScoringSnapshot) -> None:
    listed = set(recommend_everyone(recommender, context).to_pandas().query("user_key == 'r0'")["product_id"])
    others = [p for p in recommender.products.to_pylist() if p not in listed and p.startswith("g")]
    found = [explain_product(recommender, context, "r0", product) for product in others]
    assert {one.kept_out for one in found} == {"others score higher"}
    assert np.all([one.rank > len(listed) for one in found])


def test_an_unknown_user_or_product_is_named(recommender: Recommender, context: ScoringSnapshot) -> None:
    with pytest.raises(UserError, match=r"the night of 2026-03-01 knows no user nobody"):
        explain_product(recommender, context, "nobody", "b0")
    with pytest.raises(UserError, match=r"the night of 2026-03-01 does not know product 'nothing'"):
        explain_product(recommender, context, "r0", "nothing")
