"""Means over several splits of one data set: settings and blend are chosen again for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import PACKAGES, Stages, choose, peak_mib, ratios, test
from socialrec.bench.ranking.problem import Problem
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.settings import Settings

CUTOFFS = (10, 20)


@dataclass(frozen=True)
class Seeds:
    """Name of the benchmark, number of splits, and the signals to leave out by turns (`bench.ranking.without`)."""

    name: str
    n: int
    without: Sequence[str] = ()


def run_seeds(
    seeds: Seeds, problem_of: Callable[[int], Problem], settings: Settings, progress: Progress = to_standard_error
) -> BenchResult:
    """Choose on validation and measure on test for each seed's problem.

    Metrics are means over the seeds; `chosen` holds each seed's choice and figures. The settings chosen on validation
    are refitted on train and validation; `train_only_…` are figures of the same choice without that, as published
    models are trained.
    """
    stages, outcomes, train_only = Stages(progress), [], []
    for seed in range(seeds.n):
        progress(f"{seeds.name}, seed {seed}")
        with stages.stage("read"):
            problem = problem_of(seed)
        choice = choose(problem, CUTOFFS[0], settings, stages)
        outcomes.append(test(problem, choice, CUTOFFS, stages, seeds.without))
        train_only.append(test(replace(problem, refit=False), choice, CUTOFFS, Stages(progress)).metrics)
        progress(f"test {outcomes[-1].metrics}, of train alone {train_only[-1]}")
    metrics = means([outcome.metrics for outcome in outcomes])
    metrics |= {f"train_only_{name}": value for name, value in means(train_only).items()}
    peers = {who: means([outcome.peers[who] for outcome in outcomes]) for who in outcomes[0].peers}
    return BenchResult(
        name=seeds.name,
        metrics={**metrics, "n_seeds": float(seeds.n)},
        seconds={name: round(value / seeds.n, 2) for name, value in stages.seconds.items()},
        peak_mib=peak_mib(),
        peers={who: PeerResult(found) for who, found in peers.items()},
        ratios=ratios(metrics, peers, CUTOFFS[0]),
        versions=versions(PACKAGES),
        chosen={"seeds": [{"metrics": each.metrics, **each.choice.document()} for each in outcomes]},
    )


def means(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the seeds."""
    return {name: float(np.mean([found[name] for found in figures])) for name in figures[0]}
