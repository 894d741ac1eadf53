"""Bulk top-K of inner products against faiss, implicit and Spark ALS, on generated vectors and the same cores."""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from socialrec.bench.children import Finished, run_child
from socialrec.bench.load import LoadMeter
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.topk.peers import Search, faiss_search, implicit_search
from socialrec.settings import Settings
from socialrec.vectors.arrays import F32, Flags, Indices
from socialrec.vectors.exact_topk import TopKIndex

NAME = "topk"
SEED = 20260105
SHARES = (0.25, 0.5, 1.0)
N_ROUNDS = 8
"""Rounds in which the sides take turns, each on the next users, so that load of the machine affects all alike."""
SPARK_USERS, SPARK_PRODUCTS = 4_000, 10_000
"""Largest size for Spark ALS, which is compared by users times products per second."""
TIE = 1e-5
"""Relative tolerance within which float32 scores are ties."""


@dataclass(frozen=True)
class Size:
    """Numbers of users, products and dimensions, and the length of a list."""

    n_users: int
    n_products: int
    dim: int
    k: int

    def products(self) -> F32:
        """Vectors of the products, normally distributed."""
        return np.random.default_rng([SEED, 0]).standard_normal((self.n_products, self.dim), dtype=np.float32)

    def users(self, part: int, n_parts: int) -> F32:
        """Vectors of one of `N_ROUNDS` equal parts of the users."""
        first, last = (self.n_users * place // n_parts for place in (part, part + 1))
        return np.random.default_rng([SEED, 1, part]).standard_normal((last - first, self.dim), dtype=np.float32)


@dataclass
class SideClock:
    """Wall and CPU seconds of each side so far."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, side: str) -> Iterator[None]:
        """Time a block for one side."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[side] = self.wall.get(side, 0.0) + time.perf_counter() - wall
        self.cpu[side] = self.cpu.get(side, 0.0) + time.process_time() - cpu


def run(size: Size, settings: Settings, progress: Progress = to_standard_error) -> BenchResult:
    """Measure all sides in turn in this process, our growth and memory in processes of their own, and Spark in its own.

    `same_ids` is the share of places that faiss fills with the same product, or one of the same score. `matrix_share`
    is the time of the bare float32 product over ours: above 1 we are done before the scores would be computed. `slope`
    is that of log seconds over log users. `spread_mib` is the additional memory for all users over a quarter of them.
    """
    meter = LoadMeter()
    clock, same = in_turn(size, progress)
    grown = [_alone(size, share, progress) for share in SHARES]
    spark, spark_rate = _spark(size, settings, progress)
    rate = size.n_users * size.n_products / clock.wall["ours"]
    seconds = [float(json.loads(each.output)) for each in grown]
    slope = statistics.linear_regression([math.log(share) for share in SHARES], [math.log(s) for s in seconds]).slope
    return BenchResult(
        name=NAME,
        metrics={
            **vars(size),
            "same_ids": round(same, 6),
            "users_per_second": round(size.n_users / clock.wall["ours"], 1),
            "matrix_share": round(clock.wall["bare product"] / clock.wall["ours"], 3),
            "slope": round(slope, 3),
            "spread_mib": grown[-1].peak_mib - grown[0].peak_mib,
        },
        seconds={"top_k": round(clock.wall["ours"], 3)},
        peak_mib=grown[-1].peak_mib,
        peers={**_peers(clock), "spark_als": spark},
        ratios={
            **{f"ratio_to_{name}": round(clock.wall[name] / clock.wall["ours"], 3) for name in ("faiss", "implicit")},
            **{f"ratio_cpu_to_{name}": round(clock.cpu[name] / clock.cpu["ours"], 3) for name in ("faiss", "implicit")},
            "ratio_to_spark_als": round(rate / spark_rate, 3),
        },
        versions=versions(["numpy", "torch", "faiss-cpu", "implicit", "pyspark"]),
        load=meter.load(),
    )


def in_turn(size: Size, progress: Progress) -> tuple[SideClock, float]:
    """Run each side on each part of the users, in turn; returns the share of ids on which ours and faiss agree."""
    products, clock, same = size.products(), SideClock(), 0
    sides: dict[str, Search] = {}
    for name, prepare in (
        ("ours", _ours),
        ("faiss", faiss_search),
        ("implicit", implicit_search),
        ("bare product", _bare),
    ):
        # The first use loads libraries, which is not part of the speed.
        prepare(products[:1], 1)(products[:1])
        with clock.of(name):
            sides[name] = prepare(products, size.k)
    for part in range(N_ROUNDS):
        users, found = size.users(part, N_ROUNDS), {}
        for name, search in sides.items():
            with clock.of(name):
                found[name] = search(users)
        same += int(same_ids(found["ours"], found["faiss"]).sum())
        taken = ", ".join(f"{name} {value:.1f} s" for name, value in clock.wall.items())
        progress(f"part {part + 1} of {N_ROUNDS}: {taken}")
    return clock, same / (size.n_users * min(size.k, size.n_products))


def same_ids(ours: tuple[Indices, F32], theirs: tuple[Indices, F32]) -> Flags:
    """Mark our products (n, k) that are in their list too, or tie with its last one; bool (n, k)."""
    ids, scores = ours
    width = max(int(ids.max()), int(theirs[0].max())) + 1
    users = np.arange(len(ids))[:, None] * width
    last = theirs[1][:, -1:]
    same: Flags = np.isin(users + ids, users + theirs[0]) | (np.abs(scores - last) <= TIE * np.abs(last))
    return same


def _ours(products: F32, k: int) -> Search:
    catalogue = TopKIndex(products)

    def search(users: F32) -> tuple[Indices, F32]:
        found = list(catalogue.top_k(users, k))
        return np.concatenate([part.products for part in found]), np.concatenate([part.scores for part in found])

    return search


def _bare(products: F32, k: int) -> Search:
    """Compute scores with numpy without ranking, in blocks that fit usual memory."""
    del k

    def search(users: F32) -> tuple[Indices, F32]:
        for start in range(0, len(users), 1024):
            _ = users[start : start + 1024] @ products.T
        return np.zeros((0, 0), dtype=np.int64), np.zeros((0, 0), dtype=np.float32)

    return search


def _alone(size: Size, share: float, progress: Progress) -> Finished:
    """Run ours in its own process on a share of the users, and drop the lists."""
    progress(f"ours alone at {share:g} of the users")
    numbers = (int(size.n_users * share), size.n_products, size.dim, size.k)
    return run_child([sys.executable, "-m", "socialrec.bench.topk.ours", *map(str, numbers)])


def _spark(size: Size, settings: Settings, progress: Progress) -> tuple[PeerResult, float]:
    """Run Spark ALS in its own process; returns users times products per second."""
    numbers = (min(size.n_users, SPARK_USERS), min(size.n_products, SPARK_PRODUCTS), size.dim, size.k)
    progress(f"Spark ALS on {numbers[0]} users and {numbers[1]} products")
    child = run_child([sys.executable, "-m", "socialrec.bench.topk.spark", str(settings.home), *map(str, numbers)])
    seconds = float(json.loads(child.output.splitlines()[-1]))
    metrics = {"n_users": numbers[0], "n_products": numbers[1]}
    return PeerResult(metrics, {"top_k": round(seconds, 3)}, child.peak_mib), numbers[0] * numbers[1] / seconds


def _peers(clock: SideClock) -> dict[str, PeerResult]:
    names = ("faiss", "implicit", "bare product")
    return {name: PeerResult({}, {"top_k": round(clock.wall[name], 3)}) for name in names}
