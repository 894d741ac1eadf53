"""Exact top-K of many users: seconds, share of the matrix rate, and the lists of the search on processors."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from socialrec.bench.gpu.part import Absent, Figures, PartResult, Place, matrix_rate, seconds_of, wait_for
from socialrec.vectors.arrays import F32
from socialrec.vectors.device_topk import DeviceTopK
from socialrec.vectors.exact_topk import TopKIndex

SEED = 20260101
COMPARED = 512
"""Users whose lists are compared with those of the search on processors."""
SAMPLED = 4096
"""Users that peers search for, because they would take minutes for all; their rate is compared."""


@dataclass(frozen=True)
class Size:
    """Numbers of users, products and dimensions, and the length of a list."""

    users: int
    products: int
    dim: int = 128
    k: int = 50

    @property
    def name(self) -> str:
        """Name of the figures of this size."""
        return f"{self.users}_x_{self.products}"


SIZES = (Size(100_000, 50_000), Size(1_000_000, 1_000_000))
SMALL_SIZES = (Size(600, 3_000, 16, 10), Size(300, 20_000, 16, 10))


def run(place: Place) -> PartResult:
    """Search at each size beside chunked products with torch.topk, and faiss on a GPU."""
    rate = matrix_rate(place)
    result = PartResult({"matrix_rate": round(rate / 1e12, 3)})
    for size in SMALL_SIZES if place.is_small else SIZES:
        rng = np.random.default_rng([SEED, size.users])
        products = rng.standard_normal((size.products, size.dim), dtype=np.float32)
        users = rng.standard_normal((size.users, size.dim), dtype=np.float32)
        result.figures |= {
            f"{size.name}_{key}": value for key, value in _ours(users, products, size, rate, place).items()
        }
        sample = users[:SAMPLED]
        chunked, faiss = (f"{peer} {size.name}" for peer in ("torch.topk in chunks", "faiss on a GPU"))
        result.beside(chunked, "torch", partial(_chunked, sample, products, size, place))
        result.beside(faiss, "faiss", partial(_faiss, sample, products, size))
        for ratio, peer in (("ratio_to_chunked", chunked), ("ratio_to_faiss", faiss)):
            result.compare(f"{ratio}_{size.name}", f"{size.name}_users_per_second", peer, "users_per_second")
    result.figures["lists_agree"] = all(bool(it) for name, it in result.figures.items() if name.endswith("same_lists"))
    return result


def _ours(users: F32, products: F32, size: Size, rate: float, place: Place) -> Figures:
    started = time.perf_counter()
    index = TopKIndex(products)
    searched = DeviceTopK(index, place.device_name)
    wait_for(place.device_name)
    prepared = time.perf_counter() - started
    for _ in searched.top_k(users[:256], size.k):
        pass  # The first use compiles the kernel.
    found: list[np.ndarray] = []

    def search() -> None:
        found.extend(block.products for block in searched.top_k(users, size.k))

    def find() -> None:
        for _ in searched.candidates(users, size.k):
            pass

    seconds = seconds_of(search, place.device_name)
    queued = seconds_of(find, place.device_name)
    expected = np.concatenate([block.products for block in index.top_k(users[:COMPARED], size.k)])
    operations = 2.0 * size.users * size.products * size.dim
    return {
        "seconds": round(seconds, 4),
        "prepared_seconds": round(prepared, 3),
        "users_per_second": round(size.users / seconds, 1),
        "share_of_matrix_rate": round(operations / seconds / rate, 4),
        "candidates_seconds": round(queued, 4),
        "candidates_share_of_matrix_rate": round(operations / queued / rate, 4),
        "product": searched.append.__name__,
        "same_lists": bool(np.array_equal(np.concatenate(found)[:COMPARED], expected)),
    }


def _chunked(users: F32, products: F32, size: Size, place: Place) -> Figures:
    """Matrix products of some users with all products, and torch.topk of their scores."""
    device = place.device_name
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    known = torch.from_numpy(products).to(device, dtype)
    chunk = max(1, 2**28 // size.products)

    def search() -> None:
        for start in range(0, len(users), chunk):
            scores = torch.from_numpy(users[start : start + chunk]).to(device, dtype) @ known.T
            scores.topk(size.k, dim=1).indices.cpu()

    search()
    return {"users_per_second": round(len(users) / seconds_of(search, device), 1)}


def _faiss(users: F32, products: F32, size: Size) -> Figures:
    import faiss

    if not hasattr(faiss, "StandardGpuResources"):
        raise Absent("faiss is built for processors alone")
    index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, faiss.IndexFlatIP(size.dim))
    index.add(products)
    index.search(users[:64], size.k)
    started = time.perf_counter()
    index.search(users, size.k)
    return {"users_per_second": round(len(users) / (time.perf_counter() - started), 1)}
