"""Detection of the language of a short text: by its scripts, then by function words, then by byte n-grams."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from socialrec.language.latin_words import COMMON_WORDS, FUNCTION_WORDS

_BONUS = 3.0
"""Factor by which each known word raises the odds of its languages over those of n-grams alone."""
MIN_LEAD = 2
"""Function words by which one language must lead all others to be taken without a look at n-grams."""

_OWN_SCRIPTS = {
    "HANGUL": "ko",
    "GREEK": "el",
    "HEBREW": "he",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "BENGALI": "bn",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
}
"""Languages by the only script that is their own."""
_SHARED_SCRIPTS = {
    "LATIN": (
        "en",
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "sv",
        "da",
        "no",
        "fi",
        "pl",
        "cs",
        "hu",
        "ro",
        "tr",
        "vi",
        "id",
    ),
    "CYRILLIC": ("ru", "uk", "bg", "sr", "kk"),
    "DEVANAGARI": ("hi", "mr", "ne"),
}
"""Languages that their bytes distinguish: those of shops, since each one more makes short texts of the
others doubtful (with all 97 of the model, `nice dress` is Nigerian Pidgin).
"""
_LETTERS = {
    "CYRILLIC": (
        ("kk", re.compile("[әғқңөұүһ]")),
        ("uk", re.compile("[іїєґ]")),
        ("sr", re.compile("[ђјљњћџ]")),
        ("ru", re.compile("[ыэё]")),
    ),
    "ARABIC": (
        ("ur", re.compile("[ٹڈڑںھہےۓ]")),
        ("fa", re.compile("[پچژگکی]|[\u0600-\u06ff]\u200c[\u0600-\u06ff]")),
        ("ar", re.compile("")),
    ),
}
"""Letters that tell languages of one script; the first that is found is taken."""
_ALIASES = {"HIRAGANA": "KANA", "KATAKANA": "KANA", "CJK": "HAN", "IDEOGRAPHIC": "HAN"}
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_RUN = re.compile(f"[{_UNSPACED}]|[^\\W\\d_{_UNSPACED}]+")
_LATIN_TO_WIN = 2
"""Latin words per character or word of another script from which a text is taken for one in Latin script: brands and
models are written in Latin letters everywhere.
"""
_KANA_SHARE = 1 / 8
"""Kana per Han character from which a text is Japanese; fewer are decoration, as の is on Chinese packages."""
MIN_CONFIDENCE = 0.4
"""Probability of a language by its n-grams, among those of its script, under which a text without leading function
words has no known language: a name such as `indie rock` is said in all of them, and a wrong guess is worse than none.
"""


def language_of(text: str) -> str | None:
    """Detect the language of a text: an ISO 639-1 code, or None where it has no words to tell by.

    A script that one language owns decides alone. Of a text in several scripts the one with most words counts, a
    character of a script without spaces being a word; Latin words must be twice as many. Han without kana is Chinese.
    Languages in one script are told by letters that are their own, by leading function words, and by the naive Bayes
    classifier over byte n-grams of py3langid (Lui and Baldwin, 2012) among a list of languages.
    """
    if text.isascii():
        return _spoken(text.lower(), "LATIN")
    small = unicodedata.normalize("NFKC", text).lower()
    counts = Counter(_script_of(run[0]) for run in _RUN.findall(small))
    del counts[""]
    n_latin = counts.pop("LATIN", 0)
    if n_latin >= _LATIN_TO_WIN * counts.total() and (code := _spoken(small, "LATIN")):
        return code
    if not counts:
        return None
    if counts["HAN"] + counts["KANA"] >= max(counts.values()):
        return "ja" if counts["KANA"] > 1 and counts["KANA"] >= _KANA_SHARE * counts["HAN"] else "zh"
    script = min(counts, key=lambda name: (-counts[name], name))
    return _OWN_SCRIPTS.get(script) or _spoken(small, script)


def leading(small: str) -> str | None:
    """Language whose function words lead in a text in small letters; None where none leads by `MIN_LEAD`."""
    (first, n_first), (_, n_second) = (*_hits(small, _FUNCTION_WORDS).most_common(2), ("", 0), ("", 0))[:2]
    return first if n_first - n_second >= MIN_LEAD else None


def _spoken(small: str, script: str) -> str | None:
    """Language of a text in one script that several languages share."""
    for code, letters in _LETTERS.get(script, ()):
        if letters.search(small):
            return code
    if script == "LATIN" and (lead := leading(small)):
        return lead
    if not (languages := _SHARED_SCRIPTS.get(script)):
        return None
    likely, known = dict(_identifier().rank(small)), _hits(small, _WORDS)
    weights = {code: likely[code] * _BONUS ** known[code] for code in languages}
    best = max(weights, key=lambda code: weights[code])
    return best if weights[best] >= MIN_CONFIDENCE * sum(weights.values()) else None


def _hits(small: str, speakers: Mapping[str, Sequence[str]]) -> Counter[str]:
    """Distinct words of each language in a text in small letters."""
    return Counter(code for word in {*_RUN.findall(small)} for code in speakers.get(word, ()))


def _speakers(*lists: Mapping[str, str]) -> dict[str, list[str]]:
    """Languages of each listed word."""
    pairs = {(word, code): None for words in lists for code, listed in words.items() for word in listed.split()}
    found: dict[str, list[str]] = {}
    for word, code in pairs:
        found.setdefault(word, []).append(code)
    return found


_FUNCTION_WORDS = _speakers(FUNCTION_WORDS)
_WORDS = _speakers(FUNCTION_WORDS, COMMON_WORDS)


@lru_cache(maxsize=16_384)
def _script_of(letter: str) -> str:
    """Script of a letter, as Unicode names it; empty where it names none."""
    name = unicodedata.name(letter, "").split(" ")[0]
    return _ALIASES.get(name, name)


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for codes in _SHARED_SCRIPTS.values() for code in codes])
    return identifier
