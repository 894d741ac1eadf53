"""Retrieval: the passages of a question's product, then those of its kind and of no product, by words and vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from socialrec.answers.passages import PassageIndex, Shelf
from socialrec.vectors.arrays import F32, Indices

OWN, KIND, GENERAL = 0, 1, 2
"""Origins of a candidate: the question's product, another product of its kind, or no product."""
_RANK_OFFSET = 60
"""Constant of reciprocal rank fusion (Cormack et al. 2009)."""
_RESERVED = 0.25
"""Share of the candidates that is kept for other products of the kind, and for passages of no product."""
_DECIMALS = 4
"""Decimals of cosines and BM25: sums in another order differ after them."""


@dataclass(frozen=True)
class Candidates:
    """Passages found for one question, best first: rows of the index, origins, BM25 and cosine, each (n,)."""

    rows: Indices
    origins: Indices
    bm25: F32
    cosines: F32

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, k: int) -> Candidates:
        """Take the first k."""
        return self.take(np.arange(min(k, len(self))))

    def take(self, places: Indices) -> Candidates:
        """Take these candidates, in this order."""
        return Candidates(*(column[places] for column in vars(self).values()))


_NONE = Candidates(
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.float32),
    np.zeros(0, dtype=np.float32),
)


def retrieve(
    texts: Sequence[str],
    products: Sequence[str | None],
    vectors: F32,
    index: PassageIndex,
    k: int,
    *,
    other_products: bool,
) -> list[Candidates]:
    """Find at most k passages for each question: of its product first, then of its kind and of no product.

    vectors: unit vectors of the questions, float32 (n, dim). Without `other_products` only those of its product are
    found. Within each origin passages are ranked by the sum of reciprocal ranks by words and by vectors; ties go to the
    lower row.
    """
    own = [_own(*asked, index) for asked in zip(texts, products, vectors, strict=True)]
    if not other_products:
        return [one.first(k) for one in own]
    near_kind = _nearest_of_kind(products, vectors, index, k)
    near_general = index.general.nearest(vectors, k) if len(index.general) else np.zeros((len(texts), 0), np.int64)
    found = []
    for place, (text, product) in enumerate(zip(texts, products, strict=True)):
        shelf = None if product is None else index.shelf_of(product)
        kind = _NONE if shelf is None else _searched(shelf, text, vectors[place], near_kind[place], k=k, origin=KIND)
        of_others = kind.take(np.flatnonzero(~np.isin(kind.rows, own[place].rows)))
        general = _searched(index.general, text, vectors[place], near_general[place], k=k, origin=GENERAL)
        found.append(_first(own[place], [of_others, general], k))
    return found


def _own(text: str, product: str | None, vector: F32, index: PassageIndex) -> Candidates:
    """Passages of the question's product."""
    shelf = None if product is None else index.shelf_of(product)
    if product is None or shelf is None:
        return _NONE
    return _of_shelf(shelf, np.array(index.products[product]), shelf.lexical(text), vector, OWN)


def _searched(shelf: Shelf, text: str, vector: F32, near: Indices, *, k: int, origin: int) -> Candidates:
    """Passages of a shelf that are among the k best by words or by vectors; `near`: places of the latter."""
    if not len(shelf):
        return _NONE
    lexical = shelf.lexical(text)
    found = np.union1d(_best(np.round(lexical, _DECIMALS), k), near[near >= 0])
    return _of_shelf(shelf, shelf.start + found, lexical, vector, origin)


def _best(scores: F32, k: int) -> Indices:
    """Places of the k greatest scores above 0, without an order; ties go to the lower place."""
    kth = np.partition(scores, -k)[-k] if len(scores) > k else 0.0
    places = np.flatnonzero((scores >= kth) & (scores > 0))
    best: Indices = places[np.argsort(-scores[places], kind="stable")[:k]]
    return best


def _nearest_of_kind(products: Sequence[str | None], vectors: F32, index: PassageIndex, k: int) -> dict[int, Indices]:
    """Rows (on its shelf) of the k passages of its kind nearest to each question, by the question's place."""
    members: dict[int, list[int]] = defaultdict(list)
    shelves: dict[int, Shelf] = {}
    for place, product in enumerate(products):
        shelf = None if product is None else index.shelf_of(product)
        if product is not None and shelf is not None and len(shelf) > len(index.products[product]):
            members[shelf.start].append(place)
            shelves[shelf.start] = shelf
    near = dict.fromkeys(range(len(products)), np.zeros(0, dtype=np.int64))
    for start, places in members.items():
        near.update(zip(places, shelves[start].nearest(vectors[places], k), strict=True))
    return near


def _of_shelf(shelf: Shelf, rows: Indices, lexical: F32, vector: F32, origin: int) -> Candidates:
    """Rank some rows of a shelf."""
    places = rows - shelf.start
    bm25 = np.round(lexical[places], _DECIMALS)
    # Not a matrix product: its sums depend on the number of rows.
    cosines = np.round(np.einsum("nd,d->n", shelf.vectors[places], vector), _DECIMALS).astype(np.float32)
    fused = sum(1 / (_RANK_OFFSET + _ranks(scores)) for scores in (bm25, cosines))
    order = np.lexsort((rows, -np.round(fused, 9)))
    return Candidates(rows[order], np.full(len(rows), origin), bm25[order], cosines[order])


def _ranks(scores: F32) -> Indices:
    """Rank of each score from 1, equal ones alike."""
    ranks: Indices = 1 + np.searchsorted(np.sort(-scores), -scores, side="left")
    return ranks


def _first(own: Candidates, others: Sequence[Candidates], k: int) -> Candidates:
    """The first k candidates; a share of the places is reserved for those of other products and of none."""
    reserved = min(sum(map(len, others)), int(k * _RESERVED))
    columns = zip(*(vars(part).values() for part in (own.first(k - reserved), *others)), strict=True)
    return Candidates(*(np.concatenate(column) for column in columns)).first(k)
