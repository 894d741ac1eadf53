"""Index of the passages that may be cited: by product, by kind of product, and of no product."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.answers.questions import gives_orders
from socialrec.answers.tables import PASSAGES, columns_of
from socialrec.answers.words import stems
from socialrec.display.visible import named
from socialrec.errors import UserError
from socialrec.vectors.arrays import F32, Indices
from socialrec.vectors.exact_topk import TopKIndex

_NO_WORD = ""
"""Word of passages without any, so that there is always a vocabulary."""


@dataclass(frozen=True)
class Shelf:
    """Passages of one kind of product, or of no product: the rows from `start` to before `stop` of an index."""

    start: int
    stop: int
    texts: Sequence[str]
    vectors: F32

    def __len__(self) -> int:
        return self.stop - self.start

    def lexical(self, question: str) -> F32:
        """BM25 of each passage for a question, float32 (n,)."""
        words = [word for word in stems(question) if word in self._bm25.vocab_dict]
        if not words:
            return np.zeros(len(self), dtype=np.float32)
        scores: F32 = self._bm25.get_scores(words).astype(np.float32)
        return scores

    def nearest(self, vectors: F32, k: int) -> Indices:
        """Rows of the k passages most similar to each question, float32 (n, dim), by exact search; int64 (n, k)."""
        import torch

        n_threads = torch.get_num_threads()
        found = [block.products for block in self._search.top_k(vectors, min(k, len(self)), n_threads=n_threads)]
        return np.concatenate(found) if found else np.zeros((0, min(k, len(self))), dtype=np.int64)

    @cached_property
    def _bm25(self) -> Any:
        import bm25s

        # It logs every index at the level DEBUG, which it sets for itself.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        made = bm25s.BM25()
        made.index([stems(text) or [_NO_WORD] for text in self.texts], show_progress=False)
        return made

    @cached_property
    def _search(self) -> TopKIndex:
        return TopKIndex(self.vectors)


@dataclass(frozen=True)
class PassageIndex:
    """Passages, sorted by kind, product and id, with their unit vectors, float32 (n, dim).

    Products of one kind are searched together, so that an index must hold whole kinds: then a question is answered
    alike by the index of its kind and by that of the whole shop.
    """

    passages: pa.Table
    vectors: F32

    @classmethod
    def of(cls, passages: pa.Table, vectors: F32) -> Self:
        """Sort passages and their vectors. Passages that give orders to their reader are no evidence: they are left
        out. Raises UserError where columns are missing, ids are repeated, a product is of two kinds, or there is not
        one vector per passage.
        """
        rows = columns_of(passages, PASSAGES, "passages")
        if len(rows) != len(vectors):
            raise UserError(f"there are {len(rows):,} passages and {len(vectors):,} vectors: encode the passages again")
        if len(pc.unique(rows["passage_id"])) < len(rows):
            raise UserError("two passages have the same id: make the passages again")
        if several := _of_several_kinds(rows):
            raise UserError(f"passages name several categories of {named(several, 3)}: make the passages again")
        kept = np.flatnonzero([not gives_orders(text) for text in rows["text"].to_pylist()])
        rows, vectors = rows.take(kept), vectors[kept]
        order = pc.sort_indices(
            rows.append_column("has_product", pc.is_valid(rows["product_id"])),
            [(name, "ascending") for name in ("has_product", "category", "product_id", "passage_id")],
        )
        return cls(
            rows.take(order).combine_chunks(), np.ascontiguousarray(vectors[np.asarray(order)], dtype=np.float32)
        )

    def without(self, passage_ids: AbstractSet[str]) -> PassageIndex:
        """Make the index of the same passages without some of them."""
        kept = np.flatnonzero([name not in passage_ids for name in self.columns["passage_id"]])
        return PassageIndex(self.passages.take(kept), self.vectors[kept])

    def __len__(self) -> int:
        return len(self.passages)

    @cached_property
    def columns(self) -> dict[str, list[object]]:
        """Values of each column, by row."""
        return {name: self.passages[name].to_pylist() for name in self.passages.column_names}

    @cached_property
    def texts(self) -> list[str]:
        """Text of each passage, by row."""
        return [str(text) for text in self.columns["text"]]

    @cached_property
    def products(self) -> dict[str, range]:
        """Rows of each product."""
        return _runs(self.columns["product_id"])

    def shelf_of(self, product: str) -> Shelf | None:
        """Shelf of a product's kind; None for a product without passages."""
        rows = self.products.get(product)
        return None if rows is None else self._shelves[int(self._shelf_numbers[rows.start])]

    @cached_property
    def general(self) -> Shelf:
        """Shelf of the passages of no product, which come first."""
        n_general = self.passages["product_id"].null_count
        return self._shelf(0, n_general)

    @cached_property
    def _shelf_numbers(self) -> Indices:
        """Number of each row's shelf, int64 (n,). Products of unknown kind share nothing: each has its own shelf."""
        pairs = zip(self.columns["product_id"], self.columns["category"], strict=True)
        keys = [(None, None) if product is None else (kind, None if kind else product) for product, kind in pairs]
        is_new = [place == 0 or keys[place] != keys[place - 1] for place in range(len(keys))]
        numbers: Indices = np.cumsum(is_new, dtype=np.int64) - 1
        return numbers

    @cached_property
    def _shelves(self) -> list[Shelf]:
        bounds = [*np.flatnonzero(np.diff(self._shelf_numbers, prepend=-1)).tolist(), len(self)]
        return [self._shelf(start, stop) for start, stop in pairwise(bounds)]

    def _shelf(self, start: int, stop: int) -> Shelf:
        return Shelf(start, stop, self.texts[start:stop], self.vectors[start:stop])


def _of_several_kinds(passages: pa.Table) -> list[str]:
    """Products whose passages do not agree about the category, sorted; none is a category too."""
    pairs = passages.filter(pc.is_valid(passages["product_id"])).group_by(["product_id", "category"]).aggregate([])
    counts = pairs.group_by("product_id").aggregate([("product_id", "count")])
    several: list[str] = counts.filter(pc.greater(counts["product_id_count"], 1))["product_id"].to_pylist()
    return sorted(several)


def _runs(values: Sequence[object]) -> dict[str, range]:
    """Rows of each value of a sorted column; rows without a value are left out."""
    runs: dict[str, range] = {}
    for row, value in enumerate(values):
        if value is not None:
            name = str(value)
            runs[name] = range(runs[name].start if name in runs else row, row + 1)
    return runs
