"""All metrics of a set of lists at once."""

from __future__ import annotations

from socialrec.evaluate.metrics import PER_USER, coverage
from socialrec.evaluate.metrics.hits import Ranked, Relevant, n_relevant


def measure(ranked: Ranked, relevant: Relevant, cutoff: int) -> dict[str, float]:
    """Means over the users with at least one relevant product, by names such as `ndcg_at_10`; `n_users` says how many.

    Without any such user every metric is NaN, which the gate refuses.
    """
    tested = n_relevant(relevant) > 0
    names = [f"{name}_at_{cutoff}" for name in PER_USER]
    if not tested.any():
        return {**dict.fromkeys([*names, f"coverage_at_{cutoff}"], float("nan")), "n_users": 0.0}
    ranked, relevant = ranked[tested], relevant[tested]
    figures = {
        name: float(metric(ranked, relevant, cutoff).mean())
        for name, metric in zip(names, PER_USER.values(), strict=True)
    }
    return {**figures, f"coverage_at_{cutoff}": coverage(ranked, relevant, cutoff), "n_users": float(tested.sum())}
