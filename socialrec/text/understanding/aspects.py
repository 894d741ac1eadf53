"""Which aspects a text names: whole words of a list an aspect, in any case."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_EDGE = r"[^\pL\pN]"
"""What is no letter and no digit, of any script: RE2's own word boundary knows ASCII alone."""


def named_aspects(texts: pa.ChunkedArray, words: Mapping[str, Sequence[str]]) -> pa.Array:
    """By text the aspects of which it holds a word, in the order of `words`: a list of string, empty where none."""
    flags = [
        pc.match_substring_regex(texts, _pattern(listed)).to_numpy(zero_copy_only=False) for listed in words.values()
    ]
    names = list(words)
    found = [[name for name, flag in zip(names, row, strict=True) if flag] for row in zip(*flags, strict=True)]
    return pa.array(found if flags else [[]] * len(texts), pa.list_(pa.string()))


def _pattern(listed: Sequence[str]) -> str:
    return rf"(?i)(?:^|{_EDGE})(?:{'|'.join(map(re.escape, listed))})(?:$|{_EDGE})"
