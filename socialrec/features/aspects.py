"""Aspects that users write about, and what is said about those of products."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import AspectSentiment
from socialrec.features.opinions import SIGN_OF_SENTIMENT
from socialrec.vectors.arrays import ABSENT, F32, Csr, Indices, csr, positions, vocabulary

SMOOTHING = 2.0
"""Comments that say nothing, added to those about an aspect of a product: one comment is no reputation."""
F64 = npt.NDArray[np.float64]


def aspects_of(comments: pa.Table) -> pa.Array:
    """Aspects that these comments name, sorted."""
    named = comments["aspects"].drop_null()
    return vocabulary(pa.chunked_array([pc.list_flatten(chunk) for chunk in named.chunks], pa.string()))


def cares_of(comments: pa.Table, users: pa.Array, aspects: pa.Array) -> Csr:
    """Interests of users, csr float32 (n_users, n_aspects): the share of each aspect in what a user's comments name.

    comments: `user_key`, and `aspects` (a list).
    """
    owner, column = _mentions(comments, "user_key", users, aspects)
    cares = csr(np.ones(len(column)), owner, column, (len(users), len(aspects)))
    totals = np.asarray(cares.sum(axis=1)).ravel()
    cares.data /= np.repeat(totals, np.diff(cares.indptr))
    return cares


def said_of_aspects(comments: pa.Table, products: pa.Array) -> dict[str, F64]:
    """Add up what comments say of the aspects of each product, -1 to 1 each: by aspect the sum, and the number that say
    something, float64 (2, n_products).

    comments: `product_id`, `aspects` and `aspect_sentiments` (lists of equal length).
    """
    aspects = aspects_of(comments)
    product, column = _mentions(comments, "product_id", products, aspects)
    sign = _signs(comments.filter(pc.field("aspects").is_valid()))
    said = np.isfinite(sign) & (product != ABSENT)
    shape = (len(products), max(len(aspects), 1))
    cells = product[said] * shape[1] + column[said]
    each = (sign[said], np.ones(len(cells)))
    sums, counts = (np.bincount(cells, values, shape[0] * shape[1]).reshape(shape) for values in each)
    found: dict[str, F64] = {
        name: np.stack([sums[:, at], counts[:, at]]).astype(np.float64) for at, name in enumerate(aspects.to_pylist())
    }
    return {name: each for name, each in found.items() if each[1].any()}


def praise_of(said: dict[str, F64], n_products: int) -> tuple[F32, pa.Array]:
    """Praise of products, float32 (n_products, n_aspects), and the aspects, sorted: the sum of what is said over the
    number that say something and `SMOOTHING` more. Without any aspect there is one column of zeros.
    """
    names = sorted(said)
    columns = [said[name][0] / (said[name][1] + SMOOTHING) for name in names] or [np.zeros(n_products)]
    return np.stack(columns, axis=1).astype(np.float32), pa.array(names or [""], pa.string())


def _mentions(comments: pa.Table, owner_column: str, owners: pa.Array, aspects: pa.Array) -> tuple[Indices, Indices]:
    """Owner and aspect of each mention, int64 (n,) each."""
    named = comments.filter(pc.field("aspects").is_valid())
    lists = named["aspects"].combine_chunks()
    owner = named[owner_column].combine_chunks().take(pc.list_parent_indices(lists))
    return positions(owner, owners), positions(pc.list_flatten(lists), aspects)


def favourable_aspects(comments: pa.Table, users: pa.Array) -> pa.Array:
    """Aspects that each user spoke well of, by name, with a sentence of the user's about each: list of {aspect, quote},
    (n_users,).

    comments: `user_key`, and `aspects`, `aspect_sentiments` and `aspect_quotes` (lists of equal length).
    """
    named = comments.filter(pc.field("aspect_quotes").is_valid()).combine_chunks()
    columns = (named[name].combine_chunks() for name in ("aspects", "aspect_sentiments", "aspect_quotes"))
    flat, moods, quotes = (pc.list_flatten(column) for column in columns)
    user = named["user_key"].combine_chunks().take(pc.list_parent_indices(named["aspects"].combine_chunks()))
    said = pa.table({"user": user, "aspect": flat, "mood": moods, "quote": quotes})
    said = said.filter((pc.field("mood") == AspectSentiment.POSITIVE.value) & (pc.field("quote") != ""))
    found: list[dict[str, str]] = [{} for _ in range(len(users))]
    rows = positions(said["user"], users).tolist()
    for row, aspect, quote in sorted(zip(rows, said["aspect"].to_pylist(), said["quote"].to_pylist(), strict=True)):
        if row != ABSENT:
            found[row].setdefault(aspect, quote)
    lists = [[{"aspect": aspect, "quote": quote} for aspect, quote in own.items()] for own in found]
    return pa.array(lists, pa.list_(pa.struct({"aspect": pa.string(), "quote": pa.string()})))


def _signs(named: pa.Table) -> F64:
    """Sign of what is said about each named aspect, float64 (n,): -1 to 1; not a number where nothing is said."""
    lists = named["aspect_sentiments"].combine_chunks()
    lengths = pc.list_value_length(named["aspects"].combine_chunks()).to_numpy(zero_copy_only=False)
    kinds, signs = zip(*SIGN_OF_SENTIMENT.items(), strict=True)
    found = np.full(int(lengths.sum()), np.nan)
    known = np.repeat(pc.is_valid(lists).to_numpy(zero_copy_only=False), lengths)
    place = positions(pc.list_flatten(lists), pa.array(kinds))
    found[known] = np.append(np.array(signs), np.nan)[place]
    return found
