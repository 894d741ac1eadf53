"""Normal forms of texts, in which words are compared; texts are kept and shown as they were written."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

_OTHER_WIDTH = re.compile("[\u3000\uff01-\uffee]+")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_MODIFIERS = "\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_PICTURE = "[\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
EMOJI = f"(?:{_FLAG}|{_PICTURE}[{_MODIFIERS}]*(?:\u200d{_PICTURE}[{_MODIFIERS}]*)*)"
"""Pattern of one whole emoji: a flag, or pictures joined by U+200D, with the colour of skin and the style of each."""
_VARIANTS = re.compile(f"[{_MODIFIERS}]+")


def normal(text: str) -> str:
    """Bring a text into the form in which words are compared: small letters, usual widths, simplified Chinese.

    Of NFKC only the widths are taken, since it makes letters of signs (`Nike™`, `nikeTM`). Texts with kana keep their
    Han characters: Japanese has forms of its own. The simplified forms are OpenCC's.
    """
    if text.isascii():
        return text.lower()
    narrow = _OTHER_WIDTH.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text).lower()
    return _to_simplified().convert(narrow) if _HAN.search(narrow) and not _KANA.search(narrow) else narrow


def plain_emoji(emoji: str) -> str:
    """Take the colour of skin and the style off an emoji: `👍🏽`, `👍`."""
    return _VARIANTS.sub("", emoji)


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")
