"""Raw files of importers: lines as landing files have them, and no more of one than a record has."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialrec.errors import UserError
from socialrec.etl.landing_text import open_bytes, text_lines
from socialrec.sources.raw_files import is_utf8, read_lines

MARKS = ["\n", "\r", "\r\n", "\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "a", " ", '"']


@given(st.lists(st.sampled_from(MARKS)))
def test_importers_end_lines_where_ingest_and_the_erasure_end_them(
    tmp_path_factory: pytest.TempPathFactory, marks: list[str]
) -> None:
    file = tmp_path_factory.mktemp("lines") / "a.csv"
    file.write_bytes("x".join(marks).encode())
    with open_bytes(file) as content:
        wanted = list(text_lines(content, "utf-8"))
    assert [line for _, line in read_lines(file)] == wanted
    packed = file.with_suffix(".gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert [line for _, line in read_lines(packed)] == wanted


def test_a_line_without_end_is_refused_after_a_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "reviews.json"
    file.write_text("{}\n{")
    os.truncate(file, 6 << 30)
    begun = time.monotonic()
    with pytest.raises(UserError, match=r"reviews\.json: line 2 is longer than 16,777,216 characters"):
        list(read_lines(file))
    assert time.monotonic() - begun < 10
    os.truncate(file, 1 << 28)
    assert is_utf8(file)
