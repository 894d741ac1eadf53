"""Matrix product of users and products on a GPU that hands out groups of products above a threshold, and no scores.

Scores of a million users for a million products would be two terabytes. Each program multiplies its users with one tile
of products after the other, keeps the scores in registers, and writes a line for each group of products of which one
may be in a list: its number, its best score, and a bit for each product above the threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

from socialrec.vectors.device_topk import GROUP, MAX_DIM, TILE, Bounds, Found

if TYPE_CHECKING:
    import torch

USERS = 128
"""Users of a program."""
WARPS = 8
PROGRAMS = 1024
"""Programs that a launch aims at: some for each multiprocessor, so that all end at about the same time."""


def append_groups(found: Found, users: torch.Tensor, products: torch.Tensor, bounds: Bounds, searched: range) -> None:
    """Append the groups of the searched products of which one reaches a threshold.

    users: (n, dim), products: (n_products, dim), of one format; dim is a power of 2 from 16 to MAX_DIM. searched: from
    a multiple of TILE on.
    """
    n_users, dim = users.shape
    n_tiles = triton.cdiv(len(searched), TILE)
    n_blocks = triton.cdiv(n_users, USERS)
    n_parts = min(n_tiles, triton.cdiv(PROGRAMS, n_blocks))
    _append[(n_blocks, n_parts)](
        users,
        products,
        bounds.threshold,
        bounds.user_lengths,
        bounds.user_errors,
        bounds.tile_lengths,
        bounds.tile_errors,
        found.counts,
        found.groups,
        found.best,
        found.bits,
        n_users,
        searched.start,
        searched.stop,
        triton.cdiv(n_tiles, n_parts),
        found.capacity,
        found.groups.stride(0),
        bounds.of_sums,
        DIM=dim,
        USERS=USERS,
        TILE=TILE,
        GROUP=GROUP,
        num_warps=WARPS,
        # Tiles that are loaded ahead, as many as a multiprocessor of a Hopper GPU has room for.
        num_stages=3 if dim <= MAX_DIM // 2 else 2,
    )


@triton.jit
def _append(
    users,
    products,
    threshold,
    user_lengths,
    user_errors,
    tile_lengths,
    tile_errors,
    counts,
    groups,
    best,
    bits,
    n_users,
    first,
    last,
    n_tiles,
    capacity,
    stride,
    of_sums,
    DIM: tl.constexpr,
    USERS: tl.constexpr,
    TILE: tl.constexpr,
    GROUP: tl.constexpr,
):
    rows = tl.program_id(0) * USERS + tl.arange(0, USERS)
    is_user = rows < n_users
    dims = tl.arange(0, DIM)
    own = tl.load(users + rows[:, None] * DIM + dims[None, :], mask=is_user[:, None], other=0.0)
    limit = tl.load(threshold + rows, mask=is_user, other=float("inf"))
    length = tl.load(user_lengths + rows, mask=is_user, other=0.0)
    error = tl.load(user_errors + rows, mask=is_user, other=0.0)
    known = tl.where(tl.abs(limit) < float("inf"), tl.abs(limit), 0.0)
    start = first + tl.program_id(1) * n_tiles * TILE
    stop = tl.minimum(start + n_tiles * TILE, last)
    for place in tl.range(start, stop, TILE):
        longest = tl.load(tile_lengths + place // TILE)
        coarsest = tl.load(tile_errors + place // TILE)
        slack = length * coarsest + error * (longest + coarsest) + of_sums * (length * longest + known)
        least = limit - slack
        columns = place + tl.arange(0, TILE)
        addresses = products + columns[:, None].to(tl.int64) * DIM + dims[None, :]
        tile = tl.load(addresses, mask=(columns < last)[:, None], other=0.0)
        scores = tl.dot(own, tl.trans(tile), input_precision="ieee")
        reaches = (scores >= least[:, None]) & (columns < last)[None, :] & is_user[:, None]
        by_group = tl.reshape(reaches, (USERS, TILE // GROUP, GROUP))
        weights = (1 << tl.arange(0, GROUP))[None, None, :]
        words = tl.sum(tl.where(by_group, weights, 0), 2)
        masked = tl.where(reaches, scores, float("-inf"))
        tops = tl.max(tl.reshape(masked, (USERS, TILE // GROUP, GROUP)), 2)
        is_found = words != 0
        numbers = (place // GROUP + tl.arange(0, TILE // GROUP))[None, :] + tl.zeros_like(words)
        at = tl.atomic_add(counts + rows[:, None] + tl.zeros_like(words), 1, mask=is_found, sem="relaxed")
        fits = is_found & (at < capacity)
        line = rows[:, None].to(tl.int64) * stride + at
        tl.store(groups + line, numbers, mask=fits)
        tl.store(best + line, tops, mask=fits)
        tl.store(bits + line, words, mask=fits)
