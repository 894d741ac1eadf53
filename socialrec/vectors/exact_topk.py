"""Exact top-K of scores for many users: blocked, with early pruning, in memory that does not grow with users.

A score is an inner product, and what is added to it: sparse scores, a closed form. Most of the work would be the matrix
product, so it is done in bfloat16 where the processor multiplies in it, and only products that rounding leaves
undecided are scored in float32. Rounding u and v to u' and v' moves an inner product by at most |u||v - v'| +
|u - u'||v'| (Cauchy and Schwarz), so each score has a lower and an upper bound, and a product whose upper bound is
below a user's k-th best lower bound is in no list. That threshold is one more dimension of the product: results of 0 or
above are candidates. Vectors that consist of parts are bounded part by part, which is tighter.

Products come longest first, so that thresholds are high from the start, and soon |u||v| cannot reach them: such a block
is not multiplied, and only products with a large added score are looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices
from socialrec.vectors.bounded import BoundedProducts
from socialrec.vectors.bounds import UNIT, Block, Parts, rounded_vectors

if TYPE_CHECKING:
    import torch

BLOCK_USERS, BLOCK_PRODUCTS = 512, 8192
"""Most users and products of a block: 8 MiB of scores in bfloat16, which stay in the third-level cache."""
ADDED_USERS = 128
"""Users of a block with added scores of all products, which then stay there as well."""
EXACT_USERS = 8
"""Users whose candidates' vectors are gathered at a time: they stay in the second-level cache."""
SAMPLE, GROUP = 2048, 8
"""Products of the first block, and for the first threshold, and the size of the groups represented by their best."""
Added = Callable[[slice], F32]
"""Maker of the scores that are added to the inner products of some users, finite float32 (n, n_columns)."""
GROWTH = 1.2
"""Growth of the candidates from which on the threshold is raised."""
LAST = np.iinfo(np.int64).max
"""Place in the order of a list for no product."""
MARGIN = 2
"""Roundings of an added score that are allowed for: its own, and that of the inner product which it cancels."""


@dataclass(frozen=True)
class TopKBlock:
    """Lists of some users: product numbers int64 (n, k), ABSENT where a list ends, best first, and scores (n, k).

    Scores are float32, rounded ones float64.
    """

    users: slice
    products: Indices
    scores: npt.NDArray[np.floating]


