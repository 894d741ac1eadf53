"""Phone numbers in texts: candidates by form, checked against the numbering plans of the `phonenumbers` library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_possible_number,
    is_valid_number_for_region,
    national_significant_number,
    number_type,
    parse,
)

from socialrec.privacy.masking.number_contexts import (
    Span,
    checked_numbers,
    identifiers,
    is_behind_phone_word,
    other_numbers,
    overlaps,
)

_SEPARATOR = "[ ./()-]{0,3}"
_RUN = re.compile(rf"[+(]{{0,2}}[0-9](?:{_SEPARATOR}[0-9])+")
_GROUP = re.compile("[0-9]+")
_MIN_DIGITS, _MAX_DIGITS = 7, 15
_NOT_BEFORE = re.compile(r"[0-9A-Za-z_.,#/+=&-]")
_NOT_AFTER = re.compile("[0-9A-Za-z_]")
_GOES_ON = re.compile("[-.][0-9]|/[0-9]{1,6}(?![0-9])")
_LISTED = re.compile("[0-9]{4}[,/]$")
"""End of a number with the separator before the next one, in a list without spaces."""

_INTERNATIONAL = re.compile(rf"[(]?\+[1-9](?:{_SEPARATOR}[0-9]){{7,14}}|00[1-9](?:{_SEPARATOR}[0-9]){{8,14}}")
_CHINESE_MOBILE = re.compile(
    "(?:[(]?86[)]?[ -]?)?1[3-9](?:[0-9]{9}|[0-9][ -][0-9]{4}[ -]?[0-9]{4}|[0-9][ -][0-9]{3}[ -][0-9]{5}"
    "|[0-9]{2}[ -][0-9]{3}[ -][0-9]{4}|[0-9]{2}[ -][0-9]{4}[ -][0-9]{3}|[0-9]{5}[ -][0-9]{4}|[0-9][ -][0-9]{8})"
)
_NORTH_AMERICAN = re.compile(r"(?:1[ .-])?(?:[2-9][0-9]{2}[.-]|\([2-9][0-9]{2}\) ?)[0-9]{3}[.-][0-9]{4}")
_WITH_TRUNK = re.compile(
    "0[1-9][0-9]{1,4}(?: ?[/-] ?| )[0-9]{6,8}"
    "|0[1-9][0-9]{0,3}[ -](?:[0-9]{3}[ -][0-9]{3,5}|[0-9]{4}[ -][0-9]{4,5})"
    "|0[1-9][0-9]?[ -][0-9]{3,4}(?:[ -][0-9]{2}){2,3}"
    "|0[1-9][0-9]{1,2}[ /][0-9]{2,3}(?:[ .][0-9]{2}){2}"
    "|0[1-9][0-9]{2}[ -][0-9]{3}[ -]?[0-9]{3}"
    "|0[1-9][0-9]?[ -][0-9]{7,8}"
    "|0[1-9](?:[ .-][0-9]{2}){4}"
    r"|\(0[1-9][0-9]{0,3}\) ?[0-9]{3,4}[ -]?[0-9]{3,5}"
    "|0[1-9][0-9]{8,9}"
    r"|8[ -]?\(?9[0-9]{2}\)?[ -]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}"
)
_WITHOUT_TRUNK = re.compile(
    "[1-9][0-9]{9,10}|[(]?[1-9][0-9]{1,4}[)]?(?: ?[ -] ?[0-9]{2,8}){1,4}|[(][1-9][0-9]{1,2}[)][0-9]{4,5}[ -]?[0-9]{4}"
)
_GROUPINGS = frozenset(
    ((3, 3, 3), (3, 2, 2, 2), (3, 3, 4), (3, 7), (5, 5), (4, 3, 3), (2, 5, 4), (2, 9), (3, 3, 2, 2), (3, 4, 4), (3, 6))
)
"""Group lengths of mobile numbers written without a leading 0; (9,) or fewer would be ambiguous."""

_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_NORTH_AMERICA = ("US", "CA")


@dataclass(frozen=True)
class _Others:
    """Spans of other numbers: those named by words or signs, and those with a valid check digit."""

    named: list[Span]
    checked: list[Span]


def phone_spans(text: str, countries: tuple[str, ...]) -> Iterator[Span]:
    """Spans of phone numbers in a text of ASCII digits, from left to right.

    A number after a word for phones may have any form. Others are international, or look like and are a number of one
    of the countries (ISO 3166 codes). Numbers of articles, orders, dates, prices and measures are none.
    """
    runs = [run for run in _RUN.finditer(text) if sum(map(str.isdigit, run[0])) >= _MIN_DIGITS]
    if not runs:
        return
    others = _Others([*identifiers(text), *other_numbers(text)], list(checked_numbers(text)))
    for run in runs:
        yield from _in_run(text, run, countries, others)


def _in_run(text: str, run: re.Match[str], countries: tuple[str, ...], others: _Others) -> Iterator[Span]:
    groups = [(group.start() + run.start(), group.end() + run.start()) for group in _GROUP.finditer(run[0])]
    place = 0
    while place < len(groups):
        begin = _with_signs(text, run.start(), groups[place][0])
        ends = [end for end in _ends(groups, place) if not _NOT_AFTER.match(text, end[1])]
        found = _longest(text, begin, ends, countries, others) if ends else None
        if found is None:
            place += 1
        else:
            yield begin, found[1]
            place = found[0] + 1


def _longest(text: str, begin: int, ends: list[Span], countries: tuple[str, ...], others: _Others) -> Span | None:
    """End of the longest phone number that begins here."""
    is_called = is_behind_phone_word(text, begin)
    is_inside = begin and _NOT_BEFORE.match(text[begin - 1]) and not _LISTED.search(text[max(0, begin - 5) : begin])
    if is_inside and not is_called:
        return None
    if is_called:
        ends = [end for end in ends if not overlaps(begin, end[1], others.named)]
        formed = (end for end in ends if is_phone_number(text[begin : end[1]], countries))
        return next(formed, ends[0] if ends else None)
    return next((end for end in ends if _is_phone(text, (begin, end[1]), countries, others)), None)


def _with_signs(text: str, first: int, begin: int) -> int:
    """Begin of the number with this first digit, including the `+` and brackets before it."""
    while begin > first and text[begin - 1] in "+(":
        begin -= 1
    return begin


def _ends(groups: list[Span], place: int) -> list[Span]:
    """Groups (number, end) up to which a number from this group may reach, farthest first."""
    n, ends = 0, []
    for number in range(place, len(groups)):
        n += groups[number][1] - groups[number][0]
        if n > _MAX_DIGITS:
            break
        if n >= _MIN_DIGITS:
            ends.append((number, groups[number][1]))
    return ends[::-1]


def _is_phone(text: str, span: Span, countries: tuple[str, ...], others: _Others) -> bool:
    begin, end = span
    written = text[begin:end]
    if overlaps(begin, end, others.named) or (
        not written.startswith(("+", "(+")) and overlaps(begin, end, others.checked)
    ):
        return False
    if _GOES_ON.match(text, end) and written[0] not in "+0(":
        return False
    return is_phone_number(written, countries)


@lru_cache(maxsize=65536)
def is_phone_number(written: str, countries: tuple[str, ...]) -> bool:
    """Check if this looks like and is a phone number: an international one, or one of these countries."""
    if _INTERNATIONAL.fullmatch(written):
        number = _parsed("+" + re.sub("[^0-9]", "", written.replace("(0)", "")).removeprefix("00"), None)
        return number is not None and is_possible_number(number)
    if "CN" in countries and _CHINESE_MOBILE.fullmatch(written):
        return True
    if _NORTH_AMERICAN.fullmatch(written) and any(country in countries for country in _NORTH_AMERICA):
        return True
    if _WITH_TRUNK.fullmatch(written):
        return any(_valid(written, country) for country in countries)
    return bool(_WITHOUT_TRUNK.fullmatch(written)) and any(_is_plain_mobile(written, each) for each in countries)


def _parsed(written: str, country: str | None) -> PhoneNumber | None:
    try:
        return parse(written, country)
    except NumberParseException:
        return None


def _valid(written: str, country: str) -> PhoneNumber | None:
    number = _parsed(written, country)
    return number if number is not None and is_valid_number_for_region(number, country) else None


def _is_plain_mobile(written: str, country: str) -> bool:
    """Check if this is a mobile number of a country that writes them without a leading 0, in usual groups."""
    digits = re.sub("[^0-9]", "", written)
    if not 9 <= len(digits) <= 11 or (number := _valid(written, country)) is None:
        return False
    kind = number_type(number)
    if kind not in _MOBILE or national_significant_number(number) != digits:
        return False
    national = format_number(number, PhoneNumberFormat.NATIONAL)
    if re.sub("[^0-9]", "", national) != digits and not _trunk_is_optional(country):
        return False
    lengths, usual = _lengths(written), _lengths(national)
    if all(group.endswith("00") for group in _GROUP.findall(written)):
        return False
    if len(lengths) == 1:
        return kind == PhoneNumberType.MOBILE and len(digits) >= 10
    return lengths == usual or (kind == PhoneNumberType.MOBILE and lengths in _GROUPINGS)


def _lengths(written: str) -> tuple[int, ...]:
    return tuple(len(group) for group in _GROUP.findall(written))


@lru_cache
def _trunk_is_optional(country: str) -> bool:
    plan = PhoneMetadata.metadata_for_region(country)
    return plan is not None and any(each.national_prefix_optional_when_formatting for each in plan.number_format)
