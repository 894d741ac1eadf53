"""Clean texts and tell their language, in Spark built-ins."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import PersonalData
from socialrec.etl.personal_data import PATTERNS, mask_of

UNKNOWN_LANGUAGE = "und"

_ENTITIES = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#39;": "'", "&amp;": "&"}
_HIDDEN_MARKUP = r"(?is)<!--.*?-->|<(script|style)\b[^>]*>.*?</\1\s*>"
_TAG = r"</?[A-Za-z][^<>]*>"
_INVISIBLE = r"[\p{Cf}\x{FFFE}\x{FFFF}]"
_BLANK = r"[\s\p{Z}\p{Cc}]+"

_BEYOND_LATIN = r"[\x{0250}-\x{10FFFF}]"
_SCRIPTS = (
    ("ja", r"[\p{IsHiragana}\p{IsKatakana}]"),
    ("ko", r"\p{IsHangul}"),
    ("zh", r"\p{IsHan}"),
    ("uk", r"[іїєґІЇЄҐ]"),
    ("ru", r"\p{IsCyrillic}"),
    ("el", r"\p{IsGreek}"),
    ("ar", r"\p{IsArabic}"),
    ("he", r"\p{IsHebrew}"),
    ("th", r"\p{IsThai}"),
    ("hi", r"\p{IsDevanagari}"),
)
"""Languages that their script gives away; the first that matches is taken."""

FUNCTION_WORDS = {
    "en": "the and is are was were it this that with for of to in not but have has had you my i on as very be they so",
    "de": "der die das und ist nicht ein eine mit für auf ich sie es zu den dem von auch aber sehr war wie im hat",
    "fr": "le la les des et est une un pas pour dans que qui avec sur ce cette je vous très mais il elle du au sont",
    "es": "el la los las y es una un no para en que con por muy pero se lo mi este esta su del como más me",
    "it": "il lo gli le e è una un non per in che con di molto ma si mi questo questa del della sono come più",
    "pt": "o os as e é uma um não para em que com por muito mas se meu este esta do da dos das são como mais",
    "nl": "de het een en is niet met voor van ik je op te dat die zijn maar ook heel erg was dit naar aan ze",
}
"""Frequent words of languages in Latin script; where two tie, the one that stands first here is taken."""


def clean_text(text: Column) -> Column:
    """NFC, without markup, control and invisible characters, with single spaces; null stays null.

    Named entities of HTML become their characters. Composition is ICU's, which Spark carries.
    """
    plain = F.regexp_replace(F.regexp_replace(text, _HIDDEN_MARKUP, " "), _TAG, " ")
    for entity, character in _ENTITIES.items():
        plain = F.replace(plain, F.lit(entity), F.lit(character))
    visible = F.regexp_replace(plain, _INVISIBLE, "")
    composed = F.java_method(F.lit("com.ibm.icu.text.Normalizer"), F.lit("compose"), visible, F.lit(False))
    return F.trim(F.regexp_replace(composed, _BLANK, " "))


def masked(text: Column, kinds: Collection[PersonalData]) -> Column:
    """`personal_data.mask_text` in Spark: the text with personal data of these kinds masked; null stays null."""
    if not kinds:
        return text

    def mask_all(plain: Column) -> Column:
        return reduce(_mask, (kind for kind in PATTERNS if kind in kinds), plain)

    # Most texts hold neither. Inside a lambda the text is made once, however often it is looked at.
    return F.transform(F.array(text), lambda t: F.when(t.rlike("[0-9@]"), mask_all(t)).otherwise(t))[0]


def _mask(text: Column, kind: PersonalData) -> Column:
    pattern = F.lit(PATTERNS[kind].whole)
    mask = F.lit(mask_of(kind))
    if kind is not PersonalData.CARD:
        return F.regexp_replace(text, pattern, mask)

    def numbers(plain: Column) -> Column:
        found = F.regexp_extract_all(plain, pattern, F.lit(0))
        return F.filter(found, lambda number: F.call_function("luhn_check", F.regexp_replace(number, "[ -]", "")))

    return F.transform(
        F.array(text), lambda t: F.aggregate(numbers(t), t, lambda rest, number: F.replace(rest, number, mask))
    )[0]


def with_mask(text: Column, kind: PersonalData) -> Column:
    """How many of these texts hold the mask of a kind."""
    return F.count_if(F.contains(text, F.lit(mask_of(kind))))


def language(text: Column) -> Column:
    """ISO 639-1 code by script, else by the language with most function words in the text; `und` where none occurs."""
    words = F.array_distinct(F.split(F.lower(text), r"[^\p{L}]+"))
    known = sorted({word for listed in FUNCTION_WORDS.values() for word in listed.split()})
    # Inside a lambda the few known words are found once, not once a language.
    by_words = F.transform(F.array(F.filter(words, lambda word: word.isin(known))), _most_hits)[0]
    by_script = reduce(
        lambda rest, script: F.when(text.rlike(script[1]), script[0]).otherwise(rest), _SCRIPTS[::-1], by_words
    )
    return F.when(text.rlike(_BEYOND_LATIN), by_script).otherwise(by_words)


def _most_hits(words: Column) -> Column:
    hits = [F.size(F.filter(words, _is_one_of(listed.split()))) for listed in FUNCTION_WORDS.values()]
    # Ties go to the language that stands first: the greatest of (hits, place from the end) as one number.
    n = len(hits)
    best = F.greatest(*(count * n + (n - 1 - place) for place, count in enumerate(hits)))
    codes = F.array(*(F.lit(code) for code in reversed(FUNCTION_WORDS)))
    return F.when(best >= n, F.get(codes, best % n)).otherwise(UNKNOWN_LANGUAGE)


def _is_one_of(listed: list[str]) -> Callable[[Column], Column]:
    return lambda word: word.isin(listed)


def text_hash(text: Column) -> Column:
    """SHA-256 of the text, 64 hex digits."""
    return F.sha2(text, 256)
