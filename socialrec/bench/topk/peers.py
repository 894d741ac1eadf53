"""Bulk top-K of inner products by faiss and implicit, on the cores that this process may use."""

from __future__ import annotations

import os
from collections.abc import Callable

from socialrec.vectors.arrays import F32, Indices

Search = Callable[[F32], tuple[Indices, F32]]
"""Search of the best products of users (n, dim): their numbers and scores, (n, k) each."""


def faiss_search(products: F32, k: int) -> Search:
    """Prepare faiss's exact index."""
    import faiss

    index = faiss.IndexFlatIP(products.shape[1])
    index.add(products)

    def search(users: F32) -> tuple[Indices, F32]:
        scores, ids = index.search(users, k)
        return ids, scores

    return search


def implicit_search(products: F32, k: int) -> Search:
    """Prepare the search that implicit's models recommend with."""
    from implicit.cpu.topk import topk

    def search(users: F32) -> tuple[Indices, F32]:
        ids, scores = topk(products, users, k, num_threads=len(os.sched_getaffinity(0)))
        return ids, scores

    return search
