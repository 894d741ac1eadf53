"""Opinions of trusted people and popularity by community, on graphs that one can draw."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from socialrec.features.communities import community_likes, find_communities
from socialrec.features.feature_set import FeatureSet
from socialrec.features.opinions import opinion_matrix
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.community import Community
from socialrec.recommend.signals.opinion import Opinion
from socialrec.recommend.training.offline import blocks
from socialrec.settings import RecommendSettings

SETTINGS = RecommendSettings()


def graph(n_users: int, *ties: tuple[int, int]) -> sp.csr_matrix:
    rows, columns = zip(*ties, strict=True) if ties else ((), ())
    return sp.csr_matrix((np.ones(len(ties), np.float32), (rows, columns)), shape=(n_users, n_users))


def follower_of(data: FeatureSet, opinions: list[float], category: list[int]) -> UserBlock:
    """A user tied to one other alone, who has these opinions on products of these categories."""
    alone = sp.csr_matrix(np.array([[1.0]], dtype=np.float32))
    said = sp.csr_matrix(np.array([opinions], dtype=np.float32))
    features = dataclasses.replace(data, opinions=said, category=np.array(category))
    return dataclasses.replace(UserBlock.of(data, np.array([0])), features=features, ties=alone)


def opinions_of(*comments: dict[str, Any]) -> list[list[float]]:
    """Opinions of ann, bob and eve on ball and kite."""
    nothing = {"rating": None, "sentiment": None, "sentiment_confidence": None, "parent_comment_id": None}
    schema = pa.schema(
        {
            "user_key": pa.string(),
            "product_id": pa.string(),
            "rating": pa.float64(),
            "sentiment": pa.string(),
            "sentiment_confidence": pa.float32(),
            "parent_comment_id": pa.string(),
        }
    )
    rows = pa.Table.from_pylist([nothing | comment for comment in comments], schema)
    found: list[list[float]] = opinion_matrix(
        rows, pa.array(["ann", "bob", "eve"]), pa.array(["ball", "kite"])
    ).toarray()
    return np.asarray(found).tolist()


def said(user: str, product: str, rating: float | None, **more: Any) -> dict[str, Any]:
    return {"user_key": user, "product_id": product, "rating": rating, **more}


def test_stars_are_opinions_from_minus_one_to_one_and_comments_of_unknown_mood_say_nothing() -> None:
    stars = [said("ann", "kite", 5.0), said("ann", "kite", 4.0), said("ann", "ball", 3.0), said("bob", "kite", 1.0)]
    others = [said("eve", "kite", None), said("ann", "gone", 5.0)]
    assert opinions_of(*stars, *others) == [[0, 0.75], [0, -1], [0, 0]]


def test_a_comment_without_stars_counts_by_its_mood_as_far_as_the_model_is_sure() -> None:
    sure = {"sentiment": "negative", "sentiment_confidence": 0.75}
    neutral = {"sentiment": "neutral", "sentiment_confidence": 1.0}
    assert opinions_of(said("ann", "kite", None, **sure), said("bob", "ball", None, **neutral))[:2] == [
        [0, -0.75],
        [0, 0],
    ]
    # Stars are the writer's own word: the mood of that comment is not asked. Two comments have their mean.
    assert opinions_of(said("ann", "kite", 5.0, **sure))[0] == [0, 1]
    assert opinions_of(said("ann", "kite", 5.0), said("ann", "kite", None, **sure))[0] == [0, 0.125]


def test_the_mood_of_an_answer_may_be_about_the_comment_and_not_the_product() -> None:
    answer = {"sentiment": "positive", "sentiment_confidence": 1.0, "parent_comment_id": "c1"}
    assert opinions_of(said("ann", "kite", None, **answer))[0] == [0, 0]


def test_a_friends_rating_counts_on_the_product_and_half_on_its_kind(data: FeatureSet) -> None:
    # Two products of one kind, one of another, one of none.
    kinds = [0, 0, 1, -1]
    scores = Opinion().score(follower_of(data, [0.8, 0.0, 0.0, 0.0], kinds)).full()
    assert scores.tolist() == [pytest.approx([1.2, 0.4, 0, 0])]
    # The kind's opinion is a mean: one is pleased, one is not.
    scores = Opinion().score(follower_of(data, [0.8, -0.8, 0.0, -0.5], kinds)).full()
    assert scores.tolist() == [pytest.approx([0.8, -0.8, 0, -0.5])]


def test_without_ratings_or_kinds_opinions_are_silent(data: FeatureSet) -> None:
    assert Opinion().score(follower_of(data, [0.0, 0.0], [-1, -1])).full().tolist() == [[0, 0]]


def test_the_friend_of_a_pleased_reader_hears_of_the_book(data: FeatureSet) -> None:
    friend = np.array([data.users.to_pylist().index("friend")])
    (_, block), *_ = blocks(data, friend, 5)
    scores = Opinion.fit(data, SETTINGS).score(block).full()[0]
    # r1, the friend's only tie, gave b0 five stars; it is a book, as b1 to b5 are.
    assert scores.tolist() == pytest.approx([1.5, *[0.5] * 5, *[0.0] * 6])


def test_two_triangles_with_a_bridge_are_two_communities() -> None:
    ties = graph(7, (0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (2, 3))
    first, second = find_communities(ties)[[0, 3]]
    assert first != second
    assert find_communities(ties).tolist() == [first] * 3 + [second] * 3 + [-1]


@pytest.mark.parametrize("n_users", [0, 1, 3])
def test_a_graph_without_ties_has_no_communities(n_users: int) -> None:
    communities = find_communities(graph(n_users))
    assert communities.tolist() == [-1] * n_users
    likes = community_likes(communities, sp.csr_matrix((n_users, 2), dtype=np.float32))
    assert likes[communities].toarray().tolist() == [[0, 0]] * n_users


def test_a_hub_and_all_who_follow_it_are_one_community() -> None:
    followers = 20_000
    ties = graph(followers + 1, *((user, 0) for user in range(1, followers + 1)))
    assert set(find_communities(ties).tolist()) == {0}


def test_popularity_is_counted_within_the_community(data: FeatureSet) -> None:
    affinity = sp.csr_matrix(np.array([[2, 0], [1, 0], [0, 0.5], [0, 3]], dtype=np.float32))
    communities = np.array([0, 0, 0, -1])
    likes = community_likes(communities, affinity)[communities].toarray()
    # Two of three like the first product, one the second; the last user has no community.
    assert likes.tolist() == [*[pytest.approx([2 / 3, 1 / 3])] * 3, [0, 0]]
    features = dataclasses.replace(data, community_likes=community_likes(communities, affinity))
    block = dataclasses.replace(UserBlock.of(data, np.array([0])), features=features, communities=np.array([0]))
    assert Community().score(block).full().tolist() == [[pytest.approx(2 / 3), pytest.approx(1 / 3)]]
