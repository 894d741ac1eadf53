"""Why a product stands in a list: which of the user's products, which neighbours and which words are behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.arrays import F32, Csr, Indices
from socialrec.recommend.context import Context
from socialrec.recommend.model import Recommender

MAX_NAMED = 3
"""At most this many products, friends or words a reason."""
SHARE_DECIMALS, STRENGTH_DECIMALS = 4, 6
"""Shares and strengths are rounded, so that float noise of another machine or thread reorders and changes no reason."""
CHUNK_USERS = 64
"""Users whose item-to-item weights are worked out at once."""
KIND_OF_SIGNAL = {
    "collaborative": ReasonKind.BECAUSE_YOU,
    "factors": ReasonKind.BECAUSE_YOU,
    "sequence": ReasonKind.BECAUSE_YOU,
    "social": ReasonKind.FRIENDS,
    "opinion": ReasonKind.FRIENDS,
    "content": ReasonKind.WORDS,
    "category": ReasonKind.POPULAR,
    "community": ReasonKind.POPULAR,
    "trend": ReasonKind.POPULAR,
    "popularity": ReasonKind.POPULAR,
}

Reason = dict[str, Any]


@dataclass(frozen=True)
class _Chunk:
    """Evidence of a few users: item-to-item weights between their own and their listed products, and their words."""

    sources: Indices
    targets: Indices
    weights: F32
    words: F32


class Explainer:
    """Finds the evidence behind lists of one model on one night."""

    def __init__(self, recommender: Recommender, context: Context) -> None:
        self._model, self._context = recommender, context
        self._by_product = context.affinity.T.tocsr()
        self._kinds = [KIND_OF_SIGNAL[signal.name] for signal in recommender.signals]
        self._product_ids, self._word_names = recommender.products.to_pylist(), recommender.word_names

    def explain(
        self, rows: Indices, listed: Indices, contributions: npt.NDArray[np.float32]
    ) -> list[list[list[Reason]]]:
        """Reasons of every place of every user's list.

        rows: int64 (n,), the users among everyone. listed: int64 (n, k), product numbers, negative where a list ends.
        contributions: float32 (n, k, n_signals), each signal's part of the score. Strongest reason first, at most
        `max_reasons`, at least one. A reason's share is its part of the positive contributions.
        """
        result = []
        for start in range(0, len(rows), CHUNK_USERS):
            at = slice(start, start + CHUNK_USERS)
            chunk = self._chunk(rows[at], listed[at])
            for place, row in enumerate(rows[at], start):
                products = listed[place][listed[place] >= 0]
                evidence = self._evidence(int(row), products, chunk, place - start)
                result.append([self._choose(evidence[i], contributions[place, i]) for i in range(len(products))])
        return result

    def _chunk(self, rows: Indices, listed: Indices) -> _Chunk:
        affinity = self._context.affinity[rows]
        sources = np.unique(affinity.indices).astype(np.int64)
        targets = np.unique(listed[listed >= 0])
        words = np.asarray(affinity.dot(self._model.words).toarray(), dtype=np.float32)
        return _Chunk(sources, targets, self._model.collaborative.weights(sources, targets), words)

    def _evidence(self, row: int, products: Indices, chunk: _Chunk, place: int) -> list[dict[ReasonKind, Reason]]:
        own, strength = _row(self._context.affinity, row)
        added = chunk.weights[np.ix_(np.searchsorted(chunk.sources, own), np.searchsorted(chunk.targets, products))]
        added = added * strength[:, None]
        neighbours, tie = _row(self._context.ties, row)
        found: list[dict[ReasonKind, Reason]] = []
        for number, product in enumerate(products):
            words, weight = _row(self._model.words, int(product))
            named: dict[ReasonKind, Reason] = {}
            if products_behind := _strongest(own, added[:, number], self._product_ids):
                named[ReasonKind.BECAUSE_YOU] = _reason(products=products_behind)
            if (friends := self._friends(int(product), neighbours, tie)) is not None:
                named[ReasonKind.FRIENDS] = _reason(friends=friends)
            if words_behind := _strongest(words, weight * chunk.words[place, words], self._word_names):
                named[ReasonKind.WORDS] = _reason(words=words_behind)
            found.append(named)
        return found

    def _friends(self, product: int, neighbours: Indices, tie: F32) -> list[str] | None:
        """Who of the user's ties stands behind a product: None for nobody, nameless where they are too few to name."""
        fans, affinity = _row(self._by_product, product)
        places = np.minimum(np.searchsorted(fans, neighbours), max(len(fans) - 1, 0))
        if len(fans) == 0 or len(neighbours) == 0:
            return None
        liked = np.where(fans[places] == neighbours, affinity[places], 0.0) * tie
        n_behind = np.count_nonzero(liked > 0)
        if n_behind < self._context.settings.min_named_friends:
            return [] if n_behind else None
        best = np.argsort(-liked, kind="stable")[:MAX_NAMED]
        return [self._context.everyone[int(neighbours[i])].as_py() for i in best if liked[i] > 0]

    def _choose(self, evidence: dict[ReasonKind, Reason], contributions: npt.NDArray[np.float32]) -> list[Reason]:
        positive = np.maximum(contributions, 0.0)
        total = float(positive.sum())
        shares = dict.fromkeys(KIND_OF_SIGNAL.values(), 0.0)
        for kind, part in zip(self._kinds, positive, strict=True):
            shares[kind] += float(part) / total if total else 0.0
        shares = {kind: round(share, SHARE_DECIMALS) for kind, share in shares.items()}
        known = [(shares[kind], kind) for kind in evidence if shares[kind] > 0]
        known.sort(key=lambda pair: (-pair[0], pair[1]))
        reasons = [{**evidence[k], "kind": k.value, "share": share} for share, k in known]
        if not reasons:
            share = shares[ReasonKind.POPULAR] if total else 1.0
            reasons = [{**_reason(), "kind": ReasonKind.POPULAR.value, "share": share}]
        return reasons[: self._context.settings.max_reasons]


def _reason(**named: list[str]) -> Reason:
    return {"products": [], "friends": [], "words": [], **named}


def _strongest(numbers: Indices, strength: F32, names: list[str]) -> list[str]:
    steps = np.round(strength.astype(np.float64), STRENGTH_DECIMALS)
    best = np.argsort(-steps, kind="stable")[:MAX_NAMED]
    return [names[int(numbers[i])] for i in best if steps[i] > 0]


def _row(matrix: Csr, row: int) -> tuple[Indices, F32]:
    """Columns and values of one row of a csr matrix with sorted columns."""
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[span], matrix.data[span]
