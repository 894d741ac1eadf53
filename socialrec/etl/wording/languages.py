"""Detect the language of texts in Spark."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from socialrec.language.detecting import MIN_LEAD, language_of
from socialrec.language.latin_words import FUNCTION_WORDS

UNKNOWN_LANGUAGE = "und"
_BEYOND_LATIN = r"[^\P{L}\p{IsLatin}]"


def language(text: str) -> Column:
    """Detect the language of the texts in this column: ISO 639-1 code, `und` where there are no words to tell by.

    Most texts in Latin script are told by their function words and never leave the Java program; the others are read by
    `detecting.language_of`, which would say the same of the first.
    """
    # In SQL: as Columns, each word of a list is a question of this process to the Java program.
    words = rf"array_distinct(split(lower({text}), r'[^\p{{L}}]+'))"
    # Inside a lambda the few known words are found once, not once per language.
    known = _among(words, " ".join(FUNCTION_WORDS.values()))
    leading = f"transform(array({known}), known -> {_leading('known')})[0]"
    by_words = F.expr(f"CASE WHEN NOT {text} RLIKE r'{_BEYOND_LATIN}' THEN {leading} END")
    return F.coalesce(by_words, _detector()(F.when(by_words.isNull(), F.col(text))))


def _detector() -> Callable[[Column], Column]:
    def detect_all(texts: pa.Array) -> pa.Array:
        found = (text if text is None else language_of(text) or UNKNOWN_LANGUAGE for text in texts.to_pylist())
        return pa.array(found, pa.string())

    detector: Callable[[Column], Column] = arrow_udf(detect_all, "string")  # type: ignore[call-overload]
    return detector


def _leading(words: str) -> str:
    """The language to which most of these words belong; null where it does not lead by MIN_LEAD."""
    n, hits = len(FUNCTION_WORDS), [f"size({_among(words, listed)})" for listed in FUNCTION_WORDS.values()]
    # Each of (hits, place) as one number, the greatest first.
    ranked = f"sort_array(array({', '.join(f'{count} * {n} + {place}' for place, count in enumerate(hits))}), false)"
    codes = ", ".join(f"'{code}'" for code in FUNCTION_WORDS)
    lead = f"CASE WHEN r[0] DIV {n} - r[1] DIV {n} >= {MIN_LEAD} THEN get(array({codes}), CAST(r[0] % {n} AS INT)) END"
    return f"transform(array({ranked}), r -> {lead})[0]"


def _among(words: str, listed: str) -> str:
    """Those of the words that are listed."""
    known = ", ".join(f"'{word}'" for word in sorted({*listed.split()}))
    return f"filter({words}, word -> word IN ({known}))"
