"""Aspects that a comment names, by lists of words and phrases, and what it says about each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from socialrec.contracts.vocabulary import AspectSentiment
from socialrec.features.words import sentences_of, shortened
from socialrec.settings.aspects import Entry, entry_of
from socialrec.text.understanding.phrases import Phrases, tokens_of
from socialrec.text.understanding.polarity import PolarText, sign_of

RULES = 5
"""Version of these rules: insights made under another one are made again."""
_NAMES = {1: AspectSentiment.POSITIVE, 0: AspectSentiment.NEUTRAL, -1: AspectSentiment.NEGATIVE}
_OF_COMMENT = {name.value: sign for sign, name in _NAMES.items()}


class AspectReader:
    """Reader of aspects by lists of entries, as in `text.aspects`."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._entries: dict[str, dict[str, Entry]] = {
            aspect: {(entry := entry_of(listed)).phrase: entry for listed in entries}
            for aspect, entries in words.items()
        }
        self._phrases = {aspect: Phrases(entries) for aspect, entries in self._entries.items()}

    def read(self, text: str, sentiment: str | None = None) -> dict[str, AspectSentiment]:
        """Find the aspects that a comment names, in the order of the lists, and what it says about each.

        Several mentions of one aspect count by the sign of their sum. Where nothing near an aspect says anything, the
        comment's own sentiment counts if no word of the whole comment praises or complains; else it is `unknown`.
        """
        polar = PolarText.of(text)
        fallback = None if polar.polar else _OF_COMMENT.get(sentiment or "")
        found = {}
        for aspect, entries in self._entries.items():
            named = [(match, entries[match.phrase]) for match in self._phrases[aspect].find(polar.tokens)]
            signs = [polar.sign_at(match, entry.sign) for match, entry in named if entry.is_named]
            known = [sign for sign in signs if sign is not None] or ([] if fallback is None else [fallback])
            if signs:
                found[aspect] = _NAMES[sign_of(sum(known))] if known else AspectSentiment.UNKNOWN
        return found

    def quote(self, text: str, aspect: str) -> str:
        """Quote the first sentence that names an aspect; empty where a phrase runs across sentences alone."""
        entries = self._entries[aspect]
        for sentence in sentences_of(text):
            for match in self._phrases[aspect].find(tokens_of(sentence)):
                if entries[match.phrase].is_named:
                    return shortened(sentence, match.phrase.lower())
        return ""


def aspect_columns(texts: pa.ChunkedArray, sentiments: pa.ChunkedArray, words: Mapping[str, Sequence[str]]) -> pa.Table:
    """Read the aspects of comments (n,): columns `aspects`, `aspect_sentiments` and `aspect_quotes`, three lists of
    string of one length.

    `sentiments` are those of the whole comments, null where unknown.
    """
    reader = AspectReader(words)
    written = [text or "" for text in texts.to_pylist()]
    found = [reader.read(text, mood) for text, mood in zip(written, sentiments.to_pylist(), strict=True)]
    quotes = [[reader.quote(text, aspect) for aspect in one] for text, one in zip(written, found, strict=True)]
    lists = pa.list_(pa.string())
    return pa.table(
        {
            "aspects": pa.array([list(one) for one in found], lists),
            "aspect_sentiments": pa.array([[name.value for name in one.values()] for one in found], lists),
            "aspect_quotes": pa.array(quotes, lists),
        }
    )
