"""The deletion test: evidence that matters is told from evidence that does not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from small_night import RATED, about_size, context_of, with_aspects

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.context import ScoringSnapshot
from socialrec.recommend.assessment.deletion import Claim, claims_of, fall_without, reasons_figures
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.model import Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.settings import Settings


@pytest.fixture
def context(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> ScoringSnapshot:
    return context_of(recommender, events, catalogue, ties, settings, min_named_friends=1)


def claim(
    context: ScoringSnapshot, recommender: Recommender, user: str, product: str, kind: str, **named: list[str]
) -> Claim:
    reason = make_reason(ReasonKind(kind), **named)
    row, number = (names.to_pylist().index(name) for names, name in _named(context, recommender, user, product))
    return Claim(row, number, ReasonKind(kind), reason)


def _named(context: ScoringSnapshot, recommender: Recommender, user: str, product: str) -> list[tuple[pa.Array, str]]:
    return [(context.user_ids, user), (recommender.products, product)]


def stands(recommender: Recommender, context: ScoringSnapshot, *claims: Claim) -> list[bool]:
    """Whether each product falls, in place or in score, once the evidence is gone."""
    places, scores = fall_without(recommender, context, claims)
    return ((places > 0) | ((places == 0) & (scores > 0))).tolist()


def test_a_product_that_another_reason_holds_up_keeps_its_place_and_loses_score(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    # r0's friend likes b0 too.
    books = claim(context, recommender, "r0", "b0", "because_you", products=["b1", "b2", "b3", "b4"])
    places, scores = fall_without(recommender, context, [books])
    assert places[0] == 0 < scores[0]


def test_the_products_that_carry_a_score_stand_and_products_that_do_not_fall(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    books = claim(context, recommender, "r0", "b0", "because_you", products=["b1", "b2", "b3", "b4"])
    never_met = claim(context, recommender, "r0", "b0", "because_you", products=["g1"])
    assert stands(recommender, context, books, never_met) == [True, False]


def test_the_friend_who_likes_a_product_stands_and_a_stranger_does_not(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    friend = claim(context, recommender, "friend", "b0", "friends", friends=["r1"])
    stranger = claim(context, recommender, "friend", "b0", "friends", friends=["s1"])
    assert stands(recommender, context, friend, stranger) == [True, False]


def test_friends_without_names_are_all_who_like_the_product(recommender: Recommender, context: ScoringSnapshot) -> None:
    liked = claim(context, recommender, "friend", "b0", "friends")
    disliked = claim(context, recommender, "friend", "b1", "friends")
    alone = claim(context, recommender, "stranger", "b0", "friends")
    assert stands(recommender, context, liked, disliked, alone) == [True, False, False]


def test_words_stand_where_the_text_behind_them_pulls_the_product_up(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    recommender.weights = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {"content": 1.0}
    shared = claim(context, recommender, "r1", "b5", "words", words=["novel", "paper"])
    foreign = claim(context, recommender, "r1", "g5", "words", words=["novel", "paper"])
    assert stands(recommender, context, shared, foreign) == [True, False]


def test_praise_stands_where_the_user_cares_for_the_aspect(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    said = [about_size("r2", "b0", "positive"), about_size("r3", "b5", "positive")]
    comments = pa.Table.from_pylist(said, RATED.schema)
    context = context_of(recommender, events, catalogue, ties, settings, comments=comments)
    judged = with_aspects(recommender)
    caring, other = (claim(context, judged, user, "b5", "praised", words=["size"]) for user in ("r2", "r0"))
    assert stands(judged, context, caring, other) == [True, False]


def test_every_claim_of_the_small_shop_is_tested_and_counted_by_kind(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    claims, figures = claims_of(recommender, context), reasons_figures(recommender, context)
    assert {found.kind for found in claims} == {
        ReasonKind.BECAUSE_YOU,
        ReasonKind.FRIENDS,
        ReasonKind.WORDS,
        ReasonKind.ABOUT,
    }
    assert figures["reasons_tested"] == len(claims)
    assert figures["reasons_valid_share"] == pytest.approx(sum(stands(recommender, context, *claims)) / len(claims))
    assert figures["friends_valid_share"] == 1


def test_the_test_changes_nothing_that_is_scored_afterwards(recommender: Recommender, context: ScoringSnapshot) -> None:
    features = context.features
    before = features.affinity.copy(), features.ties.copy(), features.text.copy()
    reasons_figures(recommender, context)
    assert ((before[0] != features.affinity).nnz, (before[1] != features.ties).nnz) == (0, 0)
    assert np.array_equal(before[2], features.text)


def test_without_claims_none_is_false(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    nothing = context_of(recommender, events.slice(0, 0), catalogue, ties.slice(0, 0), settings)
    assert reasons_figures(recommender, nothing) == {
        "reasons_valid_share": 1.0,
        "reasons_moved_share": 1.0,
        "reasons_tested": 0,
    }
