"""Verification of phrased texts: whole clauses of the cited passages, with other function words and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise

from socialrec.answers.words import content, is_negation, stem, tokens
from socialrec.features.words import sentences_of
from socialrec.language.forms import normal

_SUBJECT = r"(?:it|this|these|they|those|there|you|we|i|he|she)"
_CLAUSE_END = re.compile(
    rf"\.(?!\d)|[;!?\uff0c\uff1b\u3002\uff01\uff1f]|,\s+(?:and\s+|so\s+)?(?={_SUBJECT}\b)|\band\s+(?={_SUBJECT}\b)"
    r"|,?\s*\b(?:because|since)\b|因为|所以",
    re.IGNORECASE,
)
"""End of a clause. A comma alone is none, as in `the red, blue and green cups hold 9, 10 and 11 oz`, nor is a colon, as
in `country of origin: China`; what stands in brackets or after a `but` belongs to what is before it.
"""
_CONDITIONS = frozenset(
    (
        *("if", "unless", "until", "when", "except", "only", "once", "otherwise", "supposed", "claim", "claims"),
        *("think", "thought", "believe", "guess", "hope", "wish", "doubt", "heard", "seems", "say", "says", "said"),
        *("understand", "assume", "suppose", "imagine", "probably", "possibly", "perhaps", "maybe", "apparently"),
        *("usually", "sometimes", "often", "generally", "normally", "typically", "hopefully", "requires", "required"),
        *("如果", "要是", "除非", "除了", "只", "只有", "仅", "听说", "据说", "觉得", "好像", "希望", "以为"),
    )
)
"""Words that hold for their whole sentence: without them it says more than its author did."""
_TELLING = _CONDITIONS | frozenset(
    (
        *("all", "every", "each", "any", "always", "both", "some", "few", "several", "most", "many", "much", "half"),
        *("more", "less", "least", "too", "same", "or", "than", "as", "just", "almost", "nearly", "about", "around"),
        *("may", "might", "can", "could", "should", "must", "would", "will", "was", "were", "had", "did", "up", "down"),
        *("over", "under", "out", "off", "from", "to", "for", "with", "by", "on", "into", "like", "per", "before"),
        *("after", "inside", "outside", "very", "really", "quite", "who", "which", "whose"),
        *("所有", "全部", "都", "每", "一些", "有些", "大多", "或", "或者", "比", "可能", "也许", "应该", "必须"),
        *("大约", "约", "左右", "超过", "以上", "以下", "以内", "之前", "之后", "从", "到", "太", "更", "最"),
        *("能", "会", "可以", "可", "要", "需要", "过", "了"),
    )
)
"""Function words that a fact hangs on: how many, how surely, when, under which condition, and in which relation."""
_PEOPLE = frozenset(("i", "me", "we", "us", "you", "我", "我们", "你", "你们", "您", "咱", "咱们"))
_THINGS = frozenset(
    ("it", "this", "that", "these", "those", "they", "them", "它", "它们", "这", "那", "这个", "那个", "这款")
)
_NEGATION = "not"
_SIGNED = re.compile(r"([-~<>≤≥±+$€£¥#]?)\s?(\d+(?:[.,:/]\d+)*)\s?([-+%‰°\"'$€£¥]?)")
"""Number with the sign before and after it: a currency, a minus, a range, inches, feet, degrees."""
_ONE_FORM = {"-": "\u2013\u2014\u2212", '"': "\u2033\u201c\u201d", "'": "\u2032\u2018\u2019", "": "\\"}
"""Signs that are written in several ways; a backslash before one says nothing."""
_FORMS = {ord(sign): form for form, signs in _ONE_FORM.items() for sign in signs}


def shown(phrased: str, extractive: str, cited: Sequence[str]) -> str:
    """Choose the phrased text, or the extractive one where a fact of it stands in no cited passage."""
    return extractive if unsupported(phrased, cited) else phrased


def unsupported(text: str, cited: Sequence[str]) -> list[str]:
    """List the facts of a text that no cited passage holds, in order; empty where all are supported.

    Each sentence must say whole clauses of one cited sentence: its content words (names and units too), numbers,
    negations and telling function words in their order, and nothing else. Articles, present forms of `be`, `have` and
    `do`, and the form of a word are free. A text that says nothing is not supported either.
    """
    said = [sentence for passage in cited for sentence in sentences_of(passage)]
    # Chinese texts end with an empty one.
    phrased = [sentence for sentence in sentences_of(text) if sentence] or [text]
    found = (min((_unsupported_in(sentence, other) for other in said), key=len) for sentence in phrased)
    return [fact for facts in found for fact in facts]


def _unsupported_in(sentence: str, cited: str) -> list[str]:
    here, there = Counter(_carriers(sentence)), Counter(_carriers(cited))
    units = _with_units(sentence) - _with_units(cited)
    signs = _signed(sentence) - _signed(cited)
    # Those of the whole sentence may not be left out either.
    dropped = [word for word in (there - here) if word in {_NEGATION, *_CONDITIONS}]
    is_question = [text.rstrip().endswith(("?", "\uff1f")) for text in (sentence, cited)]
    checks = (
        ("clause", here <= there and not _is_whole(sentence, cited)),
        ("question", is_question == [False, True]),
        ("person", _is_of_another(set(tokens(sentence)), set(tokens(cited)))),
    )
    return [
        *(_named(word) for word in [*(here - there).elements(), *dropped]),
        *(f"unit {number} {unit}" for number, unit in sorted(units)),
        *(f"sign {''.join(parts)}" for parts in sorted(signs)),
        *(name for name, fails in checks if fails),
    ]


def _carriers(text: str) -> list[str]:
    """Words that carry facts, in order: stems of content words, numbers, negations, and telling function words."""
    return [carried for word in tokens(text) if (carried := _carried(word))]


def _carried(word: str) -> str:
    if is_negation(word):
        return _NEGATION
    if word in _TELLING or word[0].isdigit():
        return word
    return stem(word) if content(word) else ""


def _named(word: str) -> str:
    if word == _NEGATION:
        return "negation"
    return f"number {word}" if word[0].isdigit() else f"word {word}"


def _with_units(text: str) -> set[tuple[str, str]]:
    """Numbers and the content word that follows each."""
    words, carried = tokens(text), content(text)
    return {(word, stem(after)) for word, after in pairwise(words) if word[0].isdigit() and stem(after) in carried}


def _signed(text: str) -> set[tuple[str, ...]]:
    """Numbers with the signs that belong to them."""
    return set(_SIGNED.findall(normal(text).translate(_FORMS)))


def _is_whole(sentence: str, cited: str) -> bool:
    """Check if a sentence carries the same as some clauses of the other one that follow each other."""
    wanted = _carriers(sentence)
    clauses = [carried for clause in _CLAUSE_END.split(cited) if (carried := _carriers(clause))]
    whole = [word for clause in clauses for word in clause]
    ends = set(accumulate(map(len, clauses), initial=0))
    runs = (start for start in ends if start + len(wanted) in ends)
    return bool(wanted) and any(whole[start : start + len(wanted)] == wanted for start in runs)


def _is_of_another(here: set[str], there: set[str]) -> bool:
    """Check if a sentence speaks of people where the other does not, or of things where the other speaks of people."""
    if here & _PEOPLE:
        return not there & _PEOPLE
    return bool(here & _THINGS) and bool(there & _PEOPLE) and not there & _THINGS
