"""Lines of text files, and the records that CSV lines make up."""

import gzip
import time
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing.csv_records import csv_records
from socialrec.etl.landing.lines import (
    TextFacts,
    encoding_problem,
    likely_encoding,
    open_bytes,
    survey,
    text_lines,
    whole_lines,
)

HEADER = ("comment_id", "user_id", "product_id", "text", "rating")


def content(data: bytes) -> BufferedIOBase:
    return cast("BufferedIOBase", BytesIO(data))


def records(*lines: str, header: tuple[str, ...] = HEADER) -> list[tuple[int, int, tuple[str, ...] | None]]:
    """Number of the first line, number of lines, values."""
    found = csv_records(enumerate(lines, 2), Entity.COMMENTS, header)
    return [(record.line, record.n_lines, record.fields) for record in found]


def test_lf_cr_and_crlf_end_a_line_in_any_mixture_and_nothing_else_does() -> None:
    data = "a\nb\r\nc\rd\u2028e\u0085f\n\r\ng".encode()
    assert list(text_lines(content(data), "utf-8")) == ["a", "b", "c", "d\u2028e\u0085f", "", "g"]


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=5).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")),
            st.sampled_from([b"\n", b"\r", b"\r\n"]),
        )
    )
)
def test_lines_hold_every_byte_of_a_file(parts: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(line + end for line, end in parts)
    assert b"".join(line for lines in whole_lines(content(data)) for line in lines) == data


def test_a_line_end_that_two_reads_share_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socialrec.etl.landing.lines._CHUNK", 2)
    assert [line for lines in whole_lines(content(b"a\r\nb\rc\n")) for line in lines] == [b"a\r\n", b"b\r", b"c\n"]


def test_a_survey_counts_the_lines_that_are_not_blank(tmp_path: Path) -> None:
    packed = tmp_path / "follows.csv.gz"
    packed.write_bytes(gzip.compress(b'\xef\xbb\xbf\r\n \t\na,b\r1,2\n\n3,"4"'))
    with open_bytes(packed) as opened:
        assert survey(opened) == TextFacts(n_lines=3, header_line=3, has_quotes=True)


def test_a_quoted_value_may_span_lines_and_keeps_its_blank_ones() -> None:
    found = records('c1,ann,p1,"good', "", 'really, ""good""",5', "c2,bob,p1,bad,1")
    assert found == [
        (2, 2, ("c1", "ann", "p1", 'good\n\nreally, "good"', "5")),
        (5, 1, ("c2", "bob", "p1", "bad", "1")),
    ]


def test_a_quote_that_never_closes_costs_its_own_line_alone() -> None:
    found = records('c1,ann,p1,"good,5', "c2,bob,p1,bad,1", "c3,cid,p1,ok,3")
    assert found == [(2, 1, None), (3, 1, ("c2", "bob", "p1", "bad", "1")), (4, 1, ("c3", "cid", "p1", "ok", "3"))]


@pytest.mark.parametrize(
    "later",
    ['c3,cid,p1,"well, quoted",3', 'c3,cid,p1,a 5" screen,3', 'c3,cid,p1,5",3', '"c3",cid,p1,ok,3', 'c3,cid,p1,"",3'],
)
def test_a_stray_quote_swallows_no_record_that_follows_whatever_quotes_it_holds(later: str) -> None:
    found = records('c1,ann,p1,"good,5', "c2,bob,p1,bad,1", later, "c4,dan,p1,fine,4")
    assert [(line, n) for line, n, _ in found] == [(2, 1), (3, 1), (4, 1), (5, 1)]
    assert [fields is None for _, _, fields in found] == [True, False, False, False]


def test_a_quote_inside_a_value_is_a_character_and_one_after_a_quoted_value_is_a_fault() -> None:
    assert records('c1,ann,p1,19" rack,5') == [(2, 1, ("c1", "ann", "p1", '19" rack', "5"))]
    assert records('c1,ann,p1,"19" rack,5') == [(2, 1, None)]


def test_a_line_of_too_few_or_too_many_values_is_no_record() -> None:
    assert [fields for _, _, fields in records("c1,ann", "c2,bob,p1,bad,1,x")] == [None, None]


def test_bytes_of_another_encoding_are_named_with_line_byte_and_likely_encoding() -> None:
    said = encoding_problem(content("product_id,title\np1,Crème brûlée\n".encode("cp1252")), "utf-8")
    assert said is not None
    assert said.startswith("line 2, byte 6 (0xE8) is not UTF-8; it reads 'Crème' as Windows-1252 (Latin-1)")
    said = encoding_problem(content("product_id,title\np1,红色风筝很好\n".encode("gbk")), "utf-8")
    assert said is not None and "it reads '红色风筝很好' as GB18030 (GBK)" in said
    assert encoding_problem(content("product_id,title\np1,红色风筝\n".encode("gbk")), "gb18030") is None
    assert "UTF-16" in str(encoding_problem(content("product_id,title\n".encode("utf-16")), "utf-8"))
    assert "UTF-16" in str(encoding_problem(content("product_id,title\n".encode("utf-16-le")), "utf-8"))


def test_the_likely_encoding_follows_from_the_characters_that_the_bytes_would_be() -> None:
    assert likely_encoding(["质量不错下次还会再买".encode("gbk")]) == "gb18030"
    assert likely_encoding(["très bien, ça marche".encode("latin-1")]) == "cp1252"


def test_quotes_that_close_and_open_on_every_line_are_read_in_linear_time() -> None:
    lines = ['"a', *['","'] * 100_000]
    begun = time.process_time()
    found = list(csv_records(enumerate(lines, 1), Entity.FOLLOWS, ("follower_id", "followee_id")))
    assert time.process_time() - begun < 10
    assert (len(found), {record.fields for record in found}) == (len(lines), {None})
