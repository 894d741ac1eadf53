"""One reason of a list, and the strongest of the evidence that it names."""

from __future__ import annotations

from typing import Any

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.vectors.arrays import F32, Csr, Indices

MAX_NAMED = 3
"""Most products, friends or words in a reason."""
STRENGTH_DECIMALS = 6
"""Decimals of strengths, so that float noise of another machine or thread changes no reason."""
Reason = dict[str, Any]


def make_reason(kind: ReasonKind, **named: Any) -> Reason:
    """Make a reason of gold.recommendations with the given fields, and defaults in the others."""
    nothing = {"share": 0.0, "products": [], "friends": [], "is_followed": False, "words": [], "quote": ""}
    return {"kind": kind.value, **nothing, **named}


def strongest(numbers: Indices, strength: F32, names: list[str]) -> list[str]:
    """Names of the numbers of greatest positive strength, at most `MAX_NAMED`."""
    steps = np.round(strength.astype(np.float64), STRENGTH_DECIMALS)
    best = np.argsort(-steps, kind="stable")[:MAX_NAMED]
    return [names[int(numbers[i])] for i in best if steps[i] > 0]


def row_of(matrix: Csr, row: int) -> tuple[Indices, F32]:
    """Columns and values of one row of a csr matrix with sorted columns."""
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[span], matrix.data[span]
