"""Mail addresses of any script, payment cards, and postal addresses as European and American texts write them.

Works on texts whose digits and signs are ASCII (`personal_data.plain_digits`).
"""

# ruff: noqa: RUF001 (letters of many scripts)

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle

from socialrec.privacy.masking.number_contexts import Span, identifiers, overlaps

_ALNUM = "0-9A-Za-z_"
_NAME = "[A-Z][A-Za-z'.-]{0,30}"
_GERMAN = "[A-ZÄÖÜ][A-Za-zÄÖÜäöüß-]{0,30}"
_FRENCH = r"[A-ZÀ-Ý][^ \t\r\n,.;]{1,30}"
_STREET = (
    "(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Place|Pl|Terrace|Close|Crescent"
    r"|Way|Row|Hill|Gardens)\.?"
)
_FLAT = "(?:(?:Apartment|Apt|Unit|Suite|Flat) ?[0-9A-Za-z]{1,5},? )?"
_POSTCODE = "(?:[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})"
_GERMAN_TOWN = f"(?:D-)?[0-9]{{5}} {_GERMAN}"

_LATIN, _CYRILLIC, _GREEK = "A-Za-z\u00c0-\u024f\u1e00-\u1eff", "\u0400-\u052f", "\u0370-\u03ff\u1f00-\u1fff"
_GLUED = "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af"
"""Letters of scripts without spaces between words."""

_SIGNS = "0-9._%+!#$&*?^`~-"
_LOCAL = (
    f"(?:[{_LATIN}{_SIGNS}]{{1,64}}|[{_CYRILLIC}{_SIGNS}]{{1,64}}|[{_GREEK}{_SIGNS}]{{1,64}}"
    # A name before the sign, where it stands alone.
    rf"|(?<![^\s<(\[\"':,;])[{_GLUED}]{{1,4}})"
)
_LABEL = f"(?:[{_LATIN}0-9_-]{{1,63}}|[{_CYRILLIC}0-9_-]{{1,63}}|[{_GREEK}0-9_-]{{1,63}}|[{_GLUED}0-9-]{{1,63}})"
_TOP = "(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24}|рф|рус|укр|бел|срб|мкд|ελ|中国|中國|香港|台湾|台灣|公司|网络|한국|ไทย)"
_MAIL = re.compile(f"{_LOCAL}@(?:(?>{_LABEL}\\.)){{1,8}}{_TOP}")
"""Pattern of a label without other readings: digits are of every script, and eight labels of them have 65,536
readings.
"""
_NEXT_SENTENCE = re.compile("(?<=[a-z0-9])\\.[A-Z][a-z]+$")
"""Words that may follow an address without a space: "ann@shop.example.Thanks"."""

_CARD = re.compile(
    f"(?<![{_ALNUM}])(?:(?:4[0-9]|5[1-5]|2[2-7]|6[0-9]|35)[0-9]{{2}}(?:[ -]?[0-9]{{4}}){{3}}(?:[ -]?[0-9]{{3}})?"
    "|62[0-9]{2}(?:[ -]?[0-9]{4}){3}[ -]?[0-9]{1,2}"
    "|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}|3(?:0[0-5]|[68][0-9])[0-9][ -]?[0-9]{6}[ -]?[0-9]{4})"
    f"(?![{_ALNUM}])"
)
_ADDRESS = re.compile(
    f"(?<![{_ALNUM}])(?:"
    f"[0-9]{{1,5}}[A-Za-z]? (?:{_NAME} ){{1,3}}{_STREET},? {_FLAT}(?:{_NAME},? ){{0,4}}{_POSTCODE}"
    f"|{_GERMAN}(?: ?[Ss]tra(?:ß|ss)e|[ -]?[Ss]tr\\.|gasse|allee) ?[0-9]{{1,4}}(?: ?[a-z])?(?:,? {_GERMAN_TOWN})?"
    f"|{_GERMAN}(?:weg|platz|damm|ring|ufer) [0-9]{{1,4}}(?: ?[a-z])?,? {_GERMAN_TOWN}"
    "|[0-9]{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|chemin|impasse|quai) "
    f"(?:de la |de l'|du |des |de |d')?{_FRENCH}(?: {_FRENCH}){{0,2}}(?:,? [0-9]{{5}} {_FRENCH})?"
    r"|P\.? ?O\.? Box [0-9]{1,6}|Postfach [0-9]{1,3}(?: [0-9]{2,3}){0,2}"
    f")(?![{_ALNUM}])"
)


def passes_luhn(digits: str) -> bool:
    """Check if the last of these digits is the check digit of the others."""
    doubled = (int(digit) * times for digit, times in zip(reversed(digits), cycle((1, 2)), strict=False))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def mail_spans(text: str) -> Iterator[Span]:
    """Find mail addresses with a dotted domain."""
    for found in _MAIL.finditer(text) if "@" in text else ():
        shorter = _NEXT_SENTENCE.sub("", found[0])
        is_whole = "." not in shorter.partition("@")[2]
        yield found.start(), found.end() if is_whole else found.start() + len(shorter)


def card_spans(text: str) -> Iterator[Span]:
    """Find numbers in the groups of a payment card that pass Luhn's check and are not of goods."""
    found = [card for card in _CARD.finditer(text) if passes_luhn(re.sub("[ -]", "", card[0]))]
    others = list(identifiers(text)) if found else []
    yield from (card.span() for card in found if not overlaps(*card.span(), others))


def postal_spans(text: str) -> Iterator[Span]:
    """Find postal addresses."""
    return (found.span() for found in _ADDRESS.finditer(text))
