"""Recovery: cached gradients, a run that resumes from its checkpoint, and memory that runs out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules import module as hooks

from socialrec.bench.gpu.finetune import TOLERANCE, losses_of, tiny_settings, tiny_tasks
from socialrec.bench.gpu.models import mood_task, pair_task
from socialrec.bench.gpu.part import Figures, PartResult, Setup, gap
from socialrec.settings.text import Tuning
from socialrec.text.training.finetune import fine_tune

STOPPED_AFTER = 3
TOO_FULL = 256
"""Tokens in a layer at once from which on a processor's memory runs out, by torch's own error."""


class _Stopped(Exception):
    """End of a run, as if its process was killed: nothing is left of it but its checkpoint."""


def run(setup: Setup) -> PartResult:
    """Compare losses of the same run: in chunks and at once, killed and not, with little memory and with enough."""
    figures = _cached(setup) | _resumed(setup) | _out_of_memory(setup)
    return PartResult(figures | {"recovers": all(value for name, value in figures.items() if name.endswith("_agrees"))})


def _cached(setup: Setup) -> Figures:
    """Cached gradients (GradCache): a batch of pairs in chunks of a few texts, and at once."""
    tasks = [pair_task(64)]
    settings = tiny_settings(setup, tuning=Tuning.FULL, contrastive_pairs=32)
    whole, chunked = (
        losses_of(tasks, settings.model_copy(update={"train_tokens": size})) for size in (2 * 32 * 32, 128)
    )
    found = gap(chunked, whole)
    return {"cached_gap": found, "cached_agrees": found <= TOLERANCE}


def _resumed(setup: Setup) -> Figures:
    """Stop after a few steps and start again from the checkpoint alone: the same steps, on the same kind of machine."""
    tasks, settings = tiny_tasks(), tiny_settings(setup, tuning=Tuning.FULL, checkpoint_every=1)
    whole = losses_of(tasks, settings)

    def stop(step: int, loss: float) -> None:
        if step == STOPPED_AFTER:
            raise _Stopped

    with tempfile.TemporaryDirectory() as folder:
        try:
            fine_tune(tasks, settings, stop, checkpoints=Path(folder))
        except _Stopped:
            made = fine_tune(tasks, settings, lambda step, loss: None, checkpoints=Path(folder))
    found = gap(made.losses, whole)
    return {
        "resumed_after": made.resumed_after,
        "resumed_gap": found,
        "resumed_agrees": made.resumed_after == STOPPED_AFTER and found <= TOLERANCE,
    }


def _out_of_memory(setup: Setup) -> Figures:
    """Train a batch that does not fit: it is halved until it does, and the losses stay the same."""
    is_gpu = setup.device_name == "cuda"
    n_texts = 16_384 if is_gpu else 64
    tokens = n_texts * 32
    sizes = {"train_tokens": tokens, "task_tokens": {"sentiment": tokens}}
    settings = tiny_settings(setup, tuning=Tuning.FULL, train_steps=2, **sizes)
    small, tasks = settings.model_copy(update={"train_tokens": tokens // 8}), [mood_task(n_texts)]
    whole = losses_of(tasks, small)
    n_full = [0]
    if is_gpu:
        enough, little = (_held(lambda: losses_of(tasks, each)) for each in (settings, small))  # noqa: B023
    with _limited_gpu((enough + little) // 2, n_full) if is_gpu else _limited_layers(n_full):
        found = gap(losses_of(tasks, settings), whole)
    return {"out_of_memory": n_full[0], "halved_gap": found, "halved_agrees": n_full[0] > 0 and found <= TOLERANCE}


@contextmanager
def _limited_layers(n_full: list[int]) -> Iterator[None]:
    """Let a layer run out of memory from a number of tokens on, and count how often it did."""

    def look(layer: torch.nn.Module, tensors: tuple[Any, ...]) -> None:
        if isinstance(layer, torch.nn.Linear) and tensors[0].ndim == 3 and tensors[0].shape[:2].numel() > TOO_FULL:
            n_full[0] += 1
            raise torch.OutOfMemoryError("out of memory")

    handle = hooks.register_module_forward_pre_hook(look)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _limited_gpu(held: int, n_full: list[int]) -> Iterator[None]:
    """Let this process hold so many bytes of a GPU's memory and no more, and count how often it wanted more."""
    torch.cuda.empty_cache()
    before = torch.cuda.memory_stats().get("num_ooms", 0)
    torch.cuda.set_per_process_memory_fraction(held / torch.cuda.get_device_properties(0).total_memory)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        n_full[0] = torch.cuda.memory_stats().get("num_ooms", 0) - before


def _held(work: Callable[[], object]) -> int:
    """Most bytes of a GPU's memory that some work holds."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    work()
    return int(torch.cuda.max_memory_reserved())
