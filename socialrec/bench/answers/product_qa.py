"""Questions about products with judged passages: hetPQA and semiPQA, split by product or by question."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from socialrec.answers.tables import ANSWER, COMMENT, DESCRIPTION, PAIRS, STATED
from socialrec.errors import UserError

FOLDER = "product-qa"
RANKING, OTHER_RANKING = "hetpqa_ranking.tsv.gz", "semipqa_ranking_dev.tsv.gz"
POSITIVES, WRITTEN = "hetpqa_answers_train.tsv.gz", "hetpqa_answers_dev.tsv.gz"
OPTIONAL = frozenset({OTHER_RANKING, POSITIVES, WRITTEN})
"""Files without which the rest can be measured."""
OWN_COLUMNS = ("qid", "question", "candidate", "label")
"""Columns of anybody's file of judged passages, separated by tabs; `source` may be a fifth."""
_SOURCES = {
    "attribute": STATED,
    "bullet": DESCRIPTION,
    "Desc": DESCRIPTION,
    "OSP": DESCRIPTION,
    "CQA": ANSWER,
    "review": COMMENT,
}
_ATTRIBUTE = re.compile(r"^(\w+):\s*([{\[].*)$", re.DOTALL)
_OTHER_UNIT = re.compile(r"normalized_value:\{[^{}]*\},?")
_SIGNS = re.compile(r'[{}\[\]"]')
Row = Mapping[str, str]


@dataclass(frozen=True)
class WrittenAnswer:
    """Passage that answers a question, its source, and the answer that a person wrote from it."""

    question: str
    passage: str
    source: str
    answer: str


def is_training(key: str) -> bool:
    """Tell the half of a product or a question by its hash: True is the half to learn from."""
    return hashlib.sha256(key.encode()).digest()[0] < 128


def files_in(folder: Path) -> frozenset[str]:
    """Names of the files that are there."""
    return frozenset(file.name for file in (folder / FOLDER).iterdir())


def judged_products(folder: Path, *, training: bool) -> pa.Table:
    """Judged passages of hetPQA for the products of one half, as PAIRS."""
    rows = (row for row in _rows(folder / FOLDER / RANKING) if is_training(row["ASIN"]) == training)
    return _pairs(rows, product="ASIN")


def judged_attributes(folder: Path, *, training: bool) -> pa.Table:
    """Judged attributes of semiPQA for the questions of one half, as PAIRS. The file names no products: equal questions
    are in the same half, and each counts as a product.
    """
    file = folder / FOLDER / OTHER_RANKING
    rows = ({**row, "source": "attribute"} for row in _rows(file) if is_training(row["question"]) == training)
    return _pairs(rows, product="question")


def known_answers(folder: Path) -> pa.Table:
    """Passages that answer, of hetPQA's training answers about products of the half to learn from, as PAIRS."""
    rows = [row for row in _rows(folder / FOLDER / POSITIVES) if is_training(row["ASIN"])]
    numbered = ({**row, "qid": f"known-{place}", "label": "1"} for place, row in enumerate(rows))
    return _pairs(numbered, product="ASIN")


def written_answers(folder: Path, *, training: bool) -> list[WrittenAnswer]:
    """Answers that people wrote about products of one half: of hetPQA's training answers, or of those to test on."""
    return [
        WrittenAnswer(row["question"], as_words(row["candidate"]), _SOURCES[row["source"]], row["answer"])
        for row in _rows(folder / FOLDER / (POSITIVES if training else WRITTEN))
        if is_training(row["ASIN"]) == training
    ]


def as_words(text: str) -> str:
    """Say an attribute such as `num_batteries: { quantity:4, type:aa }` in words: `num batteries: quantity 4, type aa`.

    Values that are given in two units are said in the first; a text that is no attribute stays as it is.
    """
    found = _ATTRIBUTE.match(text)
    if found is None:
        return text
    name, body = found.groups()
    plain = _SIGNS.sub(" ", _OTHER_UNIT.sub("", body).replace("value:", ""))
    words = plain.replace("_", " ").replace(":", " ").replace(";", ",")
    return f"{name.replace('_', ' ')}: {' '.join(words.split()).replace(' ,', ',')}"


def judged_file(file: Path) -> pa.Table:
    """Judged passages of anybody's file, as PAIRS. Raises UserError where it lacks a column."""
    rows = _rows(file)
    if not rows or (missing := [name for name in OWN_COLUMNS if name not in rows[0]]):
        raise UserError(f"{file} needs a header and rows with {', '.join(OWN_COLUMNS)}: it lacks {missing or 'rows'}")
    return _pairs(rows, product="qid")


def _pairs(rows: Iterable[Row], product: str) -> pa.Table:
    """Rows of PAIRS; the passages of a question are numbered by their texts, not by their order in the file."""
    made = [
        {
            "question_id": row["qid"],
            "product_id": row[product],
            "question": row["question"],
            "passage_id": hashlib.sha256(row["candidate"].encode()).hexdigest()[:16],
            "passage": as_words(row["candidate"]),
            "source": _SOURCES.get(row.get("source", ""), DESCRIPTION),
            "n_agreeing": 1,
            "is_right": row["label"] == "1",
        }
        for row in rows
    ]
    return pa.Table.from_pylist(made, PAIRS)


def _rows(file: Path) -> list[Row]:
    """Rows of a file with tabs, packed or not. Raises UserError where it cannot be read."""
    try:
        content = file.read_bytes()
        text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    except (OSError, UnicodeDecodeError, EOFError, zlib.error, csv.Error) as error:
        raise UserError(f"{file} cannot be read as a file with tabs: {error}") from None
