"""Exact top-K of many users: seconds, share of the matrix rate, and the lists of the search on processors."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from socialrec.bench.gpu.part import Absent, Figures, PartResult, Setup, matrix_rate, seconds_of, wait_for
from socialrec.vectors.arrays import F32
from socialrec.vectors.device_topk import Bounds, DeviceTopK, Found
from socialrec.vectors.exact_topk import TopKBlock, TopKIndex

SEED = 20260101
COMPARED = 512
"""Users whose lists are compared with those of the search on processors."""
SAMPLED = 4096
"""Users that peers search for, because they would take minutes for all; their rate is compared."""


@dataclass(frozen=True)
class SearchSize:
    """Numbers of users, products and dimensions, and the length of a list."""

    users: int
    products: int
    dim: int = 128
    k: int = 50

    @property
    def name(self) -> str:
        """Name of the figures of this size."""
        return f"{self.users}_x_{self.products}"


SIZES = (SearchSize(100_000, 50_000), SearchSize(1_000_000, 1_000_000))
SMALL_SIZES = (SearchSize(600, 3_000, 16, 10), SearchSize(300, 20_000, 16, 10))


def run(setup: Setup) -> PartResult:
    """Search at each size beside chunked products with torch.topk, and faiss on a GPU."""
    rate = matrix_rate(setup)
    result = PartResult({"matrix_teraflops": round(rate / 1e12, 3)})
    for size in SMALL_SIZES if setup.is_small else SIZES:
        rng = np.random.default_rng([SEED, size.users])
        products = rng.standard_normal((size.products, size.dim), dtype=np.float32)
        users = rng.standard_normal((size.users, size.dim), dtype=np.float32)
        result.figures |= {
            f"{size.name}_{key}": value for key, value in _ours(users, products, size, rate, setup).items()
        }
        sample = users[:SAMPLED]
        chunked, faiss = (f"{peer} {size.name}" for peer in ("torch.topk in chunks", "faiss on a GPU"))
        result.beside(chunked, "torch", partial(_chunked, sample, products, size, setup))
        result.beside(faiss, "faiss", partial(_faiss, sample, products, size))
        for ratio, peer in (("ratio_to_chunked", chunked), ("ratio_to_faiss", faiss)):
            result.compare(f"{ratio}_{size.name}", f"{size.name}_users_per_second", peer, "users_per_second")
    result.figures["lists_agree"] = all(bool(it) for name, it in result.figures.items() if name.endswith("same_lists"))
    return result


def _ours(users: F32, products: F32, size: SearchSize, rate: float, setup: Setup) -> Figures:
    started = time.perf_counter()
    index = TopKIndex(products)
    searched = DeviceTopK(index, setup.device_name)
    wait_for(setup.device_name)
    prepared = time.perf_counter() - started
    for _ in searched.top_k(users[:256], size.k):
        pass  # The first use compiles the kernel.
    found: list[TopKBlock] = []

    def search() -> None:
        found.extend(searched.top_k(users, size.k))

    def find() -> None:
        for _ in searched.candidates(users, size.k):
            pass

    seconds = seconds_of(search, setup.device_name)
    queued = seconds_of(find, setup.device_name)
    expected = np.concatenate([block.products for block in index.top_k(users[:COMPARED], size.k)])
    listed = np.concatenate([block.products for block in found])[:COMPARED]
    operations = 2.0 * size.users * size.products * size.dim
    return {
        "seconds": round(seconds, 4),
        "prepared_seconds": round(prepared, 3),
        "users_per_second": round(size.users / seconds, 1),
        "share_of_matrix_rate": round(operations / seconds / rate, 4),
        "candidates_seconds": round(queued, 4),
        "candidates_share_of_matrix_rate": round(operations / queued / rate, 4),
        "product": searched.append.__name__,
        "product_share_of_matrix_rate": round(_product_rate(searched, users, found, setup) / rate, 4),
        "same_lists": bool(np.array_equal(listed, expected)),
    }


def _product_rate(searched: DeviceTopK, users: F32, found: list[TopKBlock], setup: Setup) -> float:
    """Operations per second of the product alone, with the thresholds that the lists have in the end."""
    last = np.concatenate([block.scores[:, -1] for block in found])[:SAMPLED].astype(np.float32)
    rounded, lengths, errors = searched.rounded(users[: len(last)])
    threshold = torch.from_numpy(last).to(lengths)
    bounds = Bounds(threshold, lengths, errors, searched.tile_lengths, searched.tile_errors, of_sums=1e-5)

    def multiply() -> None:
        lines = Found.nothing(len(last), 512, lengths.device)
        searched.append(lines, rounded, searched.products, bounds, range(len(searched.products)))

    seconds = min(seconds_of(multiply, setup.device_name) for _ in range(3))
    return 2.0 * rounded.shape[0] * searched.products.shape[0] * rounded.shape[1] / seconds


def _chunked(users: F32, products: F32, size: SearchSize, setup: Setup) -> Figures:
    """Matrix products of some users with all products, and torch.topk of their scores."""
    device = setup.device_name
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    known = torch.from_numpy(products).to(device, dtype)
    chunk = max(1, 2**28 // size.products)

    def search() -> None:
        for start in range(0, len(users), chunk):
            scores = torch.from_numpy(users[start : start + chunk]).to(device, dtype) @ known.T
            scores.topk(size.k, dim=1).indices.cpu()

    search()
    return {"users_per_second": round(len(users) / seconds_of(search, device), 1)}


def _faiss(users: F32, products: F32, size: SearchSize) -> Figures:
    import faiss

    if not hasattr(faiss, "StandardGpuResources"):
        raise Absent("faiss is built for processors alone")
    index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, faiss.IndexFlatIP(size.dim))
    index.add(products)
    index.search(users[:64], size.k)
    started = time.perf_counter()
    index.search(users, size.k)
    return {"users_per_second": round(len(users) / (time.perf_counter() - started), 1)}
