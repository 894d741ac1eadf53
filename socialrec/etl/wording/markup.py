"""Removal of HTML from texts: entities become characters, HTML's own tags are removed, every other `<` and `&`
stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.entities import html5

_INLINE = """
a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q ruby s samp small span
strike strong sub sup time tt u var wbr
"""
"""Elements within a word or a line: readers see no space where one begins or ends."""

_BLOCK = """
address applet area article aside audio base basefont blink blockquote body br button canvas caption center col
colgroup dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4
h5 h6 head header hgroup hr html iframe img input legend li link main map marquee math menu meta meter nav
noframes noscript object ol optgroup option output p param picture pre progress rp rt script search section
select slot source style summary svg table tbody td template textarea tfoot th thead title tr track ul video
"""

_INLINE_NAMES = frozenset(_INLINE.split())
_NAMES = "|".join(sorted(f"{_INLINE} {_BLOCK}".split(), key=len, reverse=True)) + "|[omvwx]:[a-z]+|st1:[a-z]+"
_FLAGS = (
    "allowfullscreen|async|autofocus|autoplay|checked|compact|controls|default|defer|disabled|hidden|inert|loop"
    "|multiple|muted|nohref|noshade|novalidate|nowrap|open|playsinline|readonly|required|reversed|selected"
)
_ATTRIBUTE = rf"""\s*+(?:[a-z_:@][-\w:.@]*+\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>=`]++)|(?:{_FLAGS})\b)"""
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>{_NAMES})(?:(?=[\s/>])|$)"
    rf"(?P<attributes>(?:\s{_ATTRIBUTE}(?:{_ATTRIBUTE})*+|\s+[a-z-]+=[^<>]*+)?)\s*+/?\s*>",
    re.IGNORECASE,
)
"""Pattern of a tag of HTML or of Word; words that are no attributes ("a <b and c> d") exclude it."""

_HIDDEN_BEGINS = re.compile(r"<(script|style)\b", re.IGNORECASE)
_HIDDEN_ENDS = {
    name: re.compile(rf"[^>]*+>.*?</{name}\s*+>", re.IGNORECASE | re.DOTALL) for name in ("script", "style")
}
_COMMENT_BEGINS = re.compile(r"<(!--|\?xml\b|!doctype\b)", re.IGNORECASE)
_COMMENT_ENDS = {"!--": re.compile(".*?-->", re.DOTALL), **dict.fromkeys(("?xml", "!doctype"), re.compile("[^>]*+>"))}
_MARKS = re.compile(r"<!\[CDATA\[|\]\]>", re.IGNORECASE)
_SIZES = frozenset("abiqsu")
"""Elements whose names are also sizes or variables: "fits <S> and <M>", "a<b>c"."""

_ENTITY = re.compile(
    r"&#(?P<pair>x?[0-9a-f]{4,5});&#(?P<low>x?[0-9a-f]{4,5});"
    r"|&#x(?P<hex>[0-9a-f]{1,8})(?:;|(?![0-9a-z]))|&#(?P<decimal>[0-9]{2,10});?|&(?P<name>[a-z][a-z0-9]{1,31});"
    r"|&(?P<bare>amp|lt|gt|quot|nbsp)(?![a-z0-9=;])",
    re.IGNORECASE,
)
_ROUNDS = 2


def without_markup(text: str) -> str:
    """Convert HTML to the text that readers see.

    Entities that were written twice (`&amp;lt;b&amp;gt;`) are read twice, not more often. An inline tag is removed,
    another one becomes a space. Anything that HTML does not define stays as it is written.
    """
    text = _without_tags(text)
    for _ in range(_ROUNDS):
        decoded = _ENTITY.sub(_character, text)
        if decoded == text:
            break
        text = _without_tags(decoded)
    return text


def _without_tags(text: str) -> str:
    if "<" not in text and "]]>" not in text:
        return text
    visible = text
    if ">" in text:
        visible = _cut(_cut(text, _HIDDEN_BEGINS, _HIDDEN_ENDS, " "), _COMMENT_BEGINS, _COMMENT_ENDS, "")
        visible = _MARKS.sub("", visible)
    lowered = visible.lower()
    closed = {name for name in _SIZES if f"</{name}>" in lowered}

    def replacement(tag: re.Match[str]) -> str:
        name = tag["name"].lower()
        if name in _SIZES - closed and not (tag["end"] or tag["attributes"]) and not _opens_a_word(tag):
            return tag[0]
        return "" if name in _INLINE_NAMES or ":" in name else " "

    return _TAG.sub(replacement, visible)


def _cut(text: str, begins: re.Pattern[str], ends: Mapping[str, re.Pattern[str]], instead: str) -> str:
    """Remove the text between beginnings and their ends, in one pass.

    Where a beginning has no end, no later one of its kind has one, and none is looked for.
    """
    parts, last, place, endless = list[str](), 0, 0, set[str]()
    while begin := begins.search(text, place):
        place, kind = begin.end(), begin[1].lower()
        end = None if kind in endless else ends[kind].match(text, place)
        if end is None:
            endless.add(kind)
        else:
            parts += [text[last : begin.start()], instead]
            last = place = end.end()
    return "".join([*parts, text[last:]])


def _opens_a_word(tag: re.Match[str]) -> bool:
    """Check if a space comes before this tag and a word right after it."""
    text, begin, end = tag.string, tag.start(), tag.end()
    return not text[begin - 1 : begin].isalnum() and text[end : end + 1].isalnum()


def _character(entity: re.Match[str]) -> str:
    if entity["pair"]:
        return _of_pair(entity)
    if entity["hex"] or entity["decimal"]:
        number = int(entity["hex"], 16) if entity["hex"] else int(entity["decimal"])
        return _of_number(number, entity[0])
    name = entity["name"] or entity["bare"]
    known = html5.get(f"{name};")
    if known is None and name.isupper():
        known = html5.get(f"{name.lower()};")
    return entity[0] if known is None else known


def _of_pair(entity: re.Match[str]) -> str:
    """Character of two numbers that are the halves of a UTF-16 surrogate pair."""
    high, low = (int(part[1:], 16) if part[0] in "xX" else _decimal(part) for part in (entity["pair"], entity["low"]))
    if 0xD800 <= high < 0xDC00 <= low < 0xE000:
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    first, second, _ = entity[0].split(";")
    return "".join(_of_number(number, f"{part};") for number, part in ((high, first), (low, second)))


def _decimal(digits: str) -> int:
    return int(digits) if digits.isdecimal() else -1


def _of_number(number: int, written: str) -> str:
    """Character of a number as HTML reads it: 128 to 159 are Windows-1252's. Other numbers stay as written."""
    if 0x80 <= number < 0xA0:
        return bytes([number]).decode("cp1252", errors="ignore")
    if not 0 < number <= 0x10FFFF or 0xD800 <= number < 0xE000:
        return written
    return chr(number)
