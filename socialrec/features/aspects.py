"""Aspects that users write about, and what is said about those of products."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import AspectSentiment
from socialrec.features.evidence import SIGN_OF_SENTIMENT
from socialrec.vectors.arrays import ABSENT, F32, csr, positions, vocabulary

SMOOTHING = 2.0
"""Comments that say nothing, added to those about an aspect of a product: one comment is no reputation."""


def aspect_matrices(comments: pa.Table, users: pa.Array, products: pa.Array) -> tuple[F32, F32]:
    """Compute interests of users, float32 (n_users, n_aspects), and praise of products, (n_products, n_aspects).

    comments: `user_key`, `product_id`, `aspects` and `aspect_sentiments` (lists of equal length). A row of the first is
    the share of each aspect in what the user's comments name. A cell of the second is the sum of what comments say of
    the aspect, from -1 to 1 each, over their number and `SMOOTHING` more. Aspects are those that comments name, sorted.
    """
    named = comments.filter(pc.is_valid(comments["aspects"]))
    owner = pc.list_parent_indices(named["aspects"].combine_chunks())
    flat = pc.list_flatten(named["aspects"].combine_chunks())
    aspects = aspect_names(comments)
    shape = max(len(aspects), 1)
    column = positions(flat, aspects) if len(flat) else np.zeros(0, dtype=np.int64)
    user = positions(named["user_key"].combine_chunks().take(owner), users)
    product = positions(named["product_id"].combine_chunks().take(owner), products)
    ones = np.ones(len(column))
    cares = csr(ones, user, column, (len(users), shape)).toarray()
    totals = cares.sum(axis=1, keepdims=True)
    sign = _signs(named)
    said = np.isfinite(sign) & (product != ABSENT)
    cells = (product[said], column[said], (len(products), shape))
    sums = csr(sign[said], *cells).toarray()
    counts = csr(ones[said], *cells).toarray()
    shares = np.divide(cares, totals, out=np.zeros_like(cares), where=totals > 0)
    return shares, (sums / (counts + np.float32(SMOOTHING))).astype(np.float32)


def aspect_names(comments: pa.Table) -> pa.Array:
    """Aspects that comments name, sorted."""
    return vocabulary(pa.chunked_array([pc.list_flatten(comments["aspects"].combine_chunks())], pa.string()))


def favourable_aspects(comments: pa.Table, users: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Aspects that each user spoke well of, list<int64> (n_users,), as numbers of `aspect_names`, ascending; and a
    sentence of the user's about each, list<string>.
    """
    named = comments.filter(pc.is_valid(comments["aspect_quotes"])).combine_chunks()
    columns = (named[name].combine_chunks() for name in ("aspects", "aspect_sentiments", "aspect_quotes"))
    flat, moods, quotes = (pc.list_flatten(column) for column in columns)
    user = named["user_key"].combine_chunks().take(pc.list_parent_indices(named["aspects"].combine_chunks()))
    said = pa.table({"user": user, "aspect": flat, "mood": moods, "quote": quotes})
    said = said.filter((pc.field("mood") == AspectSentiment.POSITIVE.value) & (pc.field("quote") != ""))
    found: list[dict[int, str]] = [{} for _ in range(len(users))]
    rows, aspects = positions(said["user"], users), positions(said["aspect"], aspect_names(comments))
    for row, aspect, quote in sorted(zip(rows.tolist(), aspects.tolist(), said["quote"].to_pylist(), strict=True)):
        if row != ABSENT:
            found[row].setdefault(aspect, quote)
    numbers = pa.array([list(own) for own in found], pa.list_(pa.int64()))
    return numbers, pa.array([list(own.values()) for own in found], pa.list_(pa.string()))


def _signs(named: pa.Table) -> npt.NDArray[np.float64]:
    """Sign of what is said about each named aspect, float64 (n,): -1 to 1; not a number where nothing is said."""
    lists = named["aspect_sentiments"].combine_chunks()
    lengths = pc.list_value_length(named["aspects"].combine_chunks()).to_numpy(zero_copy_only=False)
    kinds, signs = zip(*SIGN_OF_SENTIMENT.items(), strict=True)
    found = np.full(int(lengths.sum()), np.nan)
    known = np.repeat(pc.is_valid(lists).to_numpy(zero_copy_only=False), lengths)
    place = positions(pc.list_flatten(lists), pa.array(kinds))
    found[known] = np.append(np.array(signs), np.nan)[place]
    return found
