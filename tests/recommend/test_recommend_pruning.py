"""The closed form pruned to each product's strongest weights, and the decision to prune it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.scores import SparseScores
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.collaborative import Collaborative
from socialrec.recommend.signals.item_side import ItemSide
from socialrec.recommend.signals.linear import strongest
from socialrec.recommend.signals.pruned_side import PrunedSide
from socialrec.recommend.signals.user_side import UserSide
from socialrec.recommend.training import pruning
from socialrec.recommend.training.fits import learn_blend
from socialrec.recommend.training.offline import HeldOut
from socialrec.settings import RecommendSettings, Settings

WEIGHTS = np.array([[0, 0.5, -0.75, 0.25], [0.5, 0, 0, 0], [0.125, 0.25, 0, -0.5], [0, 0, 0, 0]], dtype=np.float32)
KEPT = np.array([0, 2, 3, 4])
"""The second of five products has no weights."""


@pytest.fixture
def pruned() -> PrunedSide:
    return PrunedSide.of(ItemSide(WEIGHTS, KEPT, 5), 2)


def test_each_product_keeps_the_weights_that_are_largest_in_size(pruned: PrunedSide) -> None:
    everything = np.arange(5)
    assert pruned.weights(everything, everything).tolist() == [
        [0, 0, 0.5, -0.75, 0],
        [0, 0, 0, 0, 0],
        [0.5, 0, 0, 0, 0],
        [0, 0, 0.25, 0, -0.5],
        [0, 0, 0, 0, 0],
    ]


def test_scores_are_sums_of_the_kept_weights_and_sparse(pruned: PrunedSide) -> None:
    scores = pruned.score(sp.csr_matrix(np.array([[1, 9, 0, 2, 0]], dtype=np.float32)))
    assert isinstance(scores, SparseScores)
    assert scores.full().tolist() == [[0, 0, 1, -0.75, -1]]


def test_pruning_twice_keeps_the_fewer(pruned: PrunedSide) -> None:
    once, twice = PrunedSide.of(ItemSide(WEIGHTS, KEPT, 5), 1), PrunedSide.of(pruned, 1)
    everything = np.arange(5)
    assert once.weights(everything, everything).tolist() == twice.weights(everything, everything).tolist()


def test_a_pruned_closed_form_is_stored_sparse_and_restored(pruned: PrunedSide) -> None:
    state = Collaborative(pruned).state()
    assert len(state["pruned_data"]) == 5
    again, everything = Collaborative.restore(state), np.arange(5)
    assert isinstance(again.side, PrunedSide)
    assert again.weights(everything, everything).tolist() == pruned.weights(everything, everything).tolist()


def test_weights_of_a_file_that_lead_outside_the_catalogue_are_refused(pruned: PrunedSide) -> None:
    with pytest.raises(ValueError, match="indices|index"):
        PrunedSide.restore(pruned.state() | {"pruned_indices": np.array([0, 1, 2, 3, 99])})


@pytest.mark.parametrize("kind", [ItemSide, UserSide])
def test_pruning_that_keeps_everything_changes_nothing_but_what_a_product_adds_to_itself(
    kind: type[ItemSide | UserSide], data: FeatureSet
) -> None:
    whole = kind.fit(data, RecommendSettings(regularization=5.0))
    scores = PrunedSide.of(whole, len(data.products)).score(data.affinity)
    assert scores.full() == pytest.approx(whole.score(data.affinity).full(), abs=1e-5)


def test_contributions_of_own_products_add_up_to_the_score_of_a_pruned_one(data: FeatureSet) -> None:
    fitted = Collaborative.fit(data, RecommendSettings(closed_form_weights=3))
    own, strength = data.affinity[0].indices, data.affinity[0].data
    targets = np.arange(len(data.products))
    added = (strength[:, None] * fitted.weights(own, targets)).sum(axis=0)
    assert isinstance(fitted.side, PrunedSide)
    assert added == pytest.approx(fitted.side.score(data.affinity).full()[0], abs=1e-6)


def test_the_strongest_of_each_row_are_kept_and_of_equals_the_first() -> None:
    matrix = sp.csr_matrix(np.array([[1, -3, 2, 2], [0, 0, 0, 0], [0, 5, 0, 0]], dtype=np.float32))
    assert strongest(matrix, 2).toarray().tolist() == [[0, -3, 2, 0], [0, 0, 0, 0], [0, 5, 0, 0]]
    assert strongest(matrix[:0], 2).shape == (0, 4)


@pytest.fixture
def held(data: FeatureSet) -> HeldOut:
    """Each reader and player is to find the product they lack of their first five."""
    rows = np.array([data.users.to_pylist().index(f"{kind}{i}") for kind in "rs" for i in range(5)])
    lacking = np.array([0, 1, 2, 3, 4, 6, 7, 8, 9, 10])
    relevant = sp.csr_matrix((np.ones(10, dtype=np.float32), (np.arange(10), lacking)), shape=(10, 12))
    return HeldOut(rows, sp.csr_matrix(data.affinity[rows] > 0, dtype=np.float32), relevant)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, recommend=RecommendSettings(factor_dim=4, factor_iterations=2, new_product_weight=0))


def blend_of_closed_form(data: FeatureSet, settings: Settings) -> Recommender:
    weights = {kind.name: float(kind is Collaborative) for kind in SIGNALS}
    return Recommender.fit(data, settings.recommend, weights, ModelInfo(""))


def test_the_fewest_weights_that_find_as_much_are_kept(
    data: FeatureSet, held: HeldOut, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "MIN_PRODUCTS", 1)
    monkeypatch.setattr(pruning, "LEVELS", (1, 5, 12))
    recommender, level = pruning.prune_closed_form(blend_of_closed_form(data, settings), data, held, settings)
    # With one weight each, a reader's four books hardly lead to the fifth; with five they do.
    assert level == 5
    assert np.count_nonzero(recommender.collaborative.weights(np.arange(12), np.arange(12)), axis=1).max() == 5


def test_a_closed_form_stays_whole_where_all_pruning_loses_too_much_or_the_catalogue_is_small(
    data: FeatureSet, held: HeldOut, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = blend_of_closed_form(data, settings)
    assert pruning.prune_closed_form(whole, data, held, settings) == (whole, None)
    monkeypatch.setattr(pruning, "MIN_PRODUCTS", 1)
    monkeypatch.setattr(pruning, "LEVELS", (1,))
    assert pruning.prune_closed_form(whole, data, held, settings) == (whole, None)


def test_a_blend_is_learned_with_the_settings_to_fit_it_again(
    data: FeatureSet, held: HeldOut, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert learn_blend(data, held, settings).settings.recommend.closed_form_weights is None
    given = settings.model_copy(update={"recommend": settings.recommend.model_copy(update={"closed_form_weights": 2})})
    learned = learn_blend(data, held, given)
    assert learned.settings == given
    assert isinstance(learned.recommender.collaborative.side, PrunedSide)


def test_a_pruned_closed_form_is_saved_and_loaded_with_the_model(
    data: FeatureSet, settings: Settings, tmp_path: Path
) -> None:
    few = settings.model_copy(update={"recommend": RecommendSettings(closed_form_weights=2)})
    recommender = blend_of_closed_form(data, few)
    recommender.save(tmp_path / "model")
    loaded, everything = Recommender.load(tmp_path / "model"), np.arange(12)
    assert np.array_equal(
        loaded.collaborative.weights(everything, everything), recommender.collaborative.weights(everything, everything)
    )