class TopKIndex:
    """Products to list from, prepared once; vectors: finite float32 (n_products, dim), active: bool (n_products,).

    With `decimals`, scores are rounded to so many before they are compared. columns: int32 (n_products,), the column of
    each product in added scores, the last one for inactive products.
    """

    def __init__(
        self, vectors: F32, active: Flags | None = None, decimals: int | None = None, parts: Parts | None = None
    ) -> None:
        import torch

        can = torch.cpu.get_capabilities()
        self.dtype = torch.bfloat16 if can.get("avx512_bf16") or can.get("amx_bf16") else torch.float32
        self.parts = parts or Parts([vectors.shape[1]], np.ones(1, dtype=np.float32))
        numbers = np.arange(len(vectors)) if active is None else np.flatnonzero(active)
        lengths = self.parts.lengths(vectors[numbers])
        order = np.argsort(-(lengths @ self.parts.typical), kind="stable")
        self.numbers, self.lengths = numbers[order], lengths[order]
        numbers, self.vectors = self.numbers, vectors[self.numbers]
        self.decimals, self.tolerance = decimals, np.float32(0.0 if decimals is None else 1.5 * 10.0**-decimals)
        self.place = np.full(len(vectors), ABSENT, dtype=np.int64)
        self.place[numbers] = np.arange(len(numbers))
        self.columns = np.where(self.place == ABSENT, len(numbers), self.place).astype(np.int32)
        self.n_columns = len(numbers) + 1

    @cached_property
    def blocks(self) -> list[Block]:
        """Blocks of products, longest first, ready for multiplication."""
        blocks: list[Block] = []
        start = 0
        while start < len(self.numbers):
            # Small at first: reaches fall quickly, and that of a block is its longest product's.
            blocks.append(self.block(start, min(max(SAMPLE, start), BLOCK_PRODUCTS)))
            start += blocks[-1].rounded.shape[1]
        return blocks

    def exact_lists(
        self, users: F32, places: npt.NDArray[np.int32], k: int, constants: F32, added: F32 | None = None
    ) -> tuple[Indices, npt.NDArray[np.floating]]:
        """Score candidates in float32, and keep each user's best k: product numbers and scores, (n, k) each.

        users: float32 (n, dim). places: (n, k or more), ABSENT where a user has no more. added: float32, by places.
        """
        exact = np.zeros(places.shape, dtype=np.float32)
        for start in range(0, len(users), EXACT_USERS):
            at = slice(start, start + EXACT_USERS)
            filled = np.flatnonzero((places[at] != ABSENT).any(axis=0))
            exact[at, filled] = np.einsum("nd,ncd->nc", users[at], self.vectors[places[at, filled]])
        if added is not None:
            exact += added
        exact = np.where(places == ABSENT, np.float32(0.0), exact + constants[:, None])
        ranks = np.where(places == ABSENT, LAST, self.ranks(exact, self.numbers[places]))
        return self.ranked(np.sort(ranks, axis=1)[:, :k])

    def ranks(self, scores: F32, numbers: Indices) -> Indices:
        """Numbers in the order of a list, int64 (n,): by score, then by product; scores float32 (n,), numbers (n,)."""
        if self.decimals is None:
            # Bits of a float of 0 or above are in its order as a whole number, those of others in the opposite order.
            bits = (scores + np.float32(0.0)).view(np.int32).astype(np.int64)
            steps = np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
        else:
            steps = np.rint(scores.astype(np.float64) * 10.0**self.decimals).astype(np.int64)
        ranks: Indices = numbers - steps * len(self.place)
        return ranks

    def ranked(self, ranks: Indices) -> tuple[Indices, npt.NDArray[np.floating]]:
        """Read products and scores from sorted `ranks`, int64 (n, k): ABSENT and 0 for those that are LAST."""
        absent = ranks == LAST
        steps, numbers = np.divmod(np.where(absent, 0, ranks), max(len(self.place), 1))
        listed = np.where(absent, ABSENT, numbers)
        if self.decimals is None:
            bits = np.where(steps > 0, steps | ~0x7FFFFFFF, -steps).astype(np.int32)
            return listed, bits.view(np.float32)
        return listed, np.where(absent, 0.0, -steps / 10.0**self.decimals)

    def block(self, start: int, size: int) -> Block:
        """Block of products, longest first, ready for multiplication."""
        return Block.of(start, self.vectors[start : start + size], self.dtype, self.parts)

    def top_k(
        self,
        users: F32,
        k: int,
        seen: Csr | None = None,
        *,
        added: Added | None = None,
        constants: F32 | None = None,
        n_threads: int | None = None,
    ) -> Iterator[TopKBlock]:
        """Find the k products of largest score for each user that the user has not seen, by blocks of users.

        users: finite float32 (n, dim). seen: csr (n, n_products). A score is the inner product, plus what `added` has
        for the product in its column (see `columns`), plus the user's constant, float32 (n,). Ties go to the lower
        product number. The same input gives the same lists with any number of threads; there are as many as cores where
        none is given.
        """
        size = BLOCK_USERS if added is None else ADDED_USERS
        starts, n_sample = range(0, len(users), size), max(SAMPLE, 2 * GROUP * k)
        sample = self.blocks[0] if self.blocks and n_sample == SAMPLE else self.block(0, n_sample)
        seen = sp.csr_matrix((len(users), len(self.place)), dtype=np.float32) if seen is None else seen
        constants = np.zeros(len(users), dtype=np.float32) if constants is None else constants
        n_threads = n_threads or len(os.sched_getaffinity(0))

        def search(start: int) -> TopKBlock:
            at = slice(start, min(start + size, len(users)))
            more = None if added is None else added(at)
            return TopKBlock(at, *_Search(self, users[at], seen[at], more, k).run(sample, constants[at]))

        with _ONE_THREAD, ThreadPoolExecutor(n_threads) as pool:
            # A few at a time: otherwise the waiting results would grow with the users.
            for first in range(0, len(starts), 2 * n_threads):
                yield from pool.map(search, starts[first : first + 2 * n_threads])


