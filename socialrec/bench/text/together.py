"""One model for several labels of the same texts against a model for each: the cost of sharing the encoder."""

from __future__ import annotations

import time
from collections.abc import Sequence

from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text.benchmark import held_mib, scores
from socialrec.bench.text.model import TextModel
from socialrec.bench.text.tasks import SplitTask
from socialrec.settings.text import TextSettings

NAME = "text_together"


def run(tasks: Sequence[SplitTask], settings: TextSettings) -> BenchResult:
    """Train one model with a head of several outputs, then one model a task, all with the same steps and seed.

    `lost_<task>` is what the shared model lacks, in points of the task's own metric; `lost` is the most of these.
    """
    started = time.perf_counter()
    shared = _scored(tasks, settings)
    seconds = {"shared": round(time.perf_counter() - started, 1)}
    single: dict[str, float] = {}
    for task in tasks:
        to_standard_error(task.name)
        started = time.perf_counter()
        single |= _scored([task], settings)
        seconds[task.name] = round(time.perf_counter() - started, 1)
    lost = {name: round(100 * (single[name] - shared[name]), 2) for name in shared}
    return BenchResult(
        name=NAME,
        metrics={
            **{name: round(value, 4) for name, value in shared.items()},
            **{f"lost_{name}": value for name, value in lost.items()},
            "lost": max(lost.values()),
            "tuning": settings.tuning.value,
            "steps": settings.train_steps,
        },
        seconds=seconds,
        peak_mib=held_mib(),
        peers={"a-model-each": PeerResult({name: round(value, 4) for name, value in single.items()})},
        ratios={},
        versions=versions(["torch", "transformers", "peft", "scikit-learn"]),
    )


def _scored(tasks: Sequence[SplitTask], settings: TextSettings) -> dict[str, float]:
    """Metric of each task on its test part, for one model trained on all of them."""
    model = TextModel.train(tasks, settings)
    found = {}
    for place, task in enumerate(tasks):
        found[task.name] = scores(task.test.labels, model.labels(place, task.test.texts))[task.metric]
        to_standard_error(f"{task.name}: {found[task.name]:.4f}")
    return found
