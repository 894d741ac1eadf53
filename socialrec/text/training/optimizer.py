"""AdamW and its learning rate for all trainings, and its state for checkpoints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import nn

from socialrec.text.training.checkpoint import Tensors

MAX_GRADIENT = 1.0
"""Largest norm of a step's gradient, over all parameters."""


class Schedule(Protocol):
    """Settings of a training's optimiser."""

    @property
    def train_steps(self) -> int:
        """Number of steps."""

    @property
    def learning_rate(self) -> float:
        """Peak of the learning rate."""

    @property
    def warmup_share(self) -> float:
        """Share of the steps in which the learning rate rises."""

    @property
    def weight_decay(self) -> float:
        """Decay of the weights, per step and learning rate."""


def warmup_cosine(step: int, schedule: Schedule) -> float:
    """Factor of the learning rate at a step, from 1: linear warm-up, then half a cosine (Loshchilov & Hutter 2017)."""
    warmup = round(schedule.warmup_share * schedule.train_steps)
    if step <= warmup:
        return step / warmup
    done = (step - warmup - 1) / max(1, schedule.train_steps - warmup)
    return (1 + math.cos(math.pi * done)) / 2


def adamw(parameters: Sequence[nn.Parameter], schedule: Schedule) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), fused; biases, norms and task weights do not decay."""
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": schedule.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=schedule.learning_rate, fused=True)


def set_learning_rate(optimizer: torch.optim.AdamW, step: int, schedule: Schedule) -> None:
    """Set the learning rate of a step, from 1."""
    for group in optimizer.param_groups:
        group["lr"] = schedule.learning_rate * warmup_cosine(step, schedule)


def moments(optimizer: torch.optim.AdamW, trained: Mapping[str, nn.Parameter]) -> Tensors:
    """Moments of each parameter in the optimiser, by `<parameter>/<kind>`."""
    names = {id(parameter): name for name, parameter in trained.items()}
    return {
        f"{names[id(parameter)]}/{kind}": value
        for parameter, values in optimizer.state.items()
        for kind, value in values.items()
    }


def put_moments(optimizer: torch.optim.AdamW, trained: Mapping[str, nn.Parameter], saved: Tensors) -> None:
    """Restore the moments that `moments` returned."""
    for key, value in saved.items():
        name, kind = key.rsplit("/", 1)
        # The step stays where the optimiser made it: on the parameter's device where it is fused.
        optimizer.state[trained[name]][kind] = value.to(trained[name].device)


def put(tensors: Tensors, trained: Mapping[str, nn.Parameter]) -> None:
    """Write tensors into the parameters of the same names."""
    with torch.no_grad():
        for name, tensor in tensors.items():
            trained[name].copy_(tensor)