class _Search:
    """Search for the lists of one block of users, over one block of products after the other.

    added: float32 (n, n_columns) or None; it is written to.
    """

    def __init__(self, catalogue: TopKIndex, users: F32, seen: Csr, added: F32 | None, k: int) -> None:
        import torch

        self.catalogue, self.users, self.added, self.k = catalogue, users, added, k
        self.lengths = catalogue.parts.lengths(users)
        self.rounded, self.errors = rounded_vectors(users, catalogue.dtype, catalogue.parts, last=0.0)
        self.coarseness = np.float32(torch.finfo(catalogue.dtype).eps)
        self.threshold = np.zeros(len(users), dtype=np.float32)
        rows, places = np.repeat(np.arange(len(users)), np.diff(seen.indptr)), catalogue.place[seen.indices]
        if added is not None:
            added[rows, places] = -np.inf
            rows, places = rows[:0], places[:0]
        order = np.argsort(places, kind="stable")
        self.seen_rows, self.seen_places = rows[order], places[order]
        self.memory = torch.empty(len(users) * max(BLOCK_PRODUCTS, SAMPLE, 2 * GROUP * k), dtype=catalogue.dtype)

    def run(self, sample: Block, constants: F32) -> tuple[Indices, npt.NDArray[np.floating]]:
        """Search; returns product numbers and scores, (n, k) each."""
        found: list[BoundedProducts] = []
        n_held = 0
        self._begin(sample)
        for block in self.catalogue.blocks:
            found += self._candidates(block)
            # Rarely: the cost grows with the candidates, and each block adds fewer than the one before.
            if sum(len(each.rows) for each in found) > GROWTH * n_held:
                found = [self._raise_threshold(BoundedProducts.joined(found))]
                n_held = len(found[0].rows)
        return self._lists(self._raise_threshold(BoundedProducts.joined(found)), constants)

    def _begin(self, sample: Block) -> None:
        """Set the first threshold: the k-th best of the best of each group of products."""
        n_groups = sample.rounded.shape[1] // GROUP
        if n_groups < self.k:
            self.threshold = self._floor()
            return
        everyone = np.arange(len(self.users))
        scores = self._excess(sample, everyone, self.rounded.new_zeros(len(self.users)), side=-1)
        best = scores[:, : n_groups * GROUP].unflatten(1, (GROUP, n_groups)).amax(1).float().numpy()
        kth = np.partition(best, n_groups - self.k, axis=1)[:, n_groups - self.k]
        known = np.isfinite(kth)
        # Not `kth` less its rounding where it is minus infinity: that is no number.
        slack = np.where(known, np.abs(kth) * self.coarseness + self._error(sample), 0)
        lowest = kth - slack - self.catalogue.tolerance
        self.threshold = (lowest if known.all() else np.where(known, lowest, self._floor())).astype(np.float32)

    def _floor(self) -> F32:
        """Bound below all scores but finite, because differences with infinity are no numbers; float32 (n,)."""
        reaches = [self._reach(block) for block in self.catalogue.blocks]
        lowest = -np.max([np.zeros_like(self.threshold), *reaches], axis=0)
        if self.added is not None:
            lowest += np.minimum(np.where(np.isfinite(self.added), self.added, np.float32(0.0)).min(axis=1), 0.0)
        floor: F32 = (2 * lowest - 1e-30).astype(np.float32)
        return floor

    def _reach(self, block: Block) -> F32:
        """Bound above each user's inner products with this block's products, float32 (n,)."""
        reach: F32 = self.lengths @ block.longest
        return reach

    def _candidates(self, block: Block) -> Iterator[BoundedProducts]:
        """Unseen products of a block whose upper bound reaches the threshold."""
        reach, error = self._reach(block), self._error(block)
        wanted = self.threshold - error
        near = reach >= wanted
        if near.any():
            yield self._multiplied(block, np.flatnonzero(near), wanted, error)
        if self.added is not None and not near.all():
            yield self._lifted(block, np.flatnonzero(~near), wanted - reach, error)

    def _multiplied(self, block: Block, users: Indices, wanted: F32, error: F32) -> BoundedProducts:
        """Candidates by their rounded scores, for users whom some product of the block may reach."""
        import torch

        # Rounded down, if at all.
        least = torch.from_numpy((wanted - np.abs(wanted) * self.coarseness)[users]).to(self.rounded.dtype)
        excess = self._excess(block, users, least, side=1)
        # Floats of 0 or above have bit patterns of 0 or above, and integers compare faster.
        bits = excess.view(torch.int16 if excess.itemsize == 2 else torch.int32).numpy()
        flat = np.flatnonzero(bits >= 0)
        at, columns = np.divmod(flat.astype(np.int32), np.int32(excess.shape[1]))
        rows, places = users[at], columns + np.int32(block.start)
        over = excess.flatten()[torch.from_numpy(flat)].float().numpy()
        scores = over + least.float().numpy()[at]
        slack = over * self.coarseness + error[rows]
        if self.added is not None:
            slack += (2 + MARGIN) * self.coarseness * np.abs(self.added[rows, places])
        return BoundedProducts(rows.astype(np.int16), places, scores - slack, scores + slack)

    def _lifted(self, block: Block, users: Indices, least: F32, error: F32) -> BoundedProducts:
        """Candidates that only their added score may lift above the threshold, bounded by their own lengths."""
        assert self.added is not None
        chosen = slice(None) if len(users) == len(self.users) else users
        stop = block.start + block.rounded.shape[1]
        flat = np.flatnonzero(self.added[chosen, block.start : stop] >= least[chosen, None])
        at, columns = np.divmod(flat.astype(np.int32), np.int32(stop - block.start))
        rows, places = users[at], columns + np.int32(block.start)
        scores = self.added[rows, places]
        slack = np.einsum("cp,cp->c", self.lengths[rows], self.catalogue.lengths[places]) + error[rows]
        slack += np.float32(4 * UNIT) * np.abs(scores)
        able = scores + slack >= self.threshold[rows]
        return BoundedProducts(rows.astype(np.int16), places, scores - slack, scores + slack)[able]

    def _excess(self, block: Block, users: Indices, least: torch.Tensor, side: int) -> torch.Tensor:
        """Rounded scores of some users less their thresholds, (n, n_products of the block); seen products -infinity.

        What is added is rounded down (side -1) or up (side 1) by as much as rounding the sum may take from it or give
        to it, so that the sign of a sum is never on the wrong side of 0.
        """
        import torch

        n_products, everyone = block.rounded.shape[1], len(users) == len(self.users)
        excess = self.memory[: len(users) * n_products].view(len(users), n_products)
        rounded = self.rounded if everyone else self.rounded[torch.from_numpy(users)]
        rounded[:, -1] = -least
        torch.mm(rounded, block.rounded, out=excess)
        if self.added is not None:
            whole = self.added[slice(None) if everyone else users, block.start : block.start + n_products]
            added = torch.from_numpy(whole).to(excess.dtype, copy=True)
            # One factor for positive and one for negative scores, so that both move the same way.
            more, less = 1 + side * MARGIN * float(self.coarseness), 1 - side * MARGIN * float(self.coarseness)
            excess.add_(torch.nn.functional.leaky_relu_(added, less / more), alpha=more)
        at = slice(*np.searchsorted(self.seen_places, [block.start, block.start + n_products]))
        row_of = np.full(len(self.users), ABSENT, dtype=np.int64)
        row_of[users] = np.arange(len(users))
        rows, columns = row_of[self.seen_rows[at]], self.seen_places[at] - block.start
        known = rows != ABSENT
        excess[torch.from_numpy(rows[known]), torch.from_numpy(columns[known])] = -torch.inf
        return excess

    def _error(self, block: Block) -> F32:
        """Bound on the error of the scores of this block's products from rounded vectors, float32 (n,)."""
        of_rounding = self.lengths @ block.error + self.errors @ (block.longest + block.error)
        # Sums of products and of the threshold, here and when the best are scored again.
        of_sums = 2 * (self.users.shape[1] + 2) * UNIT * (self._reach(block) + np.abs(self.threshold))
        error: F32 = (of_rounding + of_sums).astype(np.float32)
        return error

    def _raise_threshold(self, held: BoundedProducts) -> BoundedProducts:
        """Raise the threshold by the candidates; returns those that remain."""
        kth = held.kth_low(len(self.users), self.k) - self.catalogue.tolerance
        self.threshold = np.maximum(self.threshold, kth)
        return held[held.high >= self.threshold[held.rows]]

    def _lists(self, held: BoundedProducts, constants: F32) -> tuple[Indices, npt.NDArray[np.floating]]:
        """Score the candidates in float32, and keep the best of them."""
        if not self.catalogue.blocks:
            return np.full((len(self.users), self.k), ABSENT, dtype=np.int64), np.zeros((len(self.users), self.k))
        places = held.table(held.places, np.int32(ABSENT), len(self.users), self.k)
        added = None if self.added is None else np.take_along_axis(self.added, places, axis=1)
        return self.catalogue.exact_lists(self.users, places, self.k, constants, added)


class _OneThread:
    """Limit of torch to one thread, because blocks of users are spread over threads.

    The limit holds for the whole process: the first of several searches at a time sets it, and the last one lifts it.
    """

    def __init__(self) -> None:
        self._lock, self._n_searches, self._before = threading.Lock(), 0, 1

    def __enter__(self) -> None:
        import torch

        with self._lock:
            if not self._n_searches:
                self._before = torch.get_num_threads()
                torch.set_num_threads(1)
            self._n_searches += 1

    def __exit__(self, *exception: object) -> None:
        import torch

        with self._lock:
            self._n_searches -= 1
            if not self._n_searches:
                torch.set_num_threads(self._before)


_ONE_THREAD = _OneThread()
