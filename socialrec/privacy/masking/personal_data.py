"""Personal data in free text, and the masks that take its place.

mail      an address with a dotted domain
identity  a Chinese identity card: 18 digits with a valid check digit, or 18 or 15 after a word such as `身份证`
card      15 to 19 digits (or 14) in the groups of a payment card that pass Luhn's check; any after `卡号` and the like
phone     a number after a word such as "tel." or "call me at"; an international number (+ or 00); a number of one of
          the countries of `etl.mask.phone_countries` in a usual form (`phone_numbers`)
account   a name at WeChat or QQ, after theirs
name      a Chinese name after a word such as `收件人:`
address   a house number, a street and a postcode (US, UK); a German or French street with its house number; a PO box;
          in Chinese a street and its number after a town or district, or with a room

Not masked are possible prices, sizes, dates and order numbers, and numbers of goods and books, recognised by the word
before them or by their check digit; nor streets without a postcode or town ("21 Jump Street") and other names.
"""

# ruff: noqa: RUF001 (letters of many scripts)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import cycle

from socialrec.contracts.vocabulary import PersonalData
from socialrec.privacy.masking.chinese_data import (
    account_spans,
    address_spans,
    identity_spans,
    name_spans,
    named_card_spans,
)
from socialrec.privacy.masking.number_contexts import Span, identifiers, overlaps
from socialrec.privacy.masking.phone_numbers import phone_spans
from socialrec.settings.etl import MaskSettings

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

_PLAIN_SIGNS = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"), "-"),
    **{0xFF0B: "+", 0xFF08: "(", 0xFF09: ")", 0xFF20: "@", 0xFF0E: "."},
}


def mask_of(kind: PersonalData) -> str:
    """Mask of this kind of personal data, such as `[mail]`."""
    return f"[{kind}]"


def passes_luhn(digits: str) -> bool:
    """Check if the last of these digits is the check digit of the others."""
    doubled = (int(digit) * times for digit, times in zip(reversed(digits), cycle((1, 2)), strict=False))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def mask_text(text: str, masks: MaskSettings) -> str:
    """Mask personal data of the requested kinds in a text.

    Digits and signs may be full-width, digits of any script too.
    """
    kinds = masks.kinds
    for kind, find in _FINDERS.items():
        if kind in kinds:
            text = _without(text, find(plain_digits(text), masks), mask_of(kind))
    return text


def plain_digits(text: str) -> str:
    """Replace digits, hyphens, brackets, `+`, `@` and dots by their ASCII forms; every character keeps its place."""
    if text.isascii():
        return text
    signs = text.translate(_PLAIN_SIGNS)
    return "".join(
        str(unicodedata.decimal(each)) if not each.isascii() and each.isdecimal() else each for each in signs
    )


def _without(text: str, spans: Iterator[Span], mask: str) -> str:
    parts, last = [], 0
    for begin, end in spans:
        parts += [text[last:begin], mask]
        last = end
    return "".join([*parts, text[last:]])


def _mails(text: str, masks: MaskSettings) -> Iterator[Span]:
    for found in _MAIL.finditer(text) if "@" in text else ():
        shorter = _NEXT_SENTENCE.sub("", found[0])
        is_whole = "." not in shorter.partition("@")[2]
        yield found.start(), found.end() if is_whole else found.start() + len(shorter)


def _cards(text: str, masks: MaskSettings) -> Iterator[Span]:
    found = [card for card in _CARD.finditer(text) if passes_luhn(re.sub("[ -]", "", card[0]))]
    others = list(identifiers(text)) if found else []
    named = list(named_card_spans(text))
    bare = (card.span() for card in found if not overlaps(*card.span(), [*others, *named]))
    return iter(sorted([*named, *bare]))


def _phones(text: str, masks: MaskSettings) -> Iterator[Span]:
    return phone_spans(text, masks.phone_countries)


def _addresses(text: str, masks: MaskSettings) -> Iterator[Span]:
    western = [found.span() for found in _ADDRESS.finditer(text)]
    chinese = [] if text.isascii() else [span for span in address_spans(text) if not overlaps(*span, western)]
    return iter(sorted([*western, *chinese]))


_FINDERS: dict[PersonalData, Callable[[str, MaskSettings], Iterator[Span]]] = {
    PersonalData.MAIL: _mails,
    PersonalData.IDENTITY: lambda text, masks: identity_spans(text),
    PersonalData.CARD: _cards,
    PersonalData.PHONE: _phones,
    PersonalData.ACCOUNT: lambda text, masks: account_spans(text),
    PersonalData.NAME: lambda text, masks: name_spans(text),
    PersonalData.ADDRESS: _addresses,
}
"""Kinds in the order of the search: the digits of a card are no phone number."""
