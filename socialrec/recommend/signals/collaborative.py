"""Products that users with the same taste like: an exact linear item-to-item model with text and social terms.

The model is EASE (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019) on more than affinities X:

    minimise |X - XB|² + g|AX - AXB|² + a r|Eᵀ - EᵀB|² + r|B|²   with diag(B) = 0

where rows of X have length 1 (each user weighs the same) and columns are divided by the number of their users to the
power `popularity_weighting` (products that few users like weigh more), A holds the ties, E the products' text vectors,
g is `social_weight`, a is `text_weight` and r is `regularization` times the mean square of X's non-zero cells, so that
settings mean the same for shops of any size. Its solution is B = I - P / diag(P) with

    P = (Xᵀ(I + gAᵀA)X + a r EEᵀ + r I)⁻¹

P is inverted on the smaller side: `ItemSide` over products, `UserSide` over users and text dimensions. With
`closed_form_weights`, B is pruned to that many weights from each product (`PrunedSide`): a user has scores for few
products.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import Scores
from socialrec.recommend.signals.base import SignalDefaults, Space, State, UserBlock
from socialrec.recommend.signals.item_side import ItemSide
from socialrec.recommend.signals.pruned_side import PrunedSide
from socialrec.recommend.signals.user_side import UserSide
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Indices


class Collaborative(SignalDefaults):
    """Affinities times item-to-item weights, held on whichever side was inverted."""

    name: ClassVar[str] = "collaborative"
    reason: ClassVar[ReasonKind] = ReasonKind.BECAUSE_YOU
    learns_products: ClassVar[bool] = True
    space: ClassVar[Space] = {
        "popularity_weighting": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
        "regularization": (12.5, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0),
        "text_weight": (0.0, 0.05, 0.2, 0.5, 1.0, 2.0),
        "social_weight": (0.0, 0.1, 0.3, 1.0),
    }
    data_space: ClassVar[Space] = {"affinity_exponent": (0.0, 0.5, 1.0, 1.5)}

    def __init__(self, side: ItemSide | UserSide | PrunedSide) -> None:
        self.side = side

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Invert the smaller side; where both exceed `max_dimension`, the products with most users are kept."""
        n_users, n_products = data.affinity.shape
        user_side = n_users + (data.text.shape[1] if settings.text_weight > 0 else 0)
        by_users = user_side <= min(n_products, settings.max_dimension)
        whole = cls(UserSide.fit(data, settings) if by_users else ItemSide.fit(data, settings))
        return whole if settings.closed_form_weights is None else whole.prune(settings.closed_form_weights)

    def prune(self, n_weights: int) -> Self:
        """Make a closed form with only the strongest `n_weights` weights from each product."""
        return type(self)(PrunedSide.of(self.side, n_weights))

    @classmethod
    def idle_settings(cls, data: FeatureSet) -> set[str]:
        """Weights of texts and of ties where there are none, and the power of affinities that are all equal."""
        idle = {
            "text_weight": not data.text.any(),
            "social_weight": data.ties.nnz == 0,
            "affinity_exponent": data.affinity.nnz == 0 or bool(np.ptp(data.affinity.data) == 0),
        }
        return {name for name, is_idle in idle.items() if is_idle}

    def score(self, block: UserBlock) -> Scores:
        """Predict affinities, (n, n_products)."""
        return self.side.score(block.affinity)

    def weights(self, sources: Indices, targets: Indices) -> F32:
        """Item-to-item weights from each source to each target per unit of affinity, float32 (n_sources, n_targets).

        The weight from a product to itself is 0.
        """
        weights = self.side.weights(sources, targets)
        weights[sources[:, None] == targets[None, :]] = 0.0
        return weights

    def state(self) -> State:
        """Arrays of the inverted side."""
        return self.side.state()

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from any side's arrays."""
        if "pruned_data" in state:
            return cls(PrunedSide.restore(state))
        return cls(ItemSide.restore(state) if "item_weights" in state else UserSide.restore(state))
