"""Memory that runs out in a layer of torch, with torch's own error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules import module as hooks


class Memory:
    """Room for so many tokens in a layer at once, from some step on: in forward passes, or once in a backward pass.

    n_spared: so many layers that are too large still fit.
    """

    def __init__(self, room: int, first_step: int, is_backward: bool, n_spared: int = 0) -> None:
        self.room, self.first_step, self.is_backward, self.n_spared = room, first_step, is_backward, n_spared
        self.step, self.n_full = 1, 0

    def progress(self, step: int, loss: float) -> None:
        self.step = step + 1

    def look(self, layer: torch.nn.Module, tensors: tuple[Any, ...]) -> None:
        if self.step < self.first_step or not isinstance(layer, torch.nn.Linear) or tensors[0].ndim < 3:
            return
        if not (self.is_backward or torch.is_grad_enabled()):
            return  # validation keeps nothing of a layer
        if tensors[0].shape[0] * tensors[0].shape[1] > self.room and not (self.is_backward and self.n_full):
            if self.n_spared:
                self.n_spared -= 1
                return
            self.n_full += 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@contextmanager
def limited(memory: Memory) -> Iterator[None]:
    if memory.is_backward:
        handle = hooks.register_module_full_backward_pre_hook(memory.look)
    else:
        handle = hooks.register_module_forward_pre_hook(memory.look)
    try:
        yield
    finally:
        handle.remove()
