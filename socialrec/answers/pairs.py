"""Pairs to learn from: questions with judged passages, and wrong passages for questions that have right ones only."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pyarrow as pa

from socialrec.answers.pair_training import JudgedPassages
from socialrec.answers.questions import gives_orders
from socialrec.answers.tables import PAIRS, columns_of

N_FOLDS = 2
"""Folds for which a scorer of pairs is trained, each without the fold: minutes each."""


@dataclass(frozen=True)
class JudgedQuestions:
    """Questions in the order of their texts and products, each with the rows of its passages."""

    rows: Sequence[Sequence[dict[str, Any]]]

    @classmethod
    def of(cls, pairs: pa.Table, most: int | None = None) -> Self:
        """Group pairs by question, at most so many questions, chosen by a hash of their texts."""
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in columns_of(pairs, PAIRS, "pairs").to_pylist():
            # Never shown, so that nothing is to be learned from it.
            if not gives_orders(row["passage"]):
                groups[row["question_id"]].append(row)
        ordered = [sorted(rows, key=lambda row: (row["passage"], row["passage_id"])) for rows in groups.values()]
        ordered.sort(key=lambda rows: (_hash(rows[0]["question"]), rows[0]["question"], rows[0]["product_id"] or ""))
        return cls(ordered[:most])

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def n_answerable(self) -> int:
        """Number of questions with a right passage."""
        return sum(any(row["is_right"] for row in rows) for rows in self.rows)

    def judged(self, places: Sequence[int] | None = None) -> list[JudgedPassages]:
        """Passages and judgements of some questions, by default of all."""
        chosen = self.rows if places is None else [self.rows[place] for place in places]
        return [
            JudgedPassages(
                rows[0]["question"],
                tuple(row["passage"] for row in rows),
                tuple(bool(row["is_right"]) for row in rows),
            )
            for rows in chosen
        ]

    def fold(self, number: int, n_folds: int = N_FOLDS) -> list[int]:
        """Places of the questions of one fold: all questions about a product are in the same one."""
        return [place for place, rows in enumerate(self.rows) if fold_of(rows[0], n_folds) == number]


def fold_of(row: dict[str, Any], n_folds: int = N_FOLDS) -> int:
    """Fold of a question, by its product, else by its text."""
    return _hash(row["product_id"] or row["question"]) % n_folds


def with_wrong_passages(pairs: pa.Table, n_wrong: int, seed: int) -> pa.Table:
    """Add wrong passages to questions that have only right ones: those that answer other questions about the product
    first, then of other products, drawn by the seed. Passages that also answer the question are not added.

    They are not the ones with most words of the question: among these many answer it, though nobody said so.
    """
    judged = JudgedQuestions.of(pairs)
    by_product: dict[str, list[dict[str, Any]]] = defaultdict(list)
    everything = [row for rows in judged.rows for row in rows if row["is_right"]]
    for row in everything:
        by_product[row["product_id"] or ""].append(row)
    rng = np.random.default_rng(seed)
    made: list[dict[str, Any]] = []
    for rows in judged.rows:
        made += rows
        if all(row["is_right"] for row in rows):
            own = by_product[rows[0]["product_id"] or ""]
            drawn = [everything[place] for place in rng.integers(0, len(everything), 8 * n_wrong)]
            found = _wrong_of(rows, [*(own[place] for place in rng.permutation(len(own))), *drawn])
            made += [_as_wrong(row, rows[0]) for row in found[:n_wrong]]
    return pa.Table.from_pylist(made, PAIRS)


def _wrong_of(rows: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Passages that answer other questions, once each, in their order."""
    right, question = {row["passage"] for row in rows}, rows[0]["question"]
    wrong = {row["passage"]: row for row in others if row["passage"] not in right and row["question"] != question}
    return list(wrong.values())


def _as_wrong(row: dict[str, Any], question: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{name: question[name] for name in ("question_id", "product_id", "question")}, "is_right": False}


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))
