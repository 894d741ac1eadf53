"""Metrics of ranked lists, one a file.

Each is `metric(ranked, relevant, cutoff)`. ranked: int64 (n_users, at least cutoff), product numbers best first, padded
with -1. relevant: csr (n_users, n_products), non-zero where the user liked the product. The answer is one value a user,
float64 (n_users,); coverage alone is one number.
"""

from socialrec.evaluate.metrics.coverage import coverage
from socialrec.evaluate.metrics.hit_rate import hit_rate
from socialrec.evaluate.metrics.mrr import mrr
from socialrec.evaluate.metrics.ndcg import ndcg
from socialrec.evaluate.metrics.precision import precision
from socialrec.evaluate.metrics.recall import recall

PER_USER = {"recall": recall, "ndcg": ndcg, "precision": precision, "mrr": mrr, "hit_rate": hit_rate}
"""Metrics that have a value for each user, by name."""

__all__ = ["PER_USER", "coverage", "hit_rate", "mrr", "ndcg", "precision", "recall"]
