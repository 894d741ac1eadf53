"""Settings of lists: how they are learned and made, and what the shop's users read of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from socialrec.display.messages.catalogue import AUTO, require_language
from socialrec.settings.section import Days, Section, Share


class RecommendSettings(Section):
    """Settings of the recommender and its lists."""

    list_length: int = Field(20, ge=1)
    max_dimension: int = Field(13_000, ge=10)
    """Largest side (users or products) that is inverted exactly; beyond it the most active products are kept."""
    regularization: float = Field(100.0, gt=0)
    """Regularisation of the item-to-item weights, in units of the mean square of the affinities."""
    text_weight: float = Field(0.2, ge=0)
    """Weight of texts relative to users' events, in units of the regularization."""
    social_weight: float = Field(0.0, ge=0)
    """Weight of neighbours' affinities relative to the user's own."""
    affinity_exponent: float = Field(1.0, ge=0, le=2)
    """Power of `ln(1 + affinity)`: 0 makes all affinities equal, above 1 favours the strong ones."""
    popularity_weighting: Share = 0.2
    """Power of a product's number of users that its affinities are divided by: products with few users weigh more."""
    closed_form_weights: int | None = Field(None, ge=1)
    """Number of the strongest item-to-item weights of the closed form that each product keeps. None lets each training
    decide: few, where that costs no quality on its validation window, because lists are then made several times faster;
    else all.
    """
    factor_dim: int = Field(128, ge=1)
    """Length of a product's factors in implicit ALS."""
    factor_regularization: float = Field(0.01, gt=0)
    """Regularisation of the factors, per observed and (weighted) unobserved product."""
    factor_unobserved_weight: float = Field(0.03, gt=0)
    """Weight of a product without events of the user relative to one with events."""
    factor_text: float = Field(1.0, ge=0)
    """Weight of products' texts in their factors."""
    factor_ties: float = Field(3.0, ge=0)
    """Weight of a tie relative to a product in the factors that ties have a part in; 0 fits none."""
    factor_iterations: int = Field(12, ge=1)
    sequence_window: int = Field(5, ge=1)
    """Longest distance between two of a user's products that counts as a step."""
    sequence_decay: float = Field(0.7, gt=0, le=1)
    """Weight of each older product relative to the next newer one."""
    popularity_exponent: Share = 0.5
    trend_half_life: float = Field(0.04, gt=0, le=1)
    """Share of all user-product pairs, newest first, after which a pair counts half in the trend."""
    new_product_neighbours: int = Field(200, ge=1)
    """Most known products that the scores of a product which nobody had met at the training are predicted from."""
    new_product_weight: float = Field(0.75, ge=0)
    """Weight of these predictions; a training calibrates it where its validation window has enough new products."""
    newcomer_weights: dict[str, float] | None = None
    """Weight of each signal for users without products. None lets each training learn them on its validation window, by
    hiding the products of its users.
    """
    max_fit_users: int = Field(50_000, ge=100)
    """Most users that a training learns from and measures on, drawn evenly; lists are made for all."""
    tuning_trials: int = Field(0, ge=0)
    """Trials of a training's search for better settings of the signals on its validation window; 0 is no search."""
    score_decimals: int = Field(5, ge=1, le=9)
    block_users: int = Field(512, ge=1)
    """Most users that are scored at a time."""
    block_mib: int = Field(128, ge=1)
    """Memory (MiB) for the scores of all products for the users of a block, or of the blocks in parallel. Where the
    catalogue is large, a block has fewer than `block_users`. In total a block takes about five times as much.
    """
    max_per_category: int | None = Field(10, ge=1)
    """Most products of one category in a list."""
    max_per_brand: int | None = Field(10, ge=1)
    small_seller_share: Share = 0.2
    """Share of all likes that small sellers have at most together: the brands with the fewest likes."""
    max_small_seller_loss: Share | None = None
    """Largest share of the places in proportion to likes that small sellers may lose in a list; none is no limit."""
    max_age_days: Days | None = None
    """Age in days, since their last description and first appearance, above which products are stale; none is
    no limit.
    """
    max_new_share: Share = 0.3
    """Largest share of a list's places for products that the model has not learned from."""
    min_new_share: Share = 0.2
    """Share of a list's places, its last, that are reserved for these where their scores win them fewer."""
    exploration_share: Share = 0.0
    """Share of a list's places, its last, that are drawn at random."""
    keep_lists_days: int = Field(0, ge=0, le=31)
    """Days after which a list is made again at the latest; before that only when one of its inputs has changed. 0 makes
    every list each night.
    """
    max_reasons: int = Field(3, ge=1)
    min_reason_share: Share = 0.05
    """Share of a score that a reason must account for."""
    min_named_friends: int = Field(2, ge=1)
    """Number of people behind a product from which they are named; fewer are "somebody you follow"."""

    def users_per_block(self, n_products: int, at_once: int = 1) -> int:
        """Users to score at a time where dense scores of so many products are held `at_once` times."""
        user_bytes = 4 * max(n_products, 1) * at_once
        return max(1, min(self.block_users, self.block_mib * 2**20 // user_bytes))


class ListsSettings(Section):
    """Settings of what the users of the shop read of their lists; they change no list."""

    language: Annotated[str, AfterValidator(require_language)] = AUTO
    """Language of reasons and profiles. `auto` takes the one that each user wrote most of their comments in, if there
    are messages in it, else that of most users of the platform, else English.
    """
