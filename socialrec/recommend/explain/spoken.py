"""Evidence in what users wrote: words, sentences to quote, and aspects that they praise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.context import ScoringSnapshot
from socialrec.features.words import opening_of, quote_of, words_of
from socialrec.recommend.explain.reason import Reason, make_reason, row_of, strongest
from socialrec.vectors.arrays import F32


@dataclass(frozen=True)
class Speaker:
    """Words of one user of a night, read when they are needed."""

    row: int
    context: ScoringSnapshot

    @property
    def praise(self) -> list[str]:
        """Favourable comments."""
        texts: list[str] = self.context.reason_evidence.praise[self.row].as_py()
        return texts

    @cached_property
    def spoken(self) -> Mapping[str, int]:
        """Number of times that each word is in favourable comments."""
        return Counter(word for text in self.praise for word in words_of(text))

    @property
    def cares(self) -> F32:
        """Share of each aspect in the user's comments, float32 (n_aspects,)."""
        shares: F32 = self.context.features.cares[self.row]
        return shares

    @cached_property
    def voiced(self) -> Mapping[int, str]:
        """Aspects that the user spoke well of, with a sentence about each."""
        evidence = self.context.reason_evidence
        return dict(zip(evidence.aspects[self.row].as_py(), evidence.aspect_quotes[self.row].as_py(), strict=True))


class SpokenEvidence:
    """Finder of reasons in the comments of a night's users."""

    def __init__(self, context: ScoringSnapshot) -> None:
        self._context, self._features, self._evidence = context, context.features, context.reason_evidence

    def speaker(self, row: int) -> Speaker:
        """Find the words of one user."""
        return Speaker(row, self._context)

    def praise_by(self, friends: Sequence[int], product: int) -> str:
        """Quote a friend who praises the product: a sentence with a word that marks it, or else a comment's first."""
        words, weight = row_of(self._evidence.words, product)
        marks = [self._evidence.word_names[word] for word in words[np.argsort(-weight, kind="stable")]]
        for friend in friends:
            said, about = self._evidence.praise[friend].as_py(), self._evidence.praised[friend].as_py()
            texts = [text for text, of in zip(said, about, strict=True) if of == product]
            quotes = (quote for mark in marks if (quote := quote_of(texts, mark)))
            if quote := next(quotes, opening_of(texts)):
                return quote
        return ""

    def words_behind(self, user: Speaker, product: int, taste: F32) -> Reason | None:
        """Find words of the product that the user wrote in praise, or else words of products that the user met."""
        words, weight = row_of(self._evidence.words, product)
        names = self._evidence.word_names
        said = np.array([user.spoken.get(names[word], 0) for word in words], dtype=np.float32)
        if own := strongest(words, weight * np.log1p(said), names):
            return make_reason(ReasonKind.WORDS, words=own, quote=quote_of(user.praise, own[0]))
        met = strongest(words, weight * taste[words], names)
        return make_reason(ReasonKind.ABOUT, words=met) if met else None

    def aspects_behind(self, user: Speaker, product: int) -> Reason | None:
        """Find aspects that the product is praised for, and that the user spoke well of elsewhere."""
        own = np.array(list(user.voiced), dtype=np.int64)
        strength = user.cares[own] * self._features.praise[product, own]
        names = self._evidence.aspect_names
        if not (aspects := strongest(own, strength, names)):
            return None
        return make_reason(ReasonKind.PRAISED, words=aspects, quote=user.voiced[names.index(aspects[0])])
