"""Verification of phrased texts: every fact of a text must stand in the passages that it cites."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise
from operator import or_

from socialrec.answers.words import content, is_negation, n_negations, numbers, stem, tokens
from socialrec.features.words import sentences_of

_CLAUSE_END = re.compile(
    r"[,;:.!?()\uff0c\u3001\uff1b\uff1a\u3002\uff01\uff1f\uff08\uff09]"
    r"|\b(?:but|however|although|though|while|whereas)\b|但是?|不过|可是|然而|虽然|尽管",
    re.IGNORECASE,
)
_ORDERED = frozenset(
    (
        *("than", "before", "after", "from", "to", "over", "under", "into", "instead", "rather"),
        *("比", "从", "到", "超过", "大于", "小于", "高于", "低于", "以上", "以下", "以内", "之前", "之后"),
    )
)
"""Words whose two sides cannot change places: `smaller than`, `from … to`, `比`."""


def shown(phrased: str, extractive: str, cited: Sequence[str]) -> str:
    """Choose the phrased text, or the extractive one where a fact of it stands in no cited passage."""
    return extractive if unsupported(phrased, cited) else phrased


def unsupported(text: str, cited: Sequence[str]) -> list[str]:
    """List the facts of a text that no cited passage holds, in order; empty where all are supported.

    A fact is a number, a number with its unit, a content word (names and units too), a negation and what it negates,
    or the order of the two sides of a comparison.
    """
    sentences = [sentence for passage in cited for sentence in sentences_of(passage)]
    found: list[str] = []
    for sentence in sentences_of(text):
        nearest = max(sentences, key=lambda other: _overlap(sentence, other), default="")
        found += _unsupported_in(sentence, nearest, sentences)
    return found


def _unsupported_in(sentence: str, nearest: str, cited: Sequence[str]) -> Iterator[str]:
    # As often as in the passage that says it most: of two sizes, one must not be said twice.
    known_numbers = reduce(or_, map(_counted, cited), Counter[str]())
    known_words = set().union(*map(content, cited))
    known_units = set().union(*map(_with_units, cited))
    yield from (f"number {number}" for number, n in _counted(sentence).items() if n > known_numbers[number])
    yield from (f"word {word}" for word in sorted(content(sentence) - known_words))
    yield from (f"unit {number} {unit}" for number, unit in sorted(_with_units(sentence) - known_units))
    if n_negations(sentence) != n_negations(nearest):
        yield "negation"
    here, there = _negated(sentence), _negated(nearest)
    shared = content(sentence) & content(nearest)
    yield from (f"negated {word}" for word in sorted((here ^ there) & shared))
    if _ORDERED & set(tokens(sentence)) and not _is_in_order(sentence, nearest):
        yield "order"


def _overlap(sentence: str, other: str) -> tuple[int, int]:
    """Words and numbers in common; among equals the sentence with as many negations is nearer."""
    in_common = len(content(sentence) & content(other)) + len(numbers(sentence) & numbers(other))
    return in_common, -abs(n_negations(sentence) - n_negations(other))


def _counted(text: str) -> Counter[str]:
    """Numbers of a text, and how often each is said."""
    return Counter(word for word in tokens(text) if word[0].isdigit())


def _with_units(text: str) -> set[tuple[str, str]]:
    """Numbers and the content word that follows each."""
    words, carried = tokens(text), content(text)
    return {(word, stem(after)) for word, after in pairwise(words) if word[0].isdigit() and stem(after) in carried}


def _negated(sentence: str) -> set[str]:
    """Content words that follow a negation in their clause."""
    found: set[str] = set()
    for clause in _CLAUSE_END.split(sentence):
        words = tokens(clause)
        first = next((place for place, word in enumerate(words) if is_negation(word)), None)
        if first is not None:
            found |= content(" ".join(words[first + 1 :]))
    return found


def _is_in_order(sentence: str, cited: str) -> bool:
    """Check if the shared content words come in the order of the cited sentence."""
    shared = content(sentence) & content(cited)
    here, there = ([stem(word) for word in tokens(text) if stem(word) in shared] for text in (sentence, cited))
    following = iter(there)
    return all(word in following for word in here)
