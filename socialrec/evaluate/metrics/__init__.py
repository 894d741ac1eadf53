"""Metrics of ranked lists, one per file.

ranked: int64 (n_users, at least cutoff), product numbers best first, padded with -1. relevant: csr (n_users,
n_products), non-zero where the user liked the product. Metrics of accuracy are `metric(ranked, relevant, cutoff)` and
give one value per user, float64 (n_users,); those of whole lists have further arguments. Coverage, exposure, Gini and
popularity lift are one number for all lists together.
"""

from socialrec.evaluate.metrics.coverage import coverage
from socialrec.evaluate.metrics.diversity import diversity
from socialrec.evaluate.metrics.exposure import exposure
from socialrec.evaluate.metrics.gini import gini
from socialrec.evaluate.metrics.hit_rate import hit_rate
from socialrec.evaluate.metrics.miscalibration import miscalibration
from socialrec.evaluate.metrics.mrr import mrr
from socialrec.evaluate.metrics.ndcg import ndcg
from socialrec.evaluate.metrics.novelty import novelty
from socialrec.evaluate.metrics.popularity_lift import popularity_lift
from socialrec.evaluate.metrics.popularity_overlap import popularity_overlap
from socialrec.evaluate.metrics.precision import precision
from socialrec.evaluate.metrics.recall import recall

PER_USER = {"recall": recall, "ndcg": ndcg, "precision": precision, "mrr": mrr, "hit_rate": hit_rate}
"""Metrics of accuracy by name; each has one value per user."""

__all__ = [
    "PER_USER",
    "coverage",
    "diversity",
    "exposure",
    "gini",
    "hit_rate",
    "miscalibration",
    "mrr",
    "ndcg",
    "novelty",
    "popularity_lift",
    "popularity_overlap",
    "precision",
    "recall",
]
