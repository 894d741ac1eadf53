"""Personal data in free text, told by plain patterns, and the masks that take its place.

mail      an address with a dotted domain
card      15, 16 or 19 digits (or 14) in the groups of a payment card that pass Luhn's check
phone     an international number (+ or 00), a national one with a leading 0, or the North American form 555-123-4567
address   a house number, a street and a postcode (US, UK); a German or French street with its house number; a PO box

What could as well be a price, a size, a date or an order number is left: digits without a sign of what they are, and
English streets without a postcode ("21 Jump Street"). Names are left too: no plain pattern tells them.

The patterns keep to what Python, Java and RE2 read alike: characters are listed, none is named by class, and what may
not stand beside a match is given apart from it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import cycle

from socialrec.contracts.vocabulary import PersonalData


@dataclass(frozen=True)
class Pattern:
    """A regular expression, and the characters (as in a class) that may not stand right before and right after it."""

    core: str
    before: str = ""
    after: str = ""

    @property
    def whole(self) -> str:
        """As one expression, for engines that look around."""
        left = f"(?<![{self.before}])" if self.before else ""
        right = f"(?![{self.after}])" if self.after else ""
        return f"{left}(?:{self.core}){right}"


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

PATTERNS: dict[PersonalData, Pattern] = {
    PersonalData.MAIL: Pattern(
        r"""[^ \t\r\n@<>()\[\]{},;:"'/=|\\]{1,64}@(?:[^ \t\r\n@<>()\[\]{},;:"'/=|\\.]{1,63}\.){1,8}[A-Za-z]{2,24}"""
    ),
    PersonalData.CARD: Pattern(
        "(?:4[0-9]|5[1-5]|2[2-7]|6[0-9]|35)[0-9]{2}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{3})?"
        "|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}|3(?:0[0-5]|[68][0-9])[0-9][ -]?[0-9]{6}[ -]?[0-9]{4}",
        before=_ALNUM,
        after=_ALNUM,
    ),
    PersonalData.PHONE: Pattern(
        r"\+[1-9](?:[ ./()-]{0,2}[0-9]){7,14}"
        r"|00[1-9](?:[ ./()-]{0,2}[0-9]){8,13}"
        "|0[1-9][0-9]{1,4}(?: ?[/-] ?| )[0-9]{6,8}"
        "|0[1-9][0-9]{1,3}[ -][0-9]{3,4}[ -][0-9]{3,4}"
        "|0[1-9](?:[ .][0-9]{2}){4}"
        r"|\(0[1-9][0-9]{0,3}\) ?[0-9]{3,4}[ -]?[0-9]{3,5}"
        "|0[1-9][0-9]{8,9}"
        r"|(?:1[ .-])?(?:[2-9][0-9]{2}[.-]|\([2-9][0-9]{2}\) ?)[0-9]{3}[.-][0-9]{4}",
        before=f"{_ALNUM}.,#/+-",
        after=_ALNUM,
    ),
    PersonalData.ADDRESS: Pattern(
        f"[0-9]{{1,5}}[A-Za-z]? (?:{_NAME} ){{1,3}}{_STREET},? {_FLAT}(?:{_NAME},? ){{0,4}}{_POSTCODE}"
        f"|{_GERMAN}(?: ?[Ss]tra(?:ß|ss)e|[ -]?[Ss]tr\\.|gasse|allee) ?[0-9]{{1,4}}(?: ?[a-z])?(?:,? {_GERMAN_TOWN})?"
        f"|{_GERMAN}(?:weg|platz|damm|ring|ufer) [0-9]{{1,4}}(?: ?[a-z])?,? {_GERMAN_TOWN}"
        "|[0-9]{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|chemin|impasse|quai) "
        f"(?:de la |de l'|du |des |de |d')?{_FRENCH}(?: {_FRENCH}){{0,2}}(?:,? [0-9]{{5}} {_FRENCH})?"
        r"|P\.? ?O\.? Box [0-9]{1,6}|Postfach [0-9]{1,3}(?: [0-9]{2,3}){0,2}",
        before=_ALNUM,
        after=_ALNUM,
    ),
}
"""In the order in which they are looked for: a card's digits are no phone number."""

_PYTHON = {kind: re.compile(pattern.whole) for kind, pattern in PATTERNS.items()}


def mask_of(kind: PersonalData) -> str:
    """What takes the place of this kind of personal data, such as `[mail]`."""
    return f"[{kind}]"


def passes_luhn(digits: str) -> bool:
    """Whether the last of these digits is the check digit of the others."""
    doubled = (int(digit) * times for digit, times in zip(reversed(digits), cycle((1, 2)), strict=False))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def mask_text(text: str, kinds: Collection[PersonalData]) -> str:
    """A text with the personal data of these kinds masked; a card's number is masked wherever else it stands."""
    for kind, pattern in _PYTHON.items():
        if kind not in kinds:
            continue
        if kind is PersonalData.CARD:
            for number in pattern.findall(text):
                if passes_luhn(number.replace(" ", "").replace("-", "")):
                    text = text.replace(number, mask_of(kind))
        else:
            text = pattern.sub(mask_of(kind), text)
    return text
