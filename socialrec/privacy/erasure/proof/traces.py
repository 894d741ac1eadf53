"""Traces of users in text in any spelling: ids, pseudonyms, hashes, and excerpts of their comments.

No code is shared with the removal. One pass over a text costs the same for one user and for thousands.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from enum import StrEnum
from urllib.parse import unquote

MIN_ID_CHARS = 6
"""Minimum length of an id that is searched everywhere. Shorter ids, and those of digits alone, are also other words,
and are searched where a user is named.
"""
MIN_EXCERPT_CHARS = 20
"""Minimum length of a excerpt; shorter ones occur in others' texts too."""
_EXCERPT_CHARS = 48
_KEY_START = 16
"""Hex digits that identify a pseudonym or hash: 64 bits, so a chance match is excluded."""
_SHORT_KEY = 8
"""Hex digits of a pseudonym that reports show."""
_ROUNDS = 3
"""Levels of nested escapes that are undone, such as JSON in HTML."""
_WORD = re.compile(r"\w{3,}")
"""Pattern of a word by which a phrase may be found."""
_HEX = re.compile(rf"[0-9a-fA-F]{{{_KEY_START},}}")
_SHORT_HEX = re.compile(rf"(?<!\w)[0-9a-f]{{{_SHORT_KEY}}}(?!\w)")
_USER = re.compile(
    r"(?:user|follower|followee)(?:_?id)?[\\\"'\s]*[:=>][\\\"'\s]*([^\\\"'\s,;{}\[\]<>&]{1,200})", re.IGNORECASE
)
_DECIMALS = re.compile(r"(?<=\d)\.0+$")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([/\"'\\]))")
_ENTITY = re.compile(r"&(?:#|[A-Za-z]{2,8};)")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_LINE_END = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


class Trace(StrEnum):
    """Kind of trace; an id may also be a mention in somebody else's text."""

    ID = "id"
    OTHER = "other"


class Traces:
    """Search for some users in text."""

    def __init__(self, ids: Collection[str], hashes: Collection[str], excerpts: Collection[str] = ()) -> None:
        """hashes: pseudonyms and hashes of texts, in full."""
        self._ids = _Phrases((user for user in ids if is_telling(user)), are_words=True)
        self._excerpts = _Phrases(excerpts, are_words=False)
        self._starts = {value[:_KEY_START] for value in hashes}
        self._shortest = {value[:_SHORT_KEY] for value in hashes}
        self._named = frozenset(ids)
        self._has_short = any(not is_telling(user) for user in ids)

    def find(
        self, text: str, *, is_page: bool = False, is_first: bool = True, is_last: bool = True, joiners: str = "_-"
    ) -> set[Trace]:
        """Traces in a text, in any spelling.

        is_page: pseudonyms may be shortened as on pages. is_first, is_last: a word at its beginning or end is whole.
        joiners: characters that belong to words, beside letters and digits.
        """
        found: set[Trace] = set()
        for view in spellings(text):
            if self._has_key(view, is_page=is_page) or any(self._excerpts.found(view)):
                found.add(Trace.OTHER)
            if any(self._ids.found(view, is_first=is_first, is_last=is_last, joiners=joiners)) or self._names_user(
                view
            ):
                found.add(Trace.ID)
        return found

    def is_user(self, value: object) -> bool:
        """Tell whether the value of a column that names users is one of them: 123.0 is 123."""
        return _DECIMALS.sub("", str(value)) in self._named or str(value) in self._named

    def excerpts_in(self, text: str) -> Iterator[str]:
        """The excerpts that occur in a text."""
        return self._excerpts.found(text)

    def _has_key(self, text: str, *, is_page: bool) -> bool:
        for match in _HEX.finditer(text):
            run = match[0].lower()
            if any(run[place : place + _KEY_START] in self._starts for place in range(len(run) - _KEY_START + 1)):
                return True
        return is_page and any(match[0] in self._shortest for match in _SHORT_HEX.finditer(text))

    def _names_user(self, text: str) -> bool:
        return self._has_short and any(self.is_user(match[1]) for match in _USER.finditer(text))


def is_telling(user: str) -> bool:
    """Check if an id proves a trace wherever it occurs."""
    return len(user) >= MIN_ID_CHARS and not user.isdigit()


def excerpts_of(text: str) -> Iterator[str]:
    """Beginning and end of each line of a text, in whole words, where they are long enough to be unique."""
    for line in _LINE_END.split(text):
        words = [match.span() for match in re.finditer(r"\w+", line)]
        if not words:
            continue
        first, last = words[0][0], words[-1][1]
        end = max((end for _, end in words if end - first <= _EXCERPT_CHARS), default=words[0][1])
        begin = min((begin for begin, _ in words if last - begin <= _EXCERPT_CHARS), default=words[-1][0])
        for excerpt in {line[first:end], line[begin:last]}:
            if len(excerpt) >= MIN_EXCERPT_CHARS:
                yield excerpt


def spellings(text: str) -> Iterator[str]:
    """All spellings of a text: as it is, and with the escapes of JSON, HTML, URLs and CSV undone, also nested."""
    yield text
    for _ in range(_ROUNDS):
        plain = _undone(text)
        if plain == text:
            return
        yield plain
        text = plain


def _undone(text: str) -> str:
    if "\\" in text:
        text = _whole_characters(_ESCAPE.sub(_character, text))
    if _ENTITY.search(text):
        text = html.unescape(text)
    if _PERCENT.search(text):
        text = unquote(text)
    return text.replace('""', '"').replace("\0", "")


def _character(match: re.Match[str]) -> str:
    return match[3] or chr(int(match[1] or match[2], 16))


def _whole_characters(text: str) -> str:
    """Join the surrogate halves of characters outside the basic plane."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class _Phrases:
    """Search for many phrases by one word of each: a text is split into words once, however many phrases there are."""

    def __init__(self, phrases: Iterator[str] | Collection[str], *, are_words: bool) -> None:
        """are_words: neither a letter, a digit nor a hyphen stands beside a phrase."""
        self._are_words = are_words
        self._by_word: dict[str, list[str]] = defaultdict(list)
        self._wordless: list[str] = []
        for phrase in phrases:
            words = _WORD.findall(phrase)
            if words:
                # Words with digits are rare, so few texts need the second check.
                rarest = max(words, key=lambda word: (any(map(str.isdigit, word)), len(word)))
                self._by_word[rarest].append(phrase)
            else:
                self._wordless.append(phrase)
        self._word = re.compile(rf"\w{{{min(map(len, self._by_word), default=3)},}}")

    def found(self, text: str, *, is_first: bool = True, is_last: bool = True, joiners: str = "_-") -> Iterator[str]:
        """Phrases that occur in a text, each once."""
        candidates = list(self._wordless)
        if self._by_word:
            for word in self._by_word.keys() & set(self._word.findall(text)):
                candidates += self._by_word[word]
        for phrase in candidates:
            if self._stands(phrase, text, is_first=is_first, is_last=is_last, joiners=joiners):
                yield phrase

    def _stands(self, phrase: str, text: str, *, is_first: bool, is_last: bool, joiners: str) -> bool:
        def ends_word(place: int) -> bool:
            return not (text[place].isalnum() or text[place] in joiners)

        place = text.find(phrase)
        while place >= 0:
            end = place + len(phrase)
            left = is_first if place == 0 else ends_word(place - 1)
            right = is_last if end == len(text) else ends_word(end)
            if not self._are_words or (left and right):
                return True
            place = text.find(phrase, place + 1)
        return False
