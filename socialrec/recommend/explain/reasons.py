"""Reasons of a recommendation: the user's products, the people and the words behind it, each supported by the tables.

A reason is given where its signals account for `min_reason_share` of the score, and only for scores that are not
negative. Where none is left, the reason states the product's reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.context import ScoringSnapshot
from socialrec.features.words import opening_of, quote_of, words_of
from socialrec.recommend.explain.reach import Reach
from socialrec.recommend.model import Recommender
from socialrec.vectors.arrays import F32, Csr, Flags, Indices, positions

MAX_NAMED = 3
"""Most products, friends or words in a reason."""
SHARE_DECIMALS, STRENGTH_DECIMALS = 4, 6
"""Decimals of shares and strengths, so that float noise of another machine or thread changes no reason."""
CHUNK_USERS = 64
"""Users whose item-to-item weights are computed at once."""
KINDS = (
    ReasonKind.BECAUSE_YOU,
    ReasonKind.FRIENDS,
    ReasonKind.WORDS,
    ReasonKind.PRAISED,
    ReasonKind.LOOKS_LIKE,
    ReasonKind.CATEGORY,
    ReasonKind.POPULAR,
)
"""Kinds of reasons that signals name; `friends` becomes `looked_at`, and `words` becomes `about`, where the tables
support no more than that.
"""
Reason = dict[str, Any]


@dataclass(frozen=True)
class _Chunk:
    """Evidence of a few users: item-to-item weights between their own and their listed products, and their words."""

    sources: Indices
    targets: Indices
    weights: F32
    words: F32


@dataclass(frozen=True)
class _User:
    """Evidence of one user.

    own, strength: products with a positive stance, and its strength. neighbours, tie: tied users, and the strength of
    each tie. follows: those who are followed. praise: favourable comments, and how often each word is in them. cares:
    float32 (n_aspects,), share of each aspect in the user's comments. voiced: a sentence of the user's about each
    aspect that they spoke well of.
    """

    own: Indices
    strength: F32
    neighbours: Indices
    tie: F32
    follows: Indices
    praise: list[str]
    spoken: Mapping[str, int]
    cares: F32
    voiced: Mapping[int, str]


class Explainer:
    """Finder of the evidence behind lists of one model on one night."""

    def __init__(self, recommender: Recommender, context: ScoringSnapshot) -> None:
        self._model, self._context = recommender, context
        self._evidence = context.reason_evidence
        self._speaking = context.features.affinity.multiply(self._evidence.speaking).tocsr()
        self._behind = {
            kind: context.features.affinity.multiply(speakers).T.tocsr()
            for kind, speakers in (
                (ReasonKind.FRIENDS, self._evidence.fans),
                (ReasonKind.LOOKED_AT, self._evidence.onlookers),
            )
        }
        self._kinds = [signal.reason for signal in recommender.signals]
        self._product_ids, self._categories = (
            context.features.products.to_pylist(),
            self._evidence.categories.to_pylist(),
        )
        # Of categories that the shop states: a reason names no guess.
        kinds = self._evidence.categories
        numbers = positions(kinds, pc.unique(kinds.drop_null()))
        self._reach = Reach.of(context.features.popularity, context.n_met, context.active, numbers)

    def explain(
        self, rows: Indices, listed: Indices, contributions: npt.NDArray[np.float32]
    ) -> list[list[list[Reason]]]:
        """Explain every place of every user's list.

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
                found = self._find(self._user(int(row)), products, chunk, place - start)
                choices = zip(products.tolist(), found, contributions[place], strict=False)
                result.append([self._choose(*choice) for choice in choices])
        return result

    def _chunk(self, rows: Indices, listed: Indices) -> _Chunk:
        speaking = self._speaking[rows]
        sources = np.unique(speaking.indices).astype(np.int64)
        targets = np.unique(listed[listed >= 0])
        words = np.asarray(speaking.dot(self._evidence.words).toarray(), dtype=np.float32)
        return _Chunk(sources, targets, self._model.weights_between(self._context.features, sources, targets), words)

    def _user(self, row: int) -> _User:
        praise = self._evidence.praise[row].as_py()
        return _User(
            *_row(self._speaking, row),
            *_row(self._context.features.ties, row),
            follows=_row(self._evidence.follows, row)[0],
            praise=praise,
            spoken=Counter(word for text in praise for word in words_of(text)),
            cares=self._context.features.cares[row],
            voiced=dict(
                zip(self._evidence.aspects[row].as_py(), self._evidence.aspect_quotes[row].as_py(), strict=True)
            ),
        )

    def _find(self, user: _User, products: Indices, chunk: _Chunk, place: int) -> list[dict[ReasonKind, Reason]]:
        """Candidate reasons of each product, by the kind of their signals."""
        added = chunk.weights[
            np.ix_(np.searchsorted(chunk.sources, user.own), np.searchsorted(chunk.targets, products))
        ]
        added = added * user.strength[:, None]
        return [
            {
                kind: reason
                for kind, reason in (
                    (ReasonKind.BECAUSE_YOU, self._products_behind(user, added[:, number])),
                    (ReasonKind.FRIENDS, self._people_behind(user, int(product))),
                    (ReasonKind.WORDS, self._words_behind(user, int(product), chunk.words[place])),
                    (ReasonKind.PRAISED, self._aspects_behind(user, int(product))),
                    (ReasonKind.LOOKS_LIKE, self._pictures_behind(user, int(product))),
                    (ReasonKind.CATEGORY, self._category_behind(int(product))),
                    (ReasonKind.POPULAR, self._everyone_behind(int(product))),
                )
                if reason is not None
            }
            for number, product in enumerate(products)
        ]

    def _products_behind(self, user: _User, added: F32) -> Reason | None:
        products = _strongest(user.own, added, self._product_ids)
        return make_reason(ReasonKind.BECAUSE_YOU, products=products) if products else None

    def _people_behind(self, user: _User, product: int) -> Reason | None:
        """Ties of the user who like the product, or else those who met it; unnamed where they are too few to name."""
        for kind, by_product in self._behind.items():
            speakers, affinity = _row(by_product, product)
            is_behind, place = _find_in(speakers, user.neighbours)
            if not is_behind.any():
                continue
            who, strength = user.neighbours[is_behind], affinity[place[is_behind]] * user.tie[is_behind]
            best = np.argsort(-strength, kind="stable")[:MAX_NAMED]
            is_named = len(who) >= self._context.settings.min_named_friends
            named = [int(who[i]) for i in best] if is_named else []
            return make_reason(
                kind,
                friends=[self._context.user_ids[friend].as_py() for friend in named],
                is_followed=bool(_find_in(user.follows, who)[0].all()),
                quote=self._quote_of(named, product) if kind is ReasonKind.FRIENDS else "",
            )
        return None

    def _quote_of(self, friends: list[int], product: int) -> str:
        """Sentence in which a friend praises the product: one with a word that marks it, or else a comment's first."""
        words, weight = _row(self._evidence.words, product)
        marks = [self._evidence.word_names[word] for word in words[np.argsort(-weight, kind="stable")]]
        for friend in friends:
            said, about = self._evidence.praise[friend].as_py(), self._evidence.praised[friend].as_py()
            texts = [text for text, of in zip(said, about, strict=True) if of == product]
            quotes = (quote for mark in marks if (quote := quote_of(texts, mark)))
            if quote := next(quotes, opening_of(texts)):
                return quote
        return ""

    def _words_behind(self, user: _User, product: int, taste: F32) -> Reason | None:
        """Words of the product that the user wrote in praise, or else words of products that the user met."""
        words, weight = _row(self._evidence.words, product)
        names = self._evidence.word_names
        said = np.array([user.spoken.get(names[word], 0) for word in words], dtype=np.float32)
        if own := _strongest(words, weight * np.log1p(said), names):
            return make_reason(ReasonKind.WORDS, words=own, quote=quote_of(user.praise, own[0]))
        met = _strongest(words, weight * taste[words], names)
        return make_reason(ReasonKind.ABOUT, words=met) if met else None

    def _aspects_behind(self, user: _User, product: int) -> Reason | None:
        """Aspects that the product is praised for, and that the user spoke well of elsewhere."""
        own = np.array(list(user.voiced), dtype=np.int64)
        strength = user.cares[own] * self._context.features.praise[product, own]
        names = self._evidence.aspect_names
        if not (aspects := _strongest(own, strength, names)):
            return None
        return make_reason(ReasonKind.PRAISED, words=aspects, quote=user.voiced[names.index(aspects[0])])

    def _pictures_behind(self, user: _User, product: int) -> Reason | None:
        """The user's products whose pictures are nearest, by their cosine and the user's interest."""
        looks = self._context.features.looks
        if not looks.shape[1] or not len(user.own):
            return None
        products = _strongest(user.own, user.strength * (looks[user.own] @ looks[product]), self._product_ids)
        return make_reason(ReasonKind.LOOKS_LIKE, products=products) if products else None

    def _category_behind(self, product: int) -> Reason | None:
        category = self._categories[product]
        if category is None or not self._reach.is_popular_in_category(product):
            return None
        return make_reason(ReasonKind.CATEGORY, words=[category])

    def _everyone_behind(self, product: int) -> Reason | None:
        reach = self._reach.kind(product)
        return make_reason(reach) if reach is ReasonKind.POPULAR else None

    def _choose(
        self, product: int, found: Mapping[ReasonKind, Reason], contributions: npt.NDArray[np.float32]
    ) -> list[Reason]:
        positive = np.maximum(contributions, 0.0)
        total = float(positive.sum())
        if round(float(contributions.sum()), self._context.settings.score_decimals) < 0:
            return [make_reason(self._reach.kind(product), share=0.0)]
        shares = dict.fromkeys(KINDS, 0.0)
        for kind, part in zip(self._kinds, positive, strict=True):
            shares[kind] += float(part) / total if total else 0.0
        shares = {kind: round(share, SHARE_DECIMALS) for kind, share in shares.items()}
        least = max(self._context.settings.min_reason_share, 10.0**-SHARE_DECIMALS)
        known = [(shares[kind], kind) for kind in found if shares[kind] >= least]
        known.sort(key=lambda pair: (-pair[0], pair[1]))
        reasons = [{**found[kind], "share": share} for share, kind in known]
        if not reasons:
            share = shares[ReasonKind.POPULAR] if total else 1.0
            reasons = [make_reason(self._reach.kind(product), share=share)]
        return reasons[: self._context.settings.max_reasons]


def make_reason(kind: ReasonKind, **named: Any) -> Reason:
    """Make a reason of gold.recommendations with the given fields, and defaults in the others."""
    nothing = {"share": 0.0, "products": [], "friends": [], "is_followed": False, "words": [], "quote": ""}
    return {"kind": kind.value, **nothing, **named}


def _strongest(numbers: Indices, strength: F32, names: list[str]) -> list[str]:
    steps = np.round(strength.astype(np.float64), STRENGTH_DECIMALS)
    best = np.argsort(-steps, kind="stable")[:MAX_NAMED]
    return [names[int(numbers[i])] for i in best if steps[i] > 0]


def _row(matrix: Csr, row: int) -> tuple[Indices, F32]:
    """Columns and values of one row of a csr matrix with sorted columns."""
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[span], matrix.data[span]


def _find_in(numbers: Indices, wanted: Indices) -> tuple[Flags, Indices]:
    """Find each wanted number among ascending numbers: a flag and its place, (n_wanted,) each."""
    place = np.minimum(np.searchsorted(numbers, wanted), max(len(numbers) - 1, 0))
    if not len(numbers):
        return np.zeros(len(wanted), dtype=np.bool_), place
    is_there: Flags = numbers[place] == wanted
    return is_there, place
