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

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from socialrec.contracts.vocabulary import PersonalData
from socialrec.privacy.masking.chinese_data import (
    account_spans,
    address_spans,
    identity_spans,
    name_spans,
    named_card_spans,
)
from socialrec.privacy.masking.number_contexts import Span, overlaps
from socialrec.privacy.masking.phone_numbers import phone_spans
from socialrec.privacy.masking.western_data import card_spans, mail_spans, postal_spans
from socialrec.settings.etl import MaskSettings

_PLAIN_SIGNS = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"), "-"),
    **{0xFF0B: "+", 0xFF08: "(", 0xFF09: ")", 0xFF20: "@", 0xFF0E: "."},
}


def mask_of(kind: PersonalData) -> str:
    """Mask of this kind of personal data, such as `[mail]`."""
    return f"[{kind}]"


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


def _cards(text: str) -> Iterator[Span]:
    named = list(named_card_spans(text))
    return iter(sorted([*named, *(span for span in card_spans(text) if not overlaps(*span, named))]))


def _addresses(text: str) -> Iterator[Span]:
    western = list(postal_spans(text))
    chinese = [] if text.isascii() else [span for span in address_spans(text) if not overlaps(*span, western)]
    return iter(sorted([*western, *chinese]))


_FINDERS: dict[PersonalData, Callable[[str, MaskSettings], Iterator[Span]]] = {
    PersonalData.MAIL: lambda text, masks: mail_spans(text),
    PersonalData.IDENTITY: lambda text, masks: identity_spans(text),
    PersonalData.CARD: lambda text, masks: _cards(text),
    PersonalData.PHONE: lambda text, masks: phone_spans(text, masks.phone_countries),
    PersonalData.ACCOUNT: lambda text, masks: account_spans(text),
    PersonalData.NAME: lambda text, masks: name_spans(text),
    PersonalData.ADDRESS: lambda text, masks: _addresses(text),
}
"""Kinds in the order of the search: the digits of a card are no phone number."""
