"""Strength of social ties, and its matrix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.features.evidence import MICROS, exact
from socialrec.settings.etl import EtlSettings
from socialrec.vectors.arrays import ABSENT, Csr, Indices, csr, positions


def tie_strengths(parts: pa.Table, settings: EtlSettings) -> npt.NDArray[np.float64]:
    """Strength of each tie, float64 (n,), from `is_follow`, `is_mutual` and `replies_micros`: the only one there is.

    Rounded by `exact`, so that sums do not depend on the order of ties.

    Products that both like are no part of it: they are made of the interactions that a split holds out.
    """
    follows, mutual = _numbers(parts["is_follow"]), _numbers(parts["is_mutual"])
    replies = np.log1p(_numbers(parts["replies_micros"]) / MICROS)
    return exact(settings.follow_weight * follows + settings.mutual_weight * mutual + settings.reply_weight * replies)


def tie_matrix(parts: pa.Table, users: pa.Array, neighbours: pa.Array, settings: EtlSettings) -> Csr:
    """Tie strengths (n_users, n_neighbours) float32, rows adding up to 1 (or 0 without ties); self-ties are left out.

    `parts` has the columns of `Split.ties_as_of`.
    """
    rows, columns = positions(parts["user_key"], users), positions(parts["neighbour_key"], neighbours)
    strengths = tie_strengths(parts, settings)
    strengths[_numbers(pc.equal(parts["user_key"], parts["neighbour_key"])) > 0] = 0.0
    return tie_shares(strengths, rows, columns, (len(users), len(neighbours)))


def tie_shares(strengths: npt.NDArray[np.float64], rows: Indices, columns: Indices, shape: tuple[int, int]) -> Csr:
    """Matrix of ties of these strengths, float64 (n,), csr float32 whose rows add up to 1; unknown users are left
    out.
    """
    known = (rows != ABSENT) & (columns != ABSENT)
    sums = np.bincount(rows[known], strengths[known], shape[0])
    shares = np.divide(strengths, np.append(sums, 0.0)[rows], out=np.zeros_like(strengths), where=strengths > 0)
    ties = csr(shares, rows, columns, shape)
    ties.eliminate_zeros()
    return ties


def _numbers(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
