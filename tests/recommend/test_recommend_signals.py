"""The contract that every signal keeps, and what each is for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from socialrec.features.communities import community_likes
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.signals import SIGNALS, linear
from socialrec.recommend.signals.aspects import Aspects
from socialrec.recommend.signals.base import Signal, UserBlock
from socialrec.recommend.signals.collaborative import Collaborative
from socialrec.recommend.signals.content import Content
from socialrec.recommend.signals.item_side import ItemSide
from socialrec.recommend.signals.linear import inverse, sparse_gram
from socialrec.recommend.signals.popularity import Popularity
from socialrec.recommend.signals.social import Social
from socialrec.recommend.signals.user_side import UserSide
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import ABSENT

SETTINGS = RecommendSettings(regularization=5.0)


def block_of(data: FeatureSet) -> UserBlock:
    return UserBlock.of(data, np.arange(len(data.communities)))


def random_data(n_users: int, n_products: int) -> FeatureSet:
    rng = np.random.default_rng(3)
    affinity = sp.csr_matrix(
        rng.random((n_users, n_products)) * (rng.random((n_users, n_products)) < 0.3), dtype=np.float32
    )
    ties = (rng.random((n_users, n_users)) < 0.3).astype(np.float32)
    text = rng.normal(size=(n_products, 4)).astype(np.float32)
    looks = rng.normal(size=(n_products, 3)).astype(np.float32)
    return FeatureSet(
        users=pa.array([f"u{number}" for number in range(n_users)]),
        products=pa.array([f"p{number}" for number in range(n_products)]),
        words=np.zeros((n_users, 4), dtype=np.float32),
        cares=np.zeros((n_users, 1), dtype=np.float32),
        praise=np.zeros((n_products, 1), dtype=np.float32),
        affinity=affinity,
        ties=sp.csr_matrix(ties / np.maximum(ties.sum(axis=1, keepdims=True), 1)),
        recency=sp.csr_matrix((n_users, n_products), dtype=np.float32),
        trend=np.zeros(n_products, dtype=np.float32),
        opinions=sp.csr_matrix((n_users, n_products), dtype=np.float32),
        communities=np.zeros(n_users, dtype=np.int64),
        community_likes=community_likes(np.zeros(n_users, dtype=np.int64), affinity),
        category=np.zeros(n_products, dtype=np.int64),
        text=text / np.linalg.norm(text, axis=1, keepdims=True),
        looks=looks / np.linalg.norm(looks, axis=1, keepdims=True),
        popularity=np.asarray((affinity > 0).sum(axis=0), dtype=np.float32).ravel(),
    )


@pytest.mark.parametrize("kind", SIGNALS, ids=lambda kind: kind.name)
class TestEverySignal:
    def test_scores_every_product_of_every_user_with_finite_float32(self, kind: type[Signal], data: FeatureSet) -> None:
        scores = kind.fit(data, SETTINGS).score(block_of(data)).full()
        assert scores.shape == data.affinity.shape
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_gives_the_same_scores_again(self, kind: type[Signal], data: FeatureSet) -> None:
        first, second = (kind.fit(data, SETTINGS).score(block_of(data)).full() for _ in range(2))
        assert np.array_equal(first, second)

    def test_gives_a_constant_row_or_the_popular_order_without_evidence(
        self, kind: type[Signal], data: FeatureSet
    ) -> None:
        scores = kind.fit(data, SETTINGS).score(UserBlock.of(data, np.array([ABSENT]))).full()
        assert kind is Popularity or len(np.unique(scores)) == 1

    def test_does_not_change_its_input(self, kind: type[Signal], data: FeatureSet) -> None:
        before = data.affinity.copy()
        kind.fit(data, SETTINGS).score(block_of(data)).full()
        assert (before != data.affinity).nnz == 0

    def test_is_the_same_after_its_state_was_restored(self, kind: type[Signal], data: FeatureSet) -> None:
        fitted = kind.fit(data, SETTINGS)
        again = kind.restore(fitted.state())
        assert np.array_equal(fitted.score(block_of(data)).full(), again.score(block_of(data)).full())


@pytest.mark.parametrize(
    ("text", "social", "popularity"), [(0.0, 0.0, 0.0), (1.0, 0.0, 0.5), (0.0, 0.5, 0.0), (2.0, 1.5, 0.3)]
)
def test_inverting_users_and_inverting_products_give_the_same_model(
    text: float, social: float, popularity: float
) -> None:
    data = random_data(15, 25)
    settings = RecommendSettings(
        regularization=3.0, text_weight=text, social_weight=social, popularity_weighting=popularity
    )
    by_item, by_user = ItemSide.fit(data, settings), UserSide.fit(data, settings)
    assert by_user.score(data.affinity).full() == pytest.approx(by_item.score(data.affinity).full(), abs=1e-4)
    sources, targets = np.arange(10), np.arange(10, 25)
    assert by_user.weights(sources, targets) == pytest.approx(by_item.weights(sources, targets), abs=1e-4)


def test_the_closed_form_equals_its_definition() -> None:
    data = random_data(15, 8)
    settings = RecommendSettings(regularization=3.0, text_weight=2.0, social_weight=0.5, popularity_weighting=0.5)
    x = data.affinity.toarray().astype(np.float64)
    rarity = np.maximum(data.popularity, 1) ** -0.5
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) * rarity
    ridge = 3.0 * np.mean(x[x > 0] ** 2)
    spread = data.ties.toarray() @ x
    gram = x.T @ x + 0.5 * spread.T @ spread + 2.0 * ridge * data.text @ data.text.T + ridge * np.eye(8)
    inverse = np.linalg.inv(gram)
    weights = np.eye(8) - inverse / np.diag(inverse)
    assert ItemSide.fit(data, settings).score(data.affinity).full() == pytest.approx(
        data.affinity.toarray() * rarity @ weights / rarity, abs=1e-4
    )


@pytest.mark.parametrize("n", [1, 3, 1024, 1100])
def test_the_inverse_is_whole_and_made_in_place(n: int) -> None:
    half = np.random.default_rng(n).normal(size=(n, n)).astype(np.float32) / np.sqrt(n)
    matrix = half @ half.T
    found = inverse(matrix.copy(), 1.0)
    assert found @ (matrix + np.eye(n)) == pytest.approx(np.eye(n), abs=1e-3)
    assert np.array_equal(found, found.T)


def test_a_matrix_that_has_no_inverse_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="a larger regularization makes it so"):
        inverse(-np.eye(2, dtype=np.float32), 0.0)


def test_the_smaller_side_is_chosen_text_dimensions_counted() -> None:
    assert isinstance(Collaborative.fit(random_data(10, 40), SETTINGS).side, UserSide)
    assert isinstance(Collaborative.fit(random_data(38, 40), SETTINGS).side, ItemSide)


def test_beyond_the_largest_side_the_products_with_most_users_are_kept() -> None:
    data = random_data(60, 40)
    fitted = Collaborative.fit(data, RecommendSettings(max_dimension=10))
    scores = fitted.score(block_of(data)).full()
    kept = np.flatnonzero(scores.any(axis=0))
    assert len(kept) == 10
    assert data.popularity[kept].min() >= np.delete(data.popularity, kept).max()


def test_contributions_of_own_products_add_up_to_the_score() -> None:
    data = random_data(10, 40)
    fitted = Collaborative.fit(data, SETTINGS)
    own, strength = data.affinity[0].indices, data.affinity[0].data
    others = np.setdiff1d(np.arange(40), own)
    added = (strength[:, None] * fitted.weights(own, others)).sum(axis=0)
    assert added == pytest.approx(fitted.score(block_of(data)).full()[0, others], abs=1e-4)


def test_a_product_adds_nothing_to_itself() -> None:
    fitted = Collaborative.fit(random_data(10, 40), SETTINGS)
    assert np.diag(fitted.weights(np.arange(40), np.arange(40))).tolist() == [0.0] * 40


def test_taste_is_shared_among_those_who_liked_the_same(data: FeatureSet) -> None:
    scores = Collaborative.fit(data, SETTINGS).score(block_of(data)).full()
    reader = data.users.to_pylist().index("r0")
    assert scores[reader, 0] > scores[reader, 6:].max()


def test_friends_pass_on_what_they_like_to_a_user_without_history(data: FeatureSet) -> None:
    scores = Social.fit(data, SETTINGS).score(block_of(data)).full()
    reader = data.affinity.toarray()[data.users.to_pylist().index("r1")]
    assert scores[data.users.to_pylist().index("friend")] == pytest.approx(reader)


def test_texts_reach_a_product_that_nobody_has_touched(data: FeatureSet) -> None:
    scores = Content.fit(data, SETTINGS).score(block_of(data)).full()
    reader = data.users.to_pylist().index("r0")
    assert scores[reader, 5] > 0.5 > scores[reader, 11]


def test_a_product_is_scored_by_what_is_said_of_the_aspects_that_the_user_writes_about(data: FeatureSet) -> None:
    cares = np.zeros((len(data.users), 2), dtype=np.float32)
    cares[0] = 0.75, 0.25
    praise = np.zeros((12, 2), dtype=np.float32)
    praise[:2] = [[0.4, 0.0], [-0.4, 0.8]]
    features = dataclasses.replace(data, cares=cares, praise=praise)
    scores = Aspects().score(UserBlock.of(features, np.array([0, 1]))).full()
    assert scores[0, :3].tolist() == pytest.approx([0.3, -0.1, 0])
    assert not scores[1].any()


def test_popularity_grows_with_a_power_of_the_users(data: FeatureSet) -> None:
    wanted = dataclasses.replace(data, popularity=np.array([4, 9], dtype=np.float32))
    scores = Popularity.fit(wanted, SETTINGS).score(UserBlock.of(wanted, np.array([0]))).full()
    assert scores.tolist() == [[2, 3]]


def test_the_weights_of_the_baseline_add_up_to_one() -> None:
    assert sum(kind.baseline_weight for kind in SIGNALS) == pytest.approx(1)


def test_a_gram_matrix_by_blocks_of_columns_is_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "BLOCK", 3)
    rows = sp.csr_matrix(np.array([[1, 0, 2, 0, 1], [0, 3, 0, 0, 1]], dtype=np.float32))
    wanted = [[1, 0, 2, 0, 1], [0, 9, 0, 0, 3], [2, 0, 4, 0, 2], [0, 0, 0, 0, 0], [1, 3, 2, 0, 2]]
    assert sparse_gram(rows).tolist() == wanted
