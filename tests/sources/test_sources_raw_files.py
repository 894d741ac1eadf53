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
from socialrec.etl.landing.lines import open_bytes, text_lines
from socialrec.sources import records
from socialrec.sources.raw_files import is_utf8, read_lines
from socialrec.sources.records import parse_record

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
    begun = time.process_time()
    with pytest.raises(UserError, match=r"reviews\.json: line 2 is longer than 16,777,216 characters"):
        list(read_lines(file))
    assert time.process_time() - begun < 10
    os.truncate(file, 1 << 28)
    assert is_utf8(file)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked_whole(tmp_path: Path) -> None:
    file = tmp_path / "reviews.json.gz"
    with gzip.open(file, "wb") as packed:
        for _ in range(128):
            packed.write(b"{}\n" * (1 << 18))
    assert file.stat().st_size < 1 << 20
    with pytest.raises(UserError, match="unpacks to more than 100 times its size") as told:
        for _ in read_lines(file):
            pass
    assert "\n" not in str(told.value)


def test_a_bad_byte_before_a_line_without_end_is_named_without_reading_on(tmp_path: Path) -> None:
    file = tmp_path / "reviews.json"
    file.write_bytes(b"{}\n\xff")
    os.truncate(file, 6 << 30)
    begun = time.process_time()
    with pytest.raises(UserError, match="line 2, byte 1 is 0xFF"):
        list(read_lines(file))
    assert time.process_time() - begun < 10


def test_a_long_line_of_python_literals_is_not_made_a_syntax_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "ast", None)
    with pytest.raises(UserError, match="line 1 is no JSON object"):
        parse_record(tmp_path / "r.json", 1, "{'a': [" + "1," * 600_000 + "]}")


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 5_000, "{'a':" * 5_000, "-" * 100_000 + "1", "1e999e"])
def test_numbers_and_depths_beyond_python_are_one_line(tmp_path: Path, value: str) -> None:
    for line in (f'{{"a": {value}}}', f"{{'a': {value}}}"):
        with pytest.raises(UserError, match="line 1 is no JSON object") as told:
            parse_record(tmp_path / "r.json", 1, line)
        assert "\n" not in str(told.value)
