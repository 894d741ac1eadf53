"""All metrics of a set of lists at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from socialrec.evaluate.bootstrap import mean_interval
from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.metrics import (
    PER_USER,
    coverage,
    diversity,
    exposure,
    gini,
    miscalibration,
    novelty,
    popularity_lift,
)
from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, n_relevant
from socialrec.settings import EvaluateSettings

Figures = dict[str, float]
EXPOSURE = "exposure_"
"""Prefix of the names of a group's exposure."""
SLICE_METRICS = ("ndcg", "recall", "hit_rate")


@dataclass(frozen=True)
class HeldOutSet:
    """Held-out data that lists are measured against.

    relevant, history: csr (n_users, n_products), products that each user liked after the cut and knew before it.
    slices: the relevant products of each slice, from `make_slices`.
    """

    relevant: Relevant
    history: Relevant
    catalogue: Catalogue
    slices: dict[str, Relevant] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """Figures of one model's lists, and the 95% interval of each that is a mean over users.

    ndcg: float64 (n_tested,) of each tested user, for paired tests with another model on the same users.
    """

    figures: Figures
    intervals: dict[str, tuple[float, float]]
    ndcg: Values


def measure(ranked: Ranked, relevant: Relevant, cutoff: int) -> Figures:
    """Compute means over users with a relevant product, by names such as `ndcg_at_10`; `n_users` counts those users.

    Without any such user every metric is NaN, which the gate refuses.
    """
    tested = n_relevant(relevant) > 0
    columns = accuracy(ranked, relevant, tuple(PER_USER), cutoff)
    covered = coverage(ranked[tested], relevant, cutoff) if tested.any() else float("nan")
    means = {name: _mean(values) for name, values in columns.items()}
    return {**means, f"coverage_at_{cutoff}": covered, "n_users": float(tested.sum())}


def measure_whole(ranked: Ranked, held: HeldOutSet, settings: EvaluateSettings) -> Measurement:
    """Compute the figures of `measure`, and properties of the lists other than accuracy."""
    cutoff, tested = settings.cutoff, n_relevant(held.relevant) > 0
    shown, history = ranked[tested], held.history[tested]
    columns = accuracy(ranked, held.relevant, tuple(PER_USER), cutoff) | {
        f"novelty_at_{cutoff}": novelty(shown, held.catalogue, cutoff),
        f"diversity_at_{cutoff}": diversity(shown, held.catalogue, cutoff),
        f"miscalibration_at_{cutoff}": miscalibration(shown, history, held.catalogue, cutoff),
    }
    of_all = measure(ranked, held.relevant, cutoff) | {
        f"gini_at_{cutoff}": gini(shown, held.catalogue.n_products, cutoff),
        f"popularity_lift_at_{cutoff}": popularity_lift(shown, history, held.catalogue, cutoff),
        **{
            f"{EXPOSURE}{group}_at_{cutoff}": exposure(shown, members, held.catalogue.popularity, cutoff)
            for group, members in held.catalogue.watched.items()
        },
    }
    return _measured(columns, of_all, settings)


def measure_slices(ranked: Ranked, held: HeldOutSet, settings: EvaluateSettings) -> dict[str, Measurement]:
    """Compute NDCG, recall and hit rate of each slice, over the users with a relevant product in it."""
    found = {}
    for name, relevant in held.slices.items():
        columns = accuracy(ranked, relevant, SLICE_METRICS, settings.cutoff)
        found[name] = _measured(columns, {"n_users": float((n_relevant(relevant) > 0).sum())}, settings)
    return found


def accuracy(ranked: Ranked, relevant: Relevant, metrics: tuple[str, ...], cutoff: int) -> dict[str, Values]:
    """Values of each user with a relevant product, float64 (n_tested,), by names such as `ndcg_at_10`."""
    tested = n_relevant(relevant) > 0
    ranked, relevant = ranked[tested], relevant[tested]
    if not tested.any():
        return {f"{name}_at_{cutoff}": np.zeros(0) for name in metrics}
    return {f"{name}_at_{cutoff}": PER_USER[name](ranked, relevant, cutoff) for name in metrics}


def _measured(columns: Mapping[str, Values], of_all: Figures, settings: EvaluateSettings) -> Measurement:
    low, high = mean_interval(np.stack(list(columns.values()), axis=1), settings.n_resamples, settings.seed)
    return Measurement(
        figures={name: _mean(values) for name, values in columns.items()} | of_all,
        intervals=dict(zip(columns, zip(low.tolist(), high.tolist(), strict=True), strict=True)),
        ndcg=columns[f"ndcg_at_{settings.cutoff}"],
    )


def _mean(values: Values) -> float:
    """Mean over users without NaN; NaN where no user has a value."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
