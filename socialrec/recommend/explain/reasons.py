"""Reasons of a recommendation: the user's products, the people and the words behind it, each supported by the tables.

A reason is given where its signals account for `min_reason_share` of the score, and only for scores that are not
negative. Where none is left, the reason states the product's reach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.context import ScoringSnapshot
from socialrec.recommend.explain.reach import Reach
from socialrec.recommend.explain.reason import MAX_NAMED, Reason, make_reason, row_of, strongest
from socialrec.recommend.explain.spoken import Speaker, SpokenEvidence
from socialrec.recommend.model import Recommender
from socialrec.vectors.arrays import F32, Flags, Indices, positions

SHARE_DECIMALS = 4
"""Decimals of shares, so that float noise of another machine or thread changes no reason."""
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
    each tie. follows: those who are followed. added: float32 (n_own, n_listed), what each own product adds to the score
    of each listed one. speaker: what they wrote, and taste: float32 (n_words,), words of their products.
    """

    own: Indices
    strength: F32
    neighbours: Indices
    tie: F32
    follows: Indices
    added: F32
    speaker: Speaker
    taste: F32


class Explainer:
    """Finder of the evidence behind lists of one model on one night."""

    def __init__(self, recommender: Recommender, context: ScoringSnapshot) -> None:
        self._model, self._context = recommender, context
        self._evidence, self._spoken = context.reason_evidence, SpokenEvidence(context)
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
                user = self._user(int(row), products, chunk, place - start)
                parts = zip(products.tolist(), contributions[place], strict=False)
                result.append([self._reasons(user, number, *each) for number, each in enumerate(parts)])
        return result

    def _chunk(self, rows: Indices, listed: Indices) -> _Chunk:
        speaking = self._speaking[rows]
        sources = np.unique(speaking.indices).astype(np.int64)
        targets = np.unique(listed[listed >= 0])
        words = np.asarray(speaking.dot(self._evidence.words).toarray(), dtype=np.float32)
        return _Chunk(sources, targets, self._model.weights_between(self._context.features, sources, targets), words)

    def _user(self, row: int, listed: Indices, chunk: _Chunk, place: int) -> _User:
        own, strength = row_of(self._speaking, row)
        between = np.ix_(np.searchsorted(chunk.sources, own), np.searchsorted(chunk.targets, listed))
        return _User(
            own,
            strength,
            *row_of(self._context.features.ties, row),
            follows=row_of(self._evidence.follows, row)[0],
            added=chunk.weights[between] * strength[:, None],
            speaker=self._spoken.speaker(row),
            taste=chunk.words[place],
        )

    def _reasons(self, user: _User, number: int, product: int, contributions: F32) -> list[Reason]:
        """Reasons of one listed product, by its place among those of the user."""
        settings = self._context.settings
        if round(float(contributions.sum()), settings.score_decimals) < 0:
            return [make_reason(self._reach.kind(product), share=0.0)]
        positive = np.maximum(contributions, 0.0)
        total = float(positive.sum())
        shares = dict.fromkeys(KINDS, 0.0)
        for kind, part in zip(self._kinds, positive.tolist(), strict=True):
            shares[kind] += part / total if total else 0.0
        shares = {kind: round(share, SHARE_DECIMALS) for kind, share in shares.items()}
        least = max(settings.min_reason_share, 10.0**-SHARE_DECIMALS)
        # Evidence is looked for only where it may be shown: that takes more time than the lists.
        strong = sorted((-share, kind) for kind, share in shares.items() if share >= least)
        found = ((-share, self._evidence_of(kind, user, number, product)) for share, kind in strong)
        reasons = [{**reason, "share": share} for share, reason in found if reason is not None]
        if not reasons:
            share = shares[ReasonKind.POPULAR] if total else 1.0
            return [make_reason(self._reach.kind(product), share=share)]
        return reasons[: settings.max_reasons]

    def _evidence_of(self, kind: ReasonKind, user: _User, number: int, product: int) -> Reason | None:
        """Reason of a kind that signals name; None where the tables do not support it."""
        finders: Mapping[ReasonKind, Callable[[], Reason | None]] = {
            ReasonKind.BECAUSE_YOU: lambda: self._products_behind(user, user.added[:, number]),
            ReasonKind.FRIENDS: lambda: self._people_behind(user, product),
            ReasonKind.WORDS: lambda: self._spoken.words_behind(user.speaker, product, user.taste),
            ReasonKind.PRAISED: lambda: self._spoken.aspects_behind(user.speaker, product),
            ReasonKind.LOOKS_LIKE: lambda: self._pictures_behind(user, product),
            ReasonKind.CATEGORY: lambda: self._category_behind(product),
            ReasonKind.POPULAR: lambda: self._everyone_behind(product),
        }
        return finders[kind]()

    def _products_behind(self, user: _User, added: F32) -> Reason | None:
        products = strongest(user.own, added, self._product_ids)
        return make_reason(ReasonKind.BECAUSE_YOU, products=products) if products else None

    def _people_behind(self, user: _User, product: int) -> Reason | None:
        """Ties of the user who like the product, or else those who met it; unnamed where they are too few to name."""
        for kind, by_product in self._behind.items():
            speakers, affinity = row_of(by_product, product)
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
                quote=self._spoken.praise_by(named, product) if kind is ReasonKind.FRIENDS else "",
            )
        return None

    def _pictures_behind(self, user: _User, product: int) -> Reason | None:
        """The user's products whose pictures are nearest, by their cosine and the user's interest."""
        looks = self._context.features.looks
        if not looks.shape[1] or not len(user.own):
            return None
        products = strongest(user.own, user.strength * (looks[user.own] @ looks[product]), self._product_ids)
        return make_reason(ReasonKind.LOOKS_LIKE, products=products) if products else None

    def _category_behind(self, product: int) -> Reason | None:
        category = self._categories[product]
        if category is None or not self._reach.is_popular_in_category(product):
            return None
        return make_reason(ReasonKind.CATEGORY, words=[category])

    def _everyone_behind(self, product: int) -> Reason | None:
        reach = self._reach.kind(product)
        return make_reason(reach) if reach is ReasonKind.POPULAR else None


def _find_in(numbers: Indices, wanted: Indices) -> tuple[Flags, Indices]:
    """Find each wanted number among ascending numbers: a flag and its place, (n_wanted,) each."""
    place = np.minimum(np.searchsorted(numbers, wanted), max(len(numbers) - 1, 0))
    if not len(numbers):
        return np.zeros(len(wanted), dtype=np.bool_), place
    is_there: Flags = numbers[place] == wanted
    return is_there, place
