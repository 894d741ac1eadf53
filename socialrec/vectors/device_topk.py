"""Exact top-K on a GPU, with the lists of the search on processors.

The GPU finds candidates: it multiplies rounded vectors, and keeps only products whose score, with the error of rounding
added, reaches the user's threshold (`vectors/exact_topk.py` has the bounds). The threshold is compared within the
product (`vectors/fused_topk.py`), so that scores are never written. The host scores the few candidates of a user in
float32, by the function that the search on processors ends with, while the GPU works on the next users. So lists are
equal, ties included.

The threshold rises as products are seen: a sample of the longest sets the first one, and each further range doubles
the products. Groups of products are kept, of which one bit a product says if it is a candidate.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch

from socialrec.runtime.transfer import OnItsWay, to_device, to_host
from socialrec.vectors.arrays import ABSENT, F32, Csr
from socialrec.vectors.bounds import UNIT
from socialrec.vectors.exact_topk import TopKBlock, TopKIndex

GROUP = 32
"""Products of a group: one bit each."""
TILE = 128
"""Products that share bounds, and are multiplied at a time."""
MAX_DIM = 256
"""Dimensions up to which a tile fits into the memory of a multiprocessor."""
SAMPLE = 8192
"""Products of the first range, and for the first threshold."""
SAMPLE_GROUP = 8
"""Products of the sample that are represented by their best."""
BLOCK_LINES = 2**21
"""Lines of found groups that a block of users may have."""
MAX_USERS, FINISHED_USERS = 16_384, 512
"""Users that are searched at once, and whose candidates a thread scores at once."""
AHEAD = 2
"""Blocks of users whose work is queued before the first is read."""
WIDTH = 4
"""Candidates that a user has room for, over the number of lines."""
SPARE = 3
"""Least number of lines of a user over the length of a list."""
Append = Callable[["Found", torch.Tensor, torch.Tensor, "Bounds", range], None]


@dataclass(frozen=True)
class Found:
    """Groups of products of which one may be in a list, by user; each (n, capacity + 1), the last column unused.

    counts: int32 (n,), also those that found no room. groups: int32, by number. best: float32, their best rounded
    score. bits: int32, a bit per product.
    """

    capacity: int
    counts: torch.Tensor
    groups: torch.Tensor
    best: torch.Tensor
    bits: torch.Tensor

    @classmethod
    def nothing(cls, n_users: int, capacity: int, device: torch.device) -> Found:
        """Make empty lines."""
        counts = torch.zeros(n_users, dtype=torch.int32, device=device)
        groups, bits = (torch.zeros(n_users, capacity + 1, dtype=torch.int32, device=device) for _ in range(2))
        return cls(capacity, counts, groups, torch.full(groups.shape, -torch.inf, device=device), bits)

    def kept(self, is_kept: torch.Tensor) -> Found:
        """Keep some lines, bool (n, capacity + 1), at the start of each user's."""
        places = torch.where(is_kept, is_kept.cumsum(1) - 1, self.capacity)
        groups, bits = (torch.zeros_like(part).scatter_(1, places, part) for part in (self.groups, self.bits))
        best = torch.full_like(self.best, -torch.inf).scatter_(1, places, self.best)
        return Found(self.capacity, is_kept.sum(1, dtype=torch.int32), groups, best, bits)


@dataclass(frozen=True)
class Bounds:
    """Bounds of users and of tiles of products, float32: thresholds, lengths, and lengths of rounding errors.

    of_sums: relative error of summing products in float32, twice: in the product and when the best are scored again.
    """

    threshold: torch.Tensor
    user_lengths: torch.Tensor
    user_errors: torch.Tensor
    tile_lengths: torch.Tensor
    tile_errors: torch.Tensor
    of_sums: float

    def errors(self, tiles: torch.Tensor) -> torch.Tensor:
        """Bound on the errors of each user's scores in some tiles (m,), or (n, m) of its own; (n, m)."""
        lengths, errors = self.tile_lengths[tiles], self.tile_errors[tiles]
        of_rounding = self.user_lengths[:, None] * errors + self.user_errors[:, None] * (lengths + errors)
        known = torch.where(self.threshold.isfinite(), self.threshold.abs(), 0)[:, None]
        return of_rounding + self.of_sums * (self.user_lengths[:, None] * lengths + known)


