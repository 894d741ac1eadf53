"""Settings of the split, the metrics and the gate."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from socialrec.settings.section import Days, Section, Share

HeldOut = Annotated[float, Field(ge=0, lt=0.5)]
"""Share of each held-out window: two of these leave data to learn from."""


class EvaluateSettings(Section):
    """Settings of split, metrics and the gate."""

    cutoff: int = Field(10, ge=1)
    validation_share: HeldOut = 0.1
    test_share: HeldOut = 0.1
    max_undated_share: Share = 0.5
    """Share of undated interactions above which the split is at random per user, because there is no time to cut at."""
    seed: int = 20260102
    cold_user_products: int = Field(4, ge=0)
    """Most products of a cold user before the cut."""
    cold_product_users: int = Field(4, ge=0)
    """Most users of a cold product before the cut."""
    n_resamples: int = Field(1_000, ge=100)
    """Resamples of bootstrap intervals and of paired tests."""
    min_tested_users: int = Field(20, ge=1)
    """Minimum of users with held-out pairs to measure a candidate; with fewer the baseline serves."""
    min_gain_over_popularity: float = Field(0.0, ge=0)
    min_gain_over_champion: float = Field(0.0, ge=0)
    max_p_value: float = Field(0.05, gt=0, lt=1)
    """Significance level of the gate's tests."""
    tie_margin: Share = 0.02
    """Share of the champion's NDCG that a candidate fitted on newer data may lose, where the test finds no
    difference.
    """
    min_slice_users: int = Field(30, ge=1)
    """Minimum of tested users for a slice that decides; smaller slices are only shown."""
    max_slice_loss: Share = 0.02
    """NDCG that a slice may lose to the champion; without one a larger loss to popularity is a warning."""
    max_exposure_loss: Share = 0.3
    """Share of the champion's exposure of small sellers and new products, of its coverage, evenness and difference from
    popularity that may be lost; without one a larger loss of exposure to popularity is a warning."""
    new_product_days: Days = 30.0
    """Days before the training's day within which a product must have landed first to be new."""
    max_constant_share: Share = 0.5
    min_coverage: Share = 0.02
    """Minimum share of the products that the tested lists could reach; less is a warning."""
    min_evenness: Share = 0.005
    """Minimum evenness, 1 - Gini of exposure, as a share of what the tested lists could reach; less is a warning."""
    max_popularity_overlap: Share = 0.9
    """Largest overlap of lists with popularity; more is a warning."""
    max_drift: float = Field(0.25, gt=0)
    """Population stability index against the training's own night above which a night warns."""
    explained_users: int = Field(50, ge=1)
    """Tested users whose reasons go through the deletion test."""
    min_reasons_valid: Share = 0.9
    """Minimum share of reasons that pass the deletion test (without its evidence the product falls); less is a
    warning.
    """
    max_reasons_loss: Share = 0.1
    """Share of the champion's valid reasons that may be lost."""
    rings: int = Field(20, ge=0)
    """Rings of fake accounts that each evaluation simulates; 0 simulates none."""
    ring_share: Share = 0.01
    """Fake accounts of a ring, as a share of all users; where that is fewer than three, none are simulated."""
    max_ring_lists: Share = 0.05
    """Share of honest users' lists that a ring may enter beyond its share with the champion, in the mean over rings;
    without a champion more is a warning.
    """
    max_fit_seconds: float = Field(3_600.0, gt=0)
    """Largest seconds of fitting; more is a warning."""
    max_score_milliseconds_per_user: float = Field(100.0, gt=0)
    """Largest milliseconds of scoring per user; more is a warning."""
    max_cost_growth: float = Field(3.0, ge=1)
    """Factor on the champion's seconds of fitting (at least 60) and of scoring that a candidate may take."""
