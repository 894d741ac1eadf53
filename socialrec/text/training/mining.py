"""Hard negatives: wrong products that an encoder finds similar to a comment, by exact search."""

from __future__ import annotations

import numpy as np

from socialrec.encoders.encoder import Vectors
from socialrec.text.tasks import MISSING, Ints

_BLOCK = 1024


def hard_negatives(comments: Vectors, products: Vectors, own: Ints, count: int, margin: float) -> Ints:
    """Find the `count` products (m, dim) nearest to each comment (n, dim), nearest first, as rows; int64 (n, count).

    `own` (n,) is the row of a comment's own product. Products not less similar than it by `margin` are left out,
    because they may be right too (Moreira et al. 2024, TopK-MarginPos). MISSING where there are too few; equal scores
    are ordered by row.
    """
    found = np.full((len(comments), count), MISSING, dtype=np.int64)
    n_taken = min(count, len(products))
    for start in range(0, len(comments), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores = comments[block] @ products.T
        rows = np.arange(len(scores))
        limit = scores[rows, own[block]][:, None] - margin
        scores[scores > limit] = -np.inf
        scores[rows, own[block]] = -np.inf
        nearest = np.argsort(-scores, axis=1, kind="stable")[:, :n_taken]
        is_real = np.isfinite(np.take_along_axis(scores, nearest, axis=1))
        found[block, :n_taken] = np.where(is_real, nearest, MISSING)
    return found
