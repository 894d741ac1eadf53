"""Removal of invisible characters, except for joiners that shape a word or an emoji by Unicode's rules."""

from __future__ import annotations

import re
import unicodedata

_JOINING = re.compile(
    # Arabic, Syriac, N'Ko, Mandaic; the scripts of India, Sri Lanka, Tibet, Burma and Cambodia; Mongolian; presentation
    # forms; the newer joining and Brahmic scripts.
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1900-\u1aad\u1b00-\u1c4f\ua800-\ua82f\ua840-\ua8ff"
    "\ua930-\uaaff\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010ac0-\U00010aff\U00010b80-\U00010baf"
    "\U00010d00-\U00010d3f\U00010f30-\U00010fdf\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
_PICTURE = re.compile(
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\u3030"
    "\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_AFTER_PICTURE = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""Pattern of the flag of a country's part, whose name is in invisible tags."""

_JOINERS = re.compile("[\u200c\u200d]+")
_VISIBLE_SIGNS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Visible signs around numbers that Unicode counts among format characters."""

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_VIRAMA = 9


def without_invisible(text: str) -> str:
    """Remove format characters and U+FFFE, U+FFFF from a text.

    A joiner or non-joiner stays, once, between letters of scripts that join (Arabic, Indian scripts) and after the sign
    that silences an Indian consonant's vowel; a joiner between two emoji; the tags of a flag.
    """
    unseen = [character for character in set(text) if _is_invisible(character)]
    if unseen:
        flags = {at for flag in _FLAG.finditer(text) for at in range(flag.start(), flag.end())}
        text = "".join(each for at, each in enumerate(text) if each not in unseen or at in flags)
    return _JOINERS.sub(_kept, text)


def _is_invisible(character: str) -> bool:
    if character in "\u200c\u200d":
        return False
    is_format = unicodedata.category(character) == "Cf" and character not in _VISIBLE_SIGNS
    return is_format or character in "\ufffe\uffff"


def _kept(joiners: re.Match[str]) -> str:
    text, end = joiners.string, joiners.end()
    before, after = text[joiners.start() - 1 : joiners.start()], text[end : end + 1]
    if not before:
        return ""
    if unicodedata.combining(before) == _VIRAMA or (_joins(before) and _joins(after)):
        return joiners[0][0]
    drawn = text[: joiners.start()].rstrip(_AFTER_PICTURE)[-1:]
    is_between_pictures = _PICTURE.match(drawn) and _PICTURE.match(after)
    return _JOINER if is_between_pictures and _JOINER in joiners[0] else ""


def _joins(character: str) -> bool:
    return bool(_JOINING.match(character)) and unicodedata.category(character)[0] in "LM"
