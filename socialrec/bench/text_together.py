"""One model for several labels of the same texts against a model for each: what sharing the encoder costs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text import held_mib, known_classes, scores, told, tune
from socialrec.bench.text_tasks import Examples, SplitTask
from socialrec.text.tasks import Labelled, Output, labelled
from socialrec.text_settings import TextSettings

NAME = "text_together"
TOGETHER = "together"


def run(tasks: Sequence[SplitTask], settings: TextSettings) -> BenchResult:
    """Train one model with a head of several outputs, then one model a task, all with the same steps and seed.

    `lost_<task>` is what the shared model lacks, in points of the task's own metric; `lost` is the most of these.
    """
    outputs = [known_classes(task) for task in tasks]
    started = time.perf_counter()
    shared = _scored(tasks, outputs, settings)
    seconds = {"shared": round(time.perf_counter() - started, 1)}
    single: dict[str, float] = {}
    for task, output in zip(tasks, outputs, strict=True):
        to_standard_error(task.name)
        started = time.perf_counter()
        single |= _scored([task], [output], settings)
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


def _scored(tasks: Sequence[SplitTask], outputs: Sequence[Output], settings: TextSettings) -> dict[str, float]:
    """Each task's own metric on its test part, of one model trained on all of them."""
    training, validation = (
        together([getattr(task, part) for task in tasks], outputs) for part in ("training", "validation")
    )
    made = tune(training, validation, settings)
    found = {}
    for task, output in zip(tasks, outputs, strict=True):
        found[task.name] = scores(task.test.labels, told(made, TOGETHER, output, task.test.texts))[task.metric]
        to_standard_error(f"{task.name}: {found[task.name]:.4f}")
    return found


def together(parts: Sequence[Examples], outputs: Sequence[Output]) -> Labelled:
    """Every text of one part once, with what each task says of it, and nothing where it says nothing."""
    texts = list(dict.fromkeys(text for part in parts for text in part.texts))
    said = [dict(zip(part.texts, part.labels, strict=True)) for part in parts]
    values = {
        output.name: [labels.get(text, "") for text in texts] for output, labels in zip(outputs, said, strict=True)
    }
    return labelled(TOGETHER, texts, values, outputs)
