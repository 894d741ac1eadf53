"""Text tables: quotes, line breaks, tabs, gzip and what is said of files that cannot be read."""

import gzip
from pathlib import Path

import pytest

from socialrec.bench.text.tables import read_columns
from socialrec.errors import UserError


def test_a_csv_may_hold_quotes_and_line_breaks_and_gaps(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('n,said\n1,"red, ""soft""\nshoe"\n2,\n')
    assert read_columns(tmp_path / "a.csv", ["said", "n"]) == [['red, "soft"\nshoe', ""], ["1", "2"]]


def test_a_quote_in_a_tab_separated_file_is_a_letter(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "b.tsv.gz", "wt") as file:
        file.write('said\tn\na "lamp\t1\n')
    assert read_columns(tmp_path / "b.tsv.gz", ["said"]) == [['a "lamp']]


def test_a_file_without_the_column_or_without_lines_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,said\n1,red\n")
    for file, column in ((tmp_path / "a.csv", "text"), (tmp_path / "nothing.csv", "said")):
        with pytest.raises(UserError, match=f"{file.name} cannot be read for {column}"):
            read_columns(file, [column])
