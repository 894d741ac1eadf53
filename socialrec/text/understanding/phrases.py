"""Exact matches of listed words and phrases in a text: whole words, in any case, in scripts with and without spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from socialrec.language.forms import EMOJI, normal, plain_emoji
from socialrec.language.segmenting import UNSPACED

_WORD = rf"[^\W{UNSPACED}_]"
_TOKEN = re.compile(rf"[{UNSPACED}]|{EMOJI}|{_WORD}+(?:'{_WORD}+)*|[^\w\s]|_")
"""Characters of scripts that put no spaces between words are tokens of their own, since a list may hold parts of words;
an emoji is one token.
"""
_GAP = re.compile(rf"(?<=[{UNSPACED}])\s+(?=[{UNSPACED}])")
"""Space within a script without spaces: its writers put it where others put a comma."""
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u2011](?=\w)")
_IS_UNSPACED = re.compile(f"[{UNSPACED}]")
_APOSTROPHE = re.compile("[\u2018\u2019\u02bc]")


@dataclass(frozen=True)
class Match:
    """Place of a phrase among the tokens of a text: from `start` to before `end`, and the phrase as it is listed."""

    start: int
    end: int
    phrase: str


def tokens_of(text: str) -> list[str]:
    """Cut a text in normal form into words, characters of scripts without spaces, emoji and other signs.

    A hyphen within a word separates two words; an apostrophe does not: `well-made` is two tokens, `isn't` one. A space
    between characters of scripts without spaces is read as a comma.
    """
    plain = _GAP.sub(",", _HYPHEN.sub(" ", _APOSTROPHE.sub("'", normal(text))))
    found: list[str] = _TOKEN.findall(plain)
    return found if text.isascii() else [plain_emoji(token) for token in found]


def is_unspaced(token: str) -> bool:
    """Check if a token is a character of a script without spaces."""
    return bool(_IS_UNSPACED.match(token))


class Phrases:
    """Finder of listed phrases. The longest phrase wins, and no token is in two matches."""

    def __init__(self, listed: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[list[str], str]]] = {}
        for phrase in listed:
            if tokens := tokens_of(phrase):
                self._by_first.setdefault(tokens[0], []).append((tokens, phrase))
        for phrases in self._by_first.values():
            phrases.sort(key=lambda pair: -len(pair[0]))

    def find(self, tokens: Sequence[str]) -> list[Match]:
        """Find all phrases among the tokens of a text, from left to right."""
        found = []
        place = 0
        while place < len(tokens):
            for phrase, listed in self._by_first.get(tokens[place], ()):
                end = place + len(phrase)
                if list(tokens[place:end]) == phrase:
                    found.append(Match(place, end, listed))
                    place = end - 1
                    break
            place += 1
        return found
