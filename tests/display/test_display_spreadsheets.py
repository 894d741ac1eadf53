"""CSV that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from socialrec.display.spreadsheets import csv_text


@pytest.mark.parametrize(
    "formula",
    ["=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\n=1", "\uff1d1+1", "=", "-"],
)
def test_a_text_that_a_spreadsheet_would_run_is_marked_as_text(formula: str) -> None:
    [row] = csv.reader(io.StringIO(csv_text(["a"], [[formula]]).split("\n", 1)[1], newline=""))
    assert row == [f"'{formula}"]


def test_numbers_and_other_texts_stay_as_they_are() -> None:
    rows = [[-1, 1.5, None, True], ["-1", "+2.5e3", "a=b", "'tis"], ["red, blue", 'a "kite"', "", "赤"]]
    text = csv_text(["id", "x", "y", "z"], rows)
    assert text == ('id,x,y,z\n-1,1.5,,True\n-1,+2.5e3,a=b,\'tis\n"red, blue","a ""kite""",,赤\n')


def test_what_is_hidden_is_written_out_and_half_of_a_surrogate_pair_can_be_written() -> None:
    assert csv_text(["a"], [["x\ud800"], ["\r=1"]]).encode("utf-8") == b"a\nx\\ud800\n\\r=1\n"
