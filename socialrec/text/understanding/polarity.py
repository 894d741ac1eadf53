"""Praise and complaint by clause: the words of a text that say either, what negates them, and where clauses end."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from socialrec.text.understanding import polarity_words as english
from socialrec.text.understanding import polarity_words_chinese as chinese
from socialrec.text.understanding.phrases import Match, Phrases, is_unspaced, tokens_of

SENTENCE_ENDS = frozenset(".!?;\u3002\uff01\uff1f\uff1b\u2026")
CLAUSE_ENDS = SENTENCE_ENDS | frozenset(":,()~\uff1a\uff0c\u3001\uff08\uff09")
_TOO = "too"
NEGATION_REACH = 4
"""Tokens after a negation that it can turn, within its clause."""
NEGATION_REACH_UNSPACED = 6
"""The same where tokens are characters of scripts without spaces."""
_NO_ADJECTIVE = frozenset(
    ("it", "i", "the", "and", "for", "but", "as", "so", "my", "a", "to", "in", "on", "of", "with", "you")
)
"""Words after `too` that make it mean `also`, or no complaint by themselves."""
_LANGUAGES = (english, chinese)
_SIGNS = {
    phrase: sign
    for words in _LANGUAGES
    for sign, phrases in ((1, words.POSITIVE), (-1, words.NEGATIVE), (0, words.NEUTRAL))
    for phrase in phrases
}
_POLAR = Phrases((*_SIGNS, *(phrase for words in _LANGUAGES for phrase in words.OTHER)))
_NEGATIONS = frozenset(word for words in _LANGUAGES for word in words.NEGATIONS)
_CONTRASTS = Phrases(phrase for words in _LANGUAGES for phrase in words.CONTRASTS)
_CONJUNCTIONS = Phrases(phrase for words in _LANGUAGES for phrase in (*words.CONTRASTS, *words.CONJUNCTIONS))


def sign_of(number: float) -> int:
    """Sign of a number: -1, 0 or 1."""
    return (number > 0) - (number < 0)


@dataclass(frozen=True)
class PolarText:
    """Tokens of one text, with the places of praise and complaint among them."""

    tokens: Sequence[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a text."""
        return cls(tokens_of(text))

    @cached_property
    def polar(self) -> list[tuple[Match, int]]:
        """Polar words and their signs, 1, 0 or -1, turned where they are negated; `too` and an adjective is one."""
        found = []
        for match in self._matches:
            sign = -1 if match.phrase == _TOO else _SIGNS.get(match.phrase)
            if sign is not None:
                found.append((match, -sign if self._is_negated(match) else sign))
        return found

    def sign_at(self, match: Match, own: int = 0) -> int | None:
        """Sign of what is said about a phrase at this place; `own` is the sign that the phrase itself carries.

        The first of these counts: the sum of its clause's polar words and of its own sign, turned where it is negated,
        which decides between as many of either; a negation in its clause, which is a complaint; polar words of its
        sentence. None where there are none of these.
        """
        clause, sentence = (self._part(starts, match.start) for starts in (self._clauses, self._sentences))
        beside = [(other.start, sign) for other, sign in self.polar if not (own and _is_within(other, match))]
        near, wide = ([sign for place, sign in beside if place in part] for part in (clause, sentence))
        own = -own if self._is_negated(match) else own
        if near or own:
            return sign_of(sum(near) + own) or own
        if any(place in self._negations for place in clause):
            return -1
        return sign_of(sum(wide)) if wide else None

    @cached_property
    def _matches(self) -> list[Match]:
        found = _POLAR.find(self.tokens)
        taken = {place for match in found if match.end - match.start > 1 for place in range(match.start, match.end)}
        too = [
            Match(place, place + 2, _TOO)
            for place, (word, following) in enumerate(zip(self.tokens, self.tokens[1:], strict=False))
            if word == _TOO and following.isalpha() and following not in _NO_ADJECTIVE and place not in taken
        ]
        return sorted([*(m for m in found if not any(_overlap(m, t) for t in too)), *too], key=lambda m: m.start)

    @cached_property
    def _negations(self) -> frozenset[int]:
        """Places of negations that are no part of a longer phrase, such as `not only`."""
        taken = {place for match in self._matches for place in range(match.start, match.end)}
        taken |= {place for match in _CONJUNCTIONS.find(self.tokens) for place in range(match.start, match.end)}
        is_negation = (word in _NEGATIONS or word.endswith("n't") for word in self.tokens)
        return frozenset(place for place, is_one in enumerate(is_negation) if is_one and place not in taken)

    def _is_negated(self, match: Match) -> bool:
        reach = NEGATION_REACH_UNSPACED if is_unspaced(self.tokens[match.start]) else NEGATION_REACH
        start = max(self._part(self._clauses, match.start).start, match.start - reach)
        if is_unspaced(self.tokens[match.start]):
            # A negation stands before what it turns: one that has turned a word does not turn the next.
            start = max([start, *(other.end for other in self._matches if other.end <= match.start)])
        return any(place in self._negations for place in range(start, match.start))

    @cached_property
    def _clauses(self) -> list[int]:
        return _starts(self.tokens, CLAUSE_ENDS, _CONJUNCTIONS)

    @cached_property
    def _sentences(self) -> list[int]:
        return _starts(self.tokens, SENTENCE_ENDS, _CONTRASTS)

    def _part(self, starts: Sequence[int], place: int) -> range:
        """Places of the part that holds a place."""
        number = bisect_right(starts, place)
        return range(starts[number - 1], starts[number] if number < len(starts) else len(self.tokens))


def _starts(tokens: Sequence[str], ends: frozenset[str], openings: Phrases) -> list[int]:
    """Places at which parts start: after signs that end one, and at words that open one."""
    after = {place + 1 for place, word in enumerate(tokens) if word in ends}
    return sorted({0, *after, *(match.start for match in openings.find(tokens))})


def _is_within(one: Match, other: Match) -> bool:
    return other.start <= one.start and one.end <= other.end


def _overlap(one: Match, other: Match) -> bool:
    return one.start < other.end and other.start < one.end
