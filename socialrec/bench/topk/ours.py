"""Our bulk top-K as its own program: prints seconds. Users come and lists go part by part."""

from __future__ import annotations

import json
import sys
import time

from socialrec.bench.topk.benchmark import Size
from socialrec.vectors.exact_topk import TopKIndex

PART_USERS = 4096


def main(argv: list[str]) -> None:
    """Arguments: users, products, dimensions, length of a list."""
    size = Size(*map(int, argv))
    n_parts = -(-size.n_users // PART_USERS)
    products, seconds = size.products(), 0.0
    for _ in TopKIndex(products[:1]).top_k(products[:1], 1):
        pass  # The first use loads libraries, which is not part of the speed.
    started = time.perf_counter()
    catalogue = TopKIndex(products)
    seconds += time.perf_counter() - started
    for part in range(n_parts):
        users = size.users(part, n_parts)
        started = time.perf_counter()
        for _ in catalogue.top_k(users, size.k):
            pass
        seconds += time.perf_counter() - started
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
