"""Files of the ranking benchmark: what is read, and the one line that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.bench.ranking.pair_files import read_pairs, read_texts, read_ties
from socialrec.errors import UserError


def written(folder: Path, content: str) -> Path:
    file = folder / "pairs.tsv"
    file.write_text(content, encoding="utf-8")
    return file


def test_pairs_keep_their_order_their_names_as_text_and_weigh_one(tmp_path: Path) -> None:
    table = read_pairs(written(tmp_path, 'user\titem\n007\tb"\n1\ta\n'))
    assert table.to_pydict() == {"user": ["007", "1"], "item": ['b"', "a"], "weight": [1.0, 1.0]}


def test_weights_are_read_where_they_are_given_and_other_columns_are_not(tmp_path: Path) -> None:
    table = read_pairs(written(tmp_path, "item\tnote\tuser\tweight\na\tx\tu\t2.5\n"))
    assert table.to_pydict() == {"user": ["u"], "item": ["a"], "weight": [2.5]}


def test_ties_and_texts_have_their_own_columns(tmp_path: Path) -> None:
    assert read_ties(written(tmp_path, "user\tfriend\nu\tv\n")).to_pydict() == {"user": ["u"], "friend": ["v"]}
    assert read_texts(written(tmp_path, "item\ttext\na\t\n")).to_pydict() == {"item": ["a"], "text": [""]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user\tproduct\nu\ta\n", r"pairs\.tsv has no column item \(it has user, product\)"),
        ("user\titem\nu\ta\n\tb\n", r"pairs\.tsv column user is empty in data row 2"),
        ("user\titem\tweight\nu\ta\tmany\n", r"pairs\.tsv column weight holds 'many' in data row 1"),
        ("user\titem\tweight\nu\ta\t1\nu\tb\t-1\n", r"pairs\.tsv column weight holds '-1' in data row 2"),
        ("user\titem\tweight\nu\ta\tnan\n", r"column weight holds 'nan'"),
        ("user\titem\nu\ta\tb\n", r"pairs\.tsv cannot be read as tab-separated text with a header"),
        ("", r"pairs\.tsv cannot be read as tab-separated text with a header"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_column(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_pairs(written(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent.tsv is not a file"):
        read_pairs(tmp_path / "absent.tsv")
