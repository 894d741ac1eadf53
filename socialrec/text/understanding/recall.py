"""Recall of an encoder: how often it finds the product that a comment is about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from socialrec.encoders.encoder import Encoder, Vectors
from socialrec.text.tasks import TextPairs


def recall_at(encoder: Encoder, pairs: TextPairs, cutoff: int) -> float:
    """Share of comments whose product is among the `cutoff` nearest of the pairs' products. Takes at least one pair."""
    ids, first = np.unique(pairs.product_ids, return_index=True)
    products = encoder.encode([pairs.products[int(place)] for place in first])
    return recall_of(encoder.encode(pairs.comments), products, np.searchsorted(ids, pairs.product_ids), cutoff)


def recall_of(comments: Vectors, products: Vectors, own: npt.NDArray[np.intp], cutoff: int) -> float:
    """Share of comments (n, dim) with their own of the products (m, dim) among the `cutoff` nearest; `own` is its row.

    Products that are equally near share the places among them, so that an encoder with equal vectors gains nothing.
    """
    scores = comments @ products.T
    own_scores = scores[np.arange(len(comments)), own][:, None]
    n_nearer, n_equal = (scores > own_scores).sum(axis=1), (scores == own_scores).sum(axis=1)
    return float(np.clip((cutoff - n_nearer) / n_equal, 0, 1).mean())