@dataclass(frozen=True)
class _Queued:
    """Candidates of a block of users on their way to the host: places (n, width), -1 where there are no more."""

    users: slice
    places: OnItsWay
    most: OnItsWay
    """Most candidates of a user; more than there is room for where some are lost."""


class DeviceTopK:
    """Products of an index on a device, ready to be searched. What the index adds to scores is not known here."""

    def __init__(self, index: TopKIndex, device: str = "cuda") -> None:
        self.index, self.device = index, torch.device(device)
        self.dtype = torch.bfloat16 if self.device.type == "cuda" else index.dtype
        self.dim = max(16, 1 << (index.vectors.shape[1] - 1).bit_length())
        self.products, lengths, errors = self.rounded(index.vectors)
        tiles = -(-max(len(index.vectors), 1) // TILE)
        fill = (0, tiles * TILE - len(index.vectors))
        self.tile_lengths, self.tile_errors = (
            torch.nn.functional.pad(part, fill).view(tiles, TILE).amax(1) for part in (lengths, errors)
        )
        self.append = self._appender()

    def top_k(
        self,
        users: F32,
        k: int,
        seen: Csr | None = None,
        *,
        constants: F32 | None = None,
        n_threads: int | None = None,
    ) -> Iterator[TopKBlock]:
        """Find the lists that `TopKIndex.top_k` finds, by blocks of users; users: finite float32 (n, dim)."""
        seen = self._seen(users, seen)
        constants = np.zeros(len(users), dtype=np.float32) if constants is None else constants
        finished: deque[Future[TopKBlock]] = deque()
        with ThreadPoolExecutor(n_threads or len(os.sched_getaffinity(0))) as pool:
            for block, places in self.candidates(users, k, seen):
                for start in range(0, len(places), FINISHED_USERS):
                    part = places[start : start + FINISHED_USERS]
                    at = slice(block.start + start, block.start + start + len(part))
                    finished.append(pool.submit(self._listed, at, (users[at], constants[at]), part, seen[at], k))
                # A few blocks may wait: otherwise the results would grow with the users.
                while finished and (finished[0].done() or len(finished) > AHEAD * MAX_USERS // FINISHED_USERS):
                    yield finished.popleft().result()
            for lists in finished:
                yield lists.result()

    def candidates(self, users: F32, k: int, seen: Csr | None = None) -> Iterator[tuple[slice, npt.NDArray[np.int32]]]:
        """Find the products that may be in lists, by blocks of users, as places of the index int32 (n, k or more).

        The work of the next blocks is queued before one is read, so that the device never waits for the host.
        """
        seen = self._seen(users, seen)
        most_seen = int(np.diff(seen.indptr).max(initial=0))
        capacity = 1 << (SPARE * (k + most_seen) - 1).bit_length()
        size = max(1, min(MAX_USERS, BLOCK_LINES // capacity))
        queued: deque[_Queued] = deque()
        for start in range(0, len(users), size):
            at = slice(start, min(start + size, len(users)))
            queued.append(self._queue(at, users[at], k, seen[at], capacity))
            if len(queued) > AHEAD:
                block = queued.popleft()
                yield block.users, self._places(block, users, k, seen, capacity)
        for block in queued:
            yield block.users, self._places(block, users, k, seen, capacity)

    def _seen(self, users: F32, seen: Csr | None) -> Csr:
        return sp.csr_matrix((len(users), len(self.index.place)), dtype=np.float32) if seen is None else seen

    def _places(self, block: _Queued, users: F32, k: int, seen: Csr, capacity: int) -> npt.NDArray[np.int32]:
        """Read the candidates of a block; where some found no room, search it again with twice the room."""
        while (most := int(block.most.array())) > WIDTH * capacity:
            capacity *= 2
            block = self._queue(block.users, users[block.users], k, seen[block.users], capacity)
        places: npt.NDArray[np.int32] = block.places.array()
        return places[:, : max(k, most)]

    def _listed(self, at: slice, own: tuple[F32, F32], places: npt.NDArray[np.int32], seen: Csr, k: int) -> TopKBlock:
        """Score the unseen candidates of some users, given their vectors and constants, and list the best."""
        users, constants = own
        if not len(self.index.numbers):
            return TopKBlock(at, np.full((len(users), k), ABSENT, dtype=np.int64), np.zeros((len(users), k)))
        if seen.nnz:
            rows = np.repeat(np.arange(len(users)), np.diff(seen.indptr))
            keys = rows * len(self.index.place) + self.index.place[seen.indices]
            found = np.arange(len(users))[:, None] * len(self.index.place) + places
            places = np.where((places != ABSENT) & ~np.isin(found, keys), places, np.int32(ABSENT))
        return TopKBlock(at, *self.index.exact_lists(users, places, k, constants))

    def rounded(self, vectors: F32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rounded vectors on the device (n, dim), with their lengths and those of the rounding errors, rounded up."""
        whole = to_device(torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32)), self.device)
        rounded = torch.nn.functional.pad(whole.to(self.dtype), (0, self.dim - vectors.shape[1]))
        errors = whole - rounded[:, : vectors.shape[1]].float()
        up = 1 + 2 * (vectors.shape[1] + 1) * UNIT
        return rounded, whole.norm(dim=1) * up, errors.norm(dim=1) * up

    def _queue(self, at: slice, users: F32, k: int, seen: Csr, capacity: int) -> _Queued:
        """Queue the search of a block of users: nothing here waits for the device."""
        rounded, lengths, errors = self.rounded(users)
        n_seen = to_device(torch.from_numpy(np.diff(seen.indptr).astype(np.int64)), self.device)
        # Of so many best products k are unseen at least.
        ranks = (k + n_seen)[:, None] - 1
        nothing = torch.full((len(users),), -torch.inf, device=self.device)
        of_sums = 4 * (self.dim + 2) * UNIT
        bounds = Bounds(nothing, lengths, errors, self.tile_lengths, self.tile_errors, of_sums)
        deepest = k + int(np.diff(seen.indptr).max(initial=0))
        bounds = self._first_threshold(rounded, bounds, ranks, deepest)
        found = Found.nothing(len(users), capacity, self.device)
        is_complete = torch.ones((), dtype=torch.bool, device=self.device)
        start, stop = 0, SAMPLE
        while start < len(self.products):
            self.append(found, rounded, self.products, bounds, range(start, min(stop, len(self.products))))
            is_complete &= (found.counts <= capacity).all()
            found, bounds = self._raised(found, bounds, ranks, deepest)
            start, stop = stop, 2 * stop
        places, most = _unpacked(found, WIDTH * capacity)
        return _Queued(at, to_host(places), to_host(torch.where(is_complete, most, WIDTH * capacity + 1)))

    def _first_threshold(self, users: torch.Tensor, bounds: Bounds, ranks: torch.Tensor, deepest: int) -> Bounds:
        """Threshold from the sample: the k-th best of the best of each group; minus infinity where it is too small."""
        n_groups = min(SAMPLE, len(self.products)) // SAMPLE_GROUP
        if n_groups < deepest:
            return bounds
        n_sampled = n_groups * SAMPLE_GROUP
        best = _scores(users, self.products[:n_sampled]).unflatten(1, (SAMPLE_GROUP, n_groups)).amax(1)
        kth = best.topk(deepest, dim=1).values.gather(1, ranks).squeeze(1)
        tiles = torch.arange(-(-n_sampled // TILE), device=self.device)
        known = replace(bounds, threshold=kth)
        return replace(bounds, threshold=kth - known.errors(tiles).amax(1) - float(self.index.tolerance))

    def _raised(self, found: Found, bounds: Bounds, ranks: torch.Tensor, deepest: int) -> tuple[Found, Bounds]:
        """Raise the thresholds by what was found, and keep the groups that still reach them."""
        columns = torch.arange(found.capacity + 1, device=self.device)
        is_line = columns < found.counts.clamp(max=found.capacity)[:, None]
        slack = bounds.errors(found.groups // (TILE // GROUP))
        low = torch.where(is_line, found.best - slack, -torch.inf)
        kth = low.topk(min(deepest, low.shape[1]), dim=1).values.gather(1, ranks).squeeze(1)
        threshold = torch.maximum(bounds.threshold, kth - float(self.index.tolerance))
        return found.kept(is_line & (found.best + slack >= threshold[:, None])), replace(bounds, threshold=threshold)

    def _appender(self) -> Append:
        """Choose the product: fused with the threshold where Triton is there, else in blocks of scores."""
        if self.device.type == "cuda" and self.dim <= MAX_DIM and find_spec("triton"):
            from socialrec.vectors.fused_topk import append_groups

            return append_groups
        return append_from_scores


def append_from_scores(
    found: Found, users: torch.Tensor, products: torch.Tensor, bounds: Bounds, searched: range
) -> None:
    """Append as `fused_topk.append_groups` does, from scores that are written out for a part of the products each."""
    bit = (1 << torch.arange(GROUP, device=users.device)).to(torch.int32)
    for start in range(searched.start, searched.stop, SAMPLE):
        n_products = min(start + SAMPLE, searched.stop) - start
        scores = _scores(users, products[start : start + n_products])
        tiles = torch.arange(start // TILE, -(-(start + n_products) // TILE), device=users.device)
        least = (bounds.threshold[:, None] - bounds.errors(tiles)).repeat_interleave(TILE, 1)[:, :n_products]
        scores = scores.masked_fill_(scores < least, -torch.inf)
        padded = torch.nn.functional.pad(scores, (0, -n_products % GROUP), value=-torch.inf)
        by_group = padded.unflatten(1, (-1, GROUP))
        best, words = by_group.amax(2), torch.where(by_group > -torch.inf, bit, 0).sum(2, dtype=torch.int32)
        is_found = best > -torch.inf
        at = found.counts[:, None] + is_found.cumsum(1) - 1
        at = torch.where(is_found & (at < found.capacity), at, found.capacity)
        numbers = (start // GROUP + torch.arange(best.shape[1], device=users.device)).to(torch.int32)
        for table, values in ((found.groups, numbers.expand_as(words)), (found.best, best), (found.bits, words)):
            table.scatter_(1, at, values)
        found.counts.add_(is_found.sum(1, dtype=torch.int32))


def _scores(users: torch.Tensor, products: torch.Tensor) -> torch.Tensor:
    """Inner products of rounded vectors (n, n_products), summed and returned in float32."""
    if users.is_cuda:
        return torch.mm(users, products.T, out_dtype=torch.float32)
    return users.float() @ products.float().T


def _unpacked(found: Found, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Places of the candidates (n, width), ABSENT where there are no more, and the most that a user has."""
    bit = torch.arange(GROUP, device=found.bits.device, dtype=torch.int32)
    is_candidate = ((found.bits[:, :-1, None] >> bit) & 1).bool().flatten(1)
    is_candidate &= (torch.arange(found.capacity, device=bit.device) < found.counts[:, None]).repeat_interleave(
        GROUP, 1
    )
    numbers = (found.groups[:, :-1, None] * GROUP + bit).flatten(1)
    at = torch.where(is_candidate, is_candidate.cumsum(1, dtype=torch.int32) - 1, width).clamp(max=width).long()
    places = torch.full((len(at), width + 1), ABSENT, dtype=torch.int32, device=bit.device)
    places.scatter_(1, at, numbers)
    return places[:, :-1].contiguous(), is_candidate.sum(1).amax()
