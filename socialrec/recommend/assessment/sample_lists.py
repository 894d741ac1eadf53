"""Sample lists of a recipe for a few users of the test window. Users are numbers, so nobody is named."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from socialrec.evaluate.metrics.hits import Ranked, hits
from socialrec.recommend.training.offline import HeldOut

N_SAMPLES = 10
LONGEST_TEXT = 80
"""Displayed characters of a product's text; its title comes first."""
COLUMNS = ("user", "products_met", "rank", "product_id", "product", "taken_later")


def sample_lists(
    ranked: Ranked, held: HeldOut, ids: pa.Array, products: pa.Table, seed: int
) -> list[tuple[int | str, ...]]:
    """Make rows of COLUMNS: lists of some held-out users, drawn with the seed.

    ranked: places of `ids`, int64 (n, k), negative where a list is short. products: `product_id`, `text`.
    """
    n_users = len(held.rows)
    chosen = np.sort(np.random.default_rng(seed).choice(n_users, min(N_SAMPLES, n_users), replace=False))
    found = hits(ranked[chosen], held.relevant[chosen], ranked.shape[1])
    n_met = np.diff(held.seen[chosen].indptr)
    texts = dict(zip(products["product_id"].to_pylist(), products["text"].to_pylist(), strict=True))
    return [
        (
            user + 1,
            int(n_met[user]),
            rank + 1,
            name := ids[place].as_py(),
            texts[name][:LONGEST_TEXT],
            int(found[user, rank]),
        )
        for user, number in enumerate(chosen)
        for rank, place in enumerate(ranked[number].tolist())
        if place >= 0
    ]
