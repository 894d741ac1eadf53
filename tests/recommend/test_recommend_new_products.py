"""Products that came after the training, or that nobody had met: scored by those that they resemble."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from small_night import RATED, context_of, vectors_of_texts

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.explain.explanation import explain_product
from socialrec.recommend.lists.scoring import recommend_everyone
from socialrec.recommend.model import Recommender
from socialrec.recommend.new_products import LearnedProducts, Mixing, NewProducts
from socialrec.recommend.scores import DenseScores, InnerProductScores, SparseScores, Vectors
from socialrec.recommend.training.new_product_weight import LEVELS, calibrate_new_products, is_chance
from socialrec.recommend.training.offline import HeldOut
from socialrec.settings import EvaluateSettings, Settings

TWO_KNOWN = np.array([[1, 0], [0, 1]], dtype=np.float32)


def shop(data: FeatureSet, text: list[list[float]]) -> FeatureSet:
    """A shop of these product texts, and nothing else."""
    names = pa.array([f"p{number}" for number in range(len(text))])
    return dataclasses.replace(data, products=names, text=np.array(text, dtype=np.float32))


def learned(users: list[int], *, n_neighbours: int = 20, weight: float = 1.0) -> LearnedProducts:
    names = pa.array([f"p{number}" for number in range(len(users))])
    return LearnedProducts(names, np.array(users, dtype=np.float32), Mixing(n_neighbours, weight))


def test_a_new_product_is_predicted_by_ridge_regression_on_texts(data: FeatureSet) -> None:
    # Two known products at right angles, of one user each: Kᵀ W K is the unit matrix, so r is .03.
    features = shop(data, [[1, 0], [0, 1], [0.6, 0.8]])
    found = NewProducts.of(features, learned([1, 1]))
    assert found.is_new.tolist() == [False, False, True]
    assert found.mixtures.toarray().tolist() == [[1, 0], [0, 1], pytest.approx([0.6 / 1.03, 0.8 / 1.03])]


def test_a_product_of_many_users_is_trusted_more(data: FeatureSet) -> None:
    # The diagonal is 81 ** (1 / 4) = 3 and 1, r is .03 of its mean: .06.
    found = NewProducts.of(shop(data, [[1, 0], [0, 1], [1, 0], [0, 1]]), learned([81, 1]))
    assert found.mixtures.toarray()[2:] == pytest.approx(np.array([[3 / 3.06, 0], [0, 1 / 1.06]]))


def test_only_the_largest_shares_are_kept(data: FeatureSet) -> None:
    found = NewProducts.of(shop(data, [[1, 0], [0, 1], [0.6, 0.8]]), learned([1, 1], n_neighbours=1))
    assert found.mixtures.toarray()[2].tolist() == pytest.approx([0, 0.8 / 1.03])


def test_a_product_of_the_training_that_nobody_had_met_is_new_too(data: FeatureSet) -> None:
    found = NewProducts.of(shop(data, [[1, 0], [0, 1], [1, 0]]), learned([1, 1, 0], weight=0.5))
    assert found.is_new.tolist() == [False, False, True]
    assert found.mixtures.toarray()[2].tolist() == pytest.approx([0.5 / 1.03, 0, 0])


def test_a_product_without_text_scores_zero(data: FeatureSet) -> None:
    found = NewProducts.of(shop(data, [[1, 0], [0, 1], [0, 0]]), learned([1, 1]))
    scores = found.scores(SparseScores(sp.csr_matrix(TWO_KNOWN)))
    assert scores.full().tolist() == [[1, 0, 0], [0, 1, 0]]


def test_where_no_product_is_known_nothing_is_mixed(data: FeatureSet) -> None:
    found = NewProducts.of(shop(data, [[1, 0], [0, 1]]), learned([0, 0]))
    assert found.is_new.all()
    assert found.mixtures.nnz == 0


def test_every_kind_of_scores_is_extended_alike(data: FeatureSet) -> None:
    found = NewProducts.of(shop(data, [[1, 0], [0, 1], [0.6, 0.8], [0, 0]]), learned([1, 1]))
    own = np.array([[7, 0], [2, 4]], dtype=np.float32)
    third = own @ np.array([0.6, 0.8]) / 1.03
    expected = np.column_stack([own, third, [0, 0]])
    kinds = (
        InnerProductScores(own, Vectors(TWO_KNOWN)),
        SparseScores(sp.csr_matrix(own)),
        DenseScores.whole(own),
    )
    for scores in kinds:
        assert found.scores(scores).full() == pytest.approx(expected)


def test_a_new_product_counts_as_many_users_as_those_it_resembles_until_it_has_more(data: FeatureSet) -> None:
    found = NewProducts.of(shop(data, [[1, 0], [0, 1], [0.6, 0.8], [0.6, 0.8]]), learned([1, 1]))
    users = Vectors(np.array([[4], [8], [1], [9]], dtype=np.float32))
    assert found.at_least(users).values.ravel().tolist() == pytest.approx([4, 8, 6 + (0.8 - 0.6) * 2 / 1.03, 9])


def test_the_products_of_a_model_may_stand_anywhere_in_the_features(data: FeatureSet) -> None:
    features = dataclasses.replace(
        shop(data, [[0, 1], [0.6, 0.8], [1, 0]]), products=pa.array(["p1", "newcomer", "p0"])
    )
    found = NewProducts.of(features, learned([1, 1]))
    assert found.columns.tolist() == [2, 0]
    assert found.scores(SparseScores(sp.csr_matrix(TWO_KNOWN))).full()[0].tolist() == pytest.approx([0, 0.6 / 1.03, 1])


@pytest.fixture
def with_new(catalogue: pa.Table) -> pa.Table:
    """The shop with a book and a game that landed after the training; nothing is known of a third."""
    rows = [
        {"product_id": name, "text": text, "text_hash": like, "category": kind, "brand": "old"}
        for name, text, like, kind in (
            ("new-book", "paper novel", "h-b1", "books"),
            ("new-game", "board with dice", "h-g1", "games"),
            ("unknown", "", "h-none", None),
        )
    ]
    fixed = {"is_active": True, "first_seen_ds": "2026-03-01", "updated_ts": None}
    return pa.concat_tables([catalogue, pa.Table.from_pylist([row | fixed for row in rows], catalogue.schema)])


def test_a_product_newer_than_the_model_is_listed_on_its_first_night(
    recommender: Recommender, events: pa.Table, with_new: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    context = context_of(recommender, events, with_new, ties, settings, max_new_share=0.5)
    lists = recommend_everyone(recommender, context).to_pandas()
    by_user = lists.groupby("user_key")["product_id"].agg(set)
    assert all("new-book" in by_user[f"r{number}"] for number in range(5))
    assert all("new-game" in by_user[f"s{number}"] for number in range(5))
    assert "unknown" not in by_user["r0"] | by_user["s0"]


def test_new_products_get_no_more_places_than_their_share(
    recommender: Recommender, events: pa.Table, with_new: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    # b5 and g5 were in the catalogue, but nobody had met them: they are new as well.
    new = {"new-book", "new-game", "unknown", "b5", "g5"}
    for share, most in ((0.5, 2), (0.25, 1)):
        context = context_of(recommender, events, with_new, ties, settings, max_new_share=share)
        lists = recommend_everyone(recommender, context).to_pandas()
        n_new = lists["product_id"].isin(new).groupby(lists["user_key"]).sum()
        assert n_new[[f"r{number}" for number in range(5)]].max() == most


def test_a_new_product_is_explained_by_the_users_products_that_lead_to_those_it_resembles(
    recommender: Recommender, events: pa.Table, with_new: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    context = context_of(recommender, events, with_new, ties, settings)
    found = explain_product(recommender, context, "r0", "new-book")
    because = next(reason for reason in found.reasons if reason["kind"] == "because_you")
    assert set(because["products"]) <= {f"b{number}" for number in range(1, 5)}
    assert found.score > 0


def test_an_event_on_a_product_newer_than_the_model_does_not_stop_the_night(
    recommender: Recommender, events: pa.Table, with_new: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    bought = events.slice(0, 1).set_column(1, "product_id", pa.array(["new-book"]))
    context = context_of(recommender, pa.concat_tables([events, bought]), with_new, ties, settings)
    lists = recommend_everyone(recommender, context).to_pandas()
    buyer = bought["user_key"][0].as_py()
    assert "new-book" not in set(lists[lists["user_key"] == buyer]["product_id"])


def test_vectors_of_another_length_than_the_trainings_still_make_lists(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    short = vectors_of_texts().set_column(1, "embedding", pa.array([[1.0]] * 13, pa.list_(pa.float32())))
    context = context_of(recommender, events, catalogue, ties, settings, comments=RATED, embeddings=short)
    assert len(recommend_everyone(recommender, context))


def calibrated(data: FeatureSet, recommender: Recommender, settings: Settings, *, n_new: int) -> float:
    """Weight of new products where so many of 100 held-out pairs are of the new books, and the others of known ones."""
    reader = data.users.index("r0").as_py()
    rows = np.full(100, reader)
    products = [5] * n_new + [0] * (100 - n_new)
    relevant = sp.csr_matrix((np.ones(100, np.float32), (np.arange(100), products)), (100, 12))
    held = HeldOut(rows, data.affinity[rows], relevant)
    alone = recommender.with_weights({name: float(name == "collaborative") for name in recommender.weights})
    return calibrate_new_products(alone, data, held, settings)[1]


def test_new_products_get_the_highest_weight_that_costs_nothing_and_no_more_places_than_pairs(
    data: FeatureSet, recommender: Recommender, settings: Settings
) -> None:
    one_place = settings.model_copy(update={"evaluate": EvaluateSettings(cutoff=1)})
    # r0 has one place. b5, which nobody met, may take it where most pairs are of it, and not where it would cost them.
    assert calibrated(data, recommender, one_place, n_new=100) == LEVELS[-1]
    assert calibrated(data, recommender, one_place, n_new=50) < LEVELS[-1]
    # Fewer than fifty pairs say nothing.
    assert calibrated(data, recommender, one_place, n_new=49) == recommender.learned.mixing.weight


def test_a_loss_counts_from_a_standard_error_on() -> None:
    # Of four users one loses 1: a mean of 1/4 and a standard error of 1/2 / sqrt(4). Two: 1/2 and 1/sqrt(3) / 2 = .29.
    assert is_chance(np.array([1.0, 0, 0, 0]))
    assert not is_chance(np.array([1.0, 1, 0, 0]))
    assert is_chance(np.array([1.0, -1, 0, 0]))
    assert is_chance(np.zeros(4))
    assert not is_chance(np.ones(1))
