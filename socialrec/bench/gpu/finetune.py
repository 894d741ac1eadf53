"""Fine-tuning steps: their share of the matrix rate, and the losses of every kind of tuning beside the processor's."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch

from socialrec.bench.gpu.models import BERT_BASE, SMALL, TINY, Shape, model_folder, mood_task, pair_task
from socialrec.bench.gpu.part import Figures, PartResult, Setup, gap, matrix_rate, wait_for
from socialrec.settings.text import AdversarialMethod, Device, Precision, TextSettings, Tuning
from socialrec.text.tasks import Task, TextPairs
from socialrec.text.training.finetune import fine_tune

STEPS, WARM_UP = 30, 10
BATCH_PAIRS, MAX_TOKENS = 256, 128
COMPARED_STEPS = 6
TOLERANCE, HALF_TOLERANCE = 1e-3, 5e-2
"""Largest relative difference of a step's loss from the processor's in float32: in float32, and in half precision."""
KINDS: dict[str, dict[str, object]] = {
    "full": {"tuning": Tuning.FULL},
    "bottleneck": {"tuning": Tuning.BOTTLENECK, "bottleneck_dim": 8},
    "lora": {"tuning": Tuning.LORA},
    "adalora": {"tuning": Tuning.ADALORA},
    "fgm": {"tuning": Tuning.FULL, "adversarial_every": 1},
    "freelb": {"tuning": Tuning.FULL, "adversarial_every": 1, "adversarial_method": AdversarialMethod.FREELB},
}
NEEDS_PEFT = {"lora", "adalora"}


def run(setup: Setup) -> PartResult:
    """Time steps of full tuning with InfoNCE on pairs, and compare losses of a tiny model."""
    rate = matrix_rate(setup)
    result = PartResult({"matrix_teraflops": round(rate / 1e12, 3)})
    shape = SMALL[BERT_BASE] if setup.is_small else BERT_BASE
    batch, steps = (8, 4) if setup.is_small else (BATCH_PAIRS, STEPS)
    pairs = pair_task(batch * 4, None if setup.is_small else MAX_TOKENS - 2)
    folder = model_folder(setup, BERT_BASE)
    settings = setup.settings(
        folder,
        tuning=Tuning.FULL,
        max_tokens=MAX_TOKENS,
        contrastive_pairs=batch,
        train_tokens=2 * batch * MAX_TOKENS,
        train_steps=steps,
        learning_rate=5e-5,
    )
    for compiled in (False, True) if setup.device_name == "cuda" else (False,):
        measured = _steps(pairs, settings.model_copy(update={"compile": compiled}), shape, rate, setup)
        result.figures |= {f"bert_base{'_compiled' if compiled else ''}_{name}": it for name, it in measured.items()}
    needs = "sentence_transformers,datasets,accelerate,psutil"
    result.beside("sentence-transformers Trainer", needs, partial(_peer, pairs, settings))
    result.compare("ratio_steps", "bert_base_steps_per_second", "sentence-transformers Trainer", "steps_per_second")
    for name, changes in KINDS.items():
        if name in NEEDS_PEFT and not find_spec("peft"):
            result.peers[f"tuning {name}"] = "absent: peft not installed"
            continue
        result.figures |= {f"{name}_{key}": value for key, value in _compared(setup, changes).items()}
    result.figures["waits_per_step"] = _waits(setup)
    result.figures["losses_agree"] = all(value for key, value in result.figures.items() if key.endswith("_agrees"))
    return result


def losses_of(tasks: Sequence[Task], settings: TextSettings, checkpoints: Path | None = None) -> list[float]:
    """Fine-tune, and return each step's loss."""
    return fine_tune(tasks, settings, lambda step, loss: None, checkpoints=checkpoints).losses


def tiny_settings(setup: Setup, **changes: object) -> TextSettings:
    """Settings of a tiny model with two tasks, without dropout, in float32."""
    values: dict[str, object] = {
        "max_tokens": 32,
        "train_tokens": 512,
        "train_steps": COMPARED_STEPS,
        "learning_rate": 1e-3,
        "head_dropout": 0.0,
        "probe_texts": 0,
        "precision": Precision.FLOAT32,
    }
    return setup.settings(model_folder(setup, TINY), **(values | changes))


def tiny_tasks() -> list[Task]:
    """Pairs and labelled texts to learn."""
    return [pair_task(64), mood_task(96)]


def _steps(pairs: TextPairs, settings: TextSettings, shape: Shape, rate: float, setup: Setup) -> Figures:
    """Steps per second after the first ones, and the share of the matrix rate that they reach."""
    ends: list[float] = []
    tokens: list[int] = []

    def ended(step: int, loss: float) -> None:
        wait_for(setup.device_name)
        ends.append(time.perf_counter())

    made = fine_tune([pairs], settings, ended)
    tokens = [len(ids) for ids in made.encoder.tokenize(pairs.all_texts)]
    skipped = min(WARM_UP, len(ends) - 1) - 1
    seconds = (ends[-1] - ends[skipped]) / (len(ends) - 1 - skipped)
    n_texts = 2 * (settings.contrastive_pairs or 0)
    operations = n_texts * sum(training_operations(shape, length) for length in tokens) / len(tokens)
    return {
        "steps_per_second": round(1 / seconds, 3),
        "tokens_per_text": round(sum(tokens) / len(tokens), 1),
        "first_seconds": round(ends[skipped] - ends[0], 2),
        "share_of_matrix_rate": round(operations / seconds / rate, 4),
        "loss": round(made.losses[-1], 4),
    }


def training_operations(shape: Shape, n_tokens: int) -> float:
    """Operations of a forward and a backward pass over one text: three times those of the forward pass.

    A layer multiplies each token by 12 dim² weights, and by the text's other tokens twice.
    """
    forward = shape.layers * (2 * 12 * shape.dim**2 * n_tokens + 4 * shape.dim * n_tokens**2)
    return 3.0 * forward


def _waits(setup: Setup) -> int | None:
    """Count how often the host waits for a GPU in the last step, as far as torch notices it; None on a processor."""
    if setup.device_name != "cuda":
        return None
    counts: list[int] = []
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            fine_tune(
                tiny_tasks(),
                tiny_settings(setup, tuning=Tuning.FULL),
                lambda step, loss: counts.append(_synchronizing(seen)),
            )
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return counts[-1] - counts[-2]


def _synchronizing(seen: list[warnings.WarningMessage]) -> int:
    return sum("synchroniz" in str(one.message) for one in seen)


def _compared(setup: Setup, changes: dict[str, object]) -> Figures:
    """Compare losses with those of the processor in float32: on this device, and in the precision that it picks."""
    tasks, settings = tiny_tasks(), tiny_settings(setup, **changes)
    expected = losses_of(tasks, settings.model_copy(update={"device": Device.CPU}))
    whole = gap(losses_of(tasks, settings), expected)
    half = gap(losses_of(tasks, settings.model_copy(update={"precision": Precision.BFLOAT16})), expected)
    return {"gap": whole, "half_gap": round(half, 5), "agrees": whole <= TOLERANCE and half <= HALF_TOLERANCE}


def _peer(pairs: TextPairs, settings: TextSettings) -> Figures:
    """sentence-transformers' Trainer on the same pairs, model, batches and steps."""
    from socialrec.bench.text.finetune import train_peer

    # The first steps of the Trainer are few, because they are slow on a processor.
    trained = train_peer(pairs, pairs.take(range(8)), settings, is_half=True)
    return {"steps_per_second": round(1 / trained.wall, 3), "loss": round(trained.loss, 4)}
