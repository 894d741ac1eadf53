"""Opinions of trusted people and popularity by community, on graphs that one can draw."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from socialrec.features.communities import community_likes, find_communities
from socialrec.features.data import TrainingData
from socialrec.features.evidence import opinion_matrix
from socialrec.recommend.signals import Community, Opinion
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.training.offline import blocks
from socialrec.settings import RecommendSettings

SETTINGS = RecommendSettings()


def graph(n_users: int, *ties: tuple[int, int]) -> sp.csr_matrix:
    rows, columns = zip(*ties, strict=True) if ties else ((), ())
    return sp.csr_matrix((np.ones(len(ties), np.float32), (rows, columns)), shape=(n_users, n_users))


def block_of(opinions: list[float], community: list[float]) -> UserBlock:
    nothing = sp.csr_matrix((1, len(opinions)), dtype=np.float32)
    said, liked = (sp.csr_matrix(np.array([row], dtype=np.float32)) for row in (opinions, community))
    return UserBlock(nothing, nothing, nothing, said, liked, np.zeros(len(opinions), dtype=np.float32))


def test_stars_are_opinions_from_minus_one_to_one_and_comments_without_stars_say_nothing() -> None:
    comments = pa.table(
        {
            "user_key": ["ann", "ann", "ann", "bob", "eve", "ann"],
            "product_id": ["kite", "kite", "ball", "kite", "kite", "gone"],
            "rating": pa.array([5.0, 4.0, 3.0, 1.0, None, 5.0]),
        }
    )
    found = opinion_matrix(comments, pa.array(["ann", "bob", "eve"]), pa.array(["ball", "kite"]))
    assert found.toarray().tolist() == [[0, 0.75], [0, -1], [0, 0]]


def test_a_friends_rating_counts_on_the_product_and_half_on_its_kind(data: TrainingData) -> None:
    # Two products of one kind, one of another, one of none.
    signal = Opinion.fit(dataclasses.replace(data, category=np.array([0, 0, 1, -1])), SETTINGS)
    assert signal.score(block_of([0.8, 0.0, 0.0, 0.0], [0] * 4)).full().tolist() == [pytest.approx([1.2, 0.4, 0, 0])]
    # The kind's opinion is a mean: one is pleased, one is not.
    scores = signal.score(block_of([0.8, -0.8, 0.0, -0.5], [0] * 4)).full()
    assert scores.tolist() == [pytest.approx([0.8, -0.8, 0, -0.5])]


def test_without_ratings_or_kinds_opinions_are_silent(data: TrainingData) -> None:
    signal = Opinion.fit(dataclasses.replace(data, category=np.full(2, -1)), SETTINGS)
    assert signal.score(block_of([0.0, 0.0], [0, 0])).full().tolist() == [[0, 0]]


def test_the_friend_of_a_pleased_reader_hears_of_the_book(data: TrainingData) -> None:
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


def test_popularity_is_counted_within_the_community(data: TrainingData) -> None:
    affinity = sp.csr_matrix(np.array([[2, 0], [1, 0], [0, 0.5], [0, 3]], dtype=np.float32))
    communities = np.array([0, 0, 0, -1])
    likes = community_likes(communities, affinity)[communities].toarray()
    # Two of three like the first product, one the second; the last user has no community.
    assert likes.tolist() == [*[pytest.approx([2 / 3, 1 / 3])] * 3, [0, 0]]
    assert Community.fit(data, SETTINGS).score(block_of([0, 0], [0.5, 0.25])).full().tolist() == [[0.5, 0.25]]
