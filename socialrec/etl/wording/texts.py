"""Clean texts and detect their language, in Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from socialrec.contracts.vocabulary import PersonalData
from socialrec.etl.wording.cleaning import cleaned
from socialrec.privacy.masking.personal_data import mask_of
from socialrec.settings.etl import MaskSettings

UNKNOWN_LANGUAGE = "und"

SPECIAL = (
    # Markup, and invisible characters.
    r"&[#A-Za-z]|<[!?/A-Za-z]|\]\]>|[\p{Cf}\x{FFFE}\x{FFFF}]"
    # Personal data: a mail address, seven digits or more, an address with a postcode, a street or a box.
    r"|[@\x{FF20}]|\p{Nd}(?:[^\p{L}\p{Nd}]{0,3}\p{Nd}){6}"
    r"|[A-Z]{2},? [0-9]{5}|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}"
    r"|(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|gasse|allee|weg|platz|damm|ring|ufer) ?[0-9]"
    r"|[0-9] ?(?:bis|ter)?,? (?:rue|avenue|boulevard|chemin|impasse|quai) |Box [0-9]|Postfach [0-9]"
)
"""Pattern for Java and RE2 that matches every text which `cleaning.cleaned` changes."""

BLANK = r"[\s\p{Z}\p{Cc}]+"

_BEYOND_LATIN = r"[\x{0250}-\x{10FFFF}]"
_SCRIPTS = (
    ("ja", r"[\p{IsHiragana}\p{IsKatakana}]"),
    ("ko", r"\p{IsHangul}"),
    ("zh", r"\p{IsHan}"),
    ("uk", r"[іїєґІЇЄҐ]"),
    ("ru", r"\p{IsCyrillic}"),
    ("el", r"\p{IsGreek}"),
    ("ur", r"[ٹڈڑںھہےۓ]"),
    ("fa", r"[پچژگکی]|\p{IsArabic}\x{200C}\p{IsArabic}"),
    ("ar", r"\p{IsArabic}"),
    ("he", r"\p{IsHebrew}"),
    ("th", r"\p{IsThai}"),
    ("hi", r"\p{IsDevanagari}"),
)
"""Languages with a script of their own; the first match is taken."""

FUNCTION_WORDS = {
    "en": "the and is are was were it this that with for of to in not but have has had you my i on as very be they so",
    "de": "der die das und ist nicht ein eine mit für auf ich sie es zu den dem von auch aber sehr war wie im hat",
    "fr": "le la les des et est une un pas pour dans que qui avec sur ce cette je vous très mais il elle du au sont",
    "es": "el la los las y es una un no para en que con por muy pero se lo mi este esta su del como más me",
    "it": "il lo gli le e è una un non per in che con di molto ma si mi questo questa del della sono come più",
    "pt": "o os as e é uma um não para em que com por muito mas se meu este esta do da dos das são como mais",
    "nl": "de het een en is niet met voor van ik je op te dat die zijn maar ook heel erg was dit naar aan ze",
}
"""Frequent words of languages in Latin script; of languages that tie, the first one here is taken."""


def with_clean_texts(rows: DataFrame, masks: Mapping[str, MaskSettings]) -> DataFrame:
    """Clean these columns of the rows; null stays null.

    A clean text is in NFC, without markup and invisible characters, with single spaces, and personal data masked as the
    column's settings say. Most texts need no more than NFC and single spaces, and never leave the Java program; the
    others are read by `cleaning.cleaned`. Composition is ICU's, which Spark carries.
    """
    # Two steps: in one expression Spark would compose every text twice.
    spaced = rows.withColumns({name: _spaced(F.col(name)) for name in masks})
    return spaced.withColumns({name: _cleaned(F.col(name), each) for name, each in masks.items()})


def with_hashed_text(rows: DataFrame, masks: MaskSettings) -> DataFrame:
    """Clean the column `text`, and add the clean text's `text_hash` and `language`."""
    cleaned = with_clean_texts(rows, {"text": masks})
    return cleaned.withColumns({"text_hash": text_hash(F.col("text")), "language": language("text")})


def _spaced(text: Column) -> Column:
    composed = F.java_method(F.lit("com.ibm.icu.text.Normalizer"), F.lit("compose"), text, F.lit(False))
    return F.when(text.isNotNull(), F.trim(F.regexp_replace(composed, BLANK, " ")))


def _cleaned(text: Column, masks: MaskSettings) -> Column:
    return F.coalesce(_cleaner(masks)(F.when(text.rlike(SPECIAL), text)), text)


def _cleaner(masks: MaskSettings) -> Callable[[Column], Column]:
    def clean_all(texts: pa.Array) -> pa.Array:
        return pa.array([None if text is None else cleaned(text, masks) for text in texts.to_pylist()], pa.string())

    # The stub asks for the kind of function, which its annotations already say.
    cleaner: Callable[[Column], Column] = arrow_udf(clean_all, "string")  # type: ignore[call-overload]
    return cleaner


def with_mask(text: Column, kind: PersonalData) -> Column:
    """Count texts that contain the mask of a kind."""
    return F.count_if(F.contains(text, F.lit(mask_of(kind))))


def language(text: str) -> Column:
    """Detect the language of the texts in this column: ISO 639-1 code by script, else by most function words in the
    text; `und` where none occurs.
    """
    # In SQL: as Columns, each word of a list is a question of this process to the Java program.
    words = rf"array_distinct(split(lower({text}), r'[^\p{{L}}]+'))"
    # Inside a lambda the few known words are found once, not once per language.
    known = _among(words, " ".join(FUNCTION_WORDS.values()))
    by_words = f"transform(array({known}), known -> {_most_hits('known')})[0]"
    by_script = " ".join(f"WHEN {text} RLIKE r'{script}' THEN '{code}'" for code, script in _SCRIPTS)
    is_latin = f"NOT {text} RLIKE r'{_BEYOND_LATIN}'"
    return F.expr(f"CASE WHEN {is_latin} THEN {by_words} {by_script} ELSE {by_words} END")


def _most_hits(words: str) -> str:
    """The language to which most of these words belong; of languages that tie, the first one."""
    n, hits = len(FUNCTION_WORDS), [f"size({_among(words, listed)})" for listed in FUNCTION_WORDS.values()]
    # The greatest of (hits, place from the end) as one number.
    best = f"greatest({', '.join(f'{count} * {n} + {n - 1 - place}' for place, count in enumerate(hits))})"
    codes = ", ".join(f"'{code}'" for code in reversed(FUNCTION_WORDS))
    return f"CASE WHEN {best} >= {n} THEN get(array({codes}), {best} % {n}) ELSE '{UNKNOWN_LANGUAGE}' END"


def _among(words: str, listed: str) -> str:
    """Those of the words that are listed."""
    known = ", ".join(f"'{word}'" for word in sorted({*listed.split()}))
    return f"filter({words}, word -> word IN ({known}))"


def text_hash(text: Column) -> Column:
    """SHA-256 of the text, 64 hex digits."""
    return F.sha2(text, 256)
