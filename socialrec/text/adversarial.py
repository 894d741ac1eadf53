"""Learning from disturbed embeddings: the fast gradient method (Miyato, Dai & Goodfellow 2017)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


class FastGradient:
    """Moves the word embeddings of each text by `epsilon` in the direction in which the loss grows fastest.

    First a pass under `watching`, then its backward pass, then the same pass under `disturbed`.
    """

    def __init__(self, embeddings: nn.Module, epsilon: float) -> None:
        self._embeddings = embeddings
        self._epsilon = epsilon
        self._seen: list[torch.Tensor] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Remember the embeddings of every pass, with their gradients."""
        self._seen = []

        def remember(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
            seen = output if output.requires_grad else output.detach().requires_grad_()
            seen.retain_grad()
            self._seen.append(seen)
            return seen

        with self._hooked(remember):
            yield

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """Add to the embeddings of the same passes `epsilon · g / |g|` (their equation 5), a text at a time."""
        steps = iter([self._step(seen) for seen in self._seen])

        def disturb(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
            return output + next(steps)

        with self._hooked(disturb):
            yield
        self._seen = []

    def _step(self, seen: torch.Tensor) -> torch.Tensor:
        if seen.grad is None:
            return torch.zeros_like(seen)
        length = seen.grad.flatten(1).norm(dim=1).clamp(min=1e-12)
        step: torch.Tensor = self._epsilon * seen.grad / length.view(-1, 1, 1)
        return step

    @contextmanager
    def _hooked(self, hook: Callable[[nn.Module, object, torch.Tensor], torch.Tensor]) -> Iterator[None]:
        handle = self._embeddings.register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()
