"""Aspects that a text names: whole words from a list per aspect, in any case."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_EDGE = r"[^\pL\pN]"
"""Character that is no letter and no digit in any script, because RE2's word boundary supports ASCII only."""


def named_aspects(texts: pa.ChunkedArray, words: Mapping[str, Sequence[str]]) -> pa.Array:
    """Find the aspects of which each text contains a word, in the order of `words`: a list of string, empty
    where none.
    """
    flags = [
        pc.match_substring_regex(texts, _pattern(listed)).to_numpy(zero_copy_only=False) for listed in words.values()
    ]
    names = list(words)
    found = [[name for name, flag in zip(names, row, strict=True) if flag] for row in zip(*flags, strict=True)]
    return pa.array(found if flags else [[]] * len(texts), pa.list_(pa.string()))


def _pattern(listed: Sequence[str]) -> str:
    return rf"(?i)(?:^|{_EDGE})(?:{'|'.join(map(re.escape, listed))})(?:$|{_EDGE})"
