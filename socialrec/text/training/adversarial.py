"""Adversarial training on perturbed embeddings: FGM (Miyato, Dai & Goodfellow 2017) and FreeLB (Zhu et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from socialrec.runtime.transfer import to_device
from socialrec.settings.text import AdversarialMethod, TextSettings
from socialrec.text.tasks import Ints


class Adversary:
    """Perturbations of the word embeddings, one per text, which grow from pass to pass over one batch.

    After each pass every text's perturbation moves by a step in the direction in which the loss grows fastest, and back
    onto the ball of radius `epsilon` where it has left it. FGM takes two passes of weight 1, the first without a
    perturbation, the second at `epsilon · g / |g|` (their equation 5). FreeLB takes K passes of weight 1 / K each, from
    a random start in the ball (their algorithm 1).
    """

    def __init__(self, embeddings: nn.Module, settings: TextSettings) -> None:
        self._embeddings = embeddings
        self._epsilon = settings.adversarial_epsilon
        self._is_random = settings.adversarial_method is AdversarialMethod.FREELB
        self._n_passes = settings.adversarial_steps if self._is_random else 2
        self._weight = 1 / self._n_passes if self._is_random else 1.0
        self._step = settings.adversarial_step if self._is_random else self._epsilon
        self._generator = torch.Generator()
        self._moved: dict[int, torch.Tensor] = {}

    def passes(self, seed: int) -> Iterator[float]:
        """Weights of the passes over one batch; each pass must be run, including backward, before the next is
        requested.
        """
        # A generator of its own, so that all passes have the same dropout.
        self._generator.manual_seed(seed)
        self._moved = {}
        for _ in range(self._n_passes):
            yield self._weight
            self._moved = {number: self._ascended(moved) for number, moved in self._moved.items()}
        self._moved = {}

    @contextmanager
    def disturbing(self, number: int, lengths: Ints) -> Iterator[None]:
        """Perturb the texts, of these lengths (n,), of one forward pass, which its number identifies within the
        batch.
        """

        def disturb(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
            if number not in self._moved:
                self._moved[number] = self._start(output.detach(), lengths).requires_grad_()
            return output + self._moved[number]

        handle = self._embeddings.register_forward_hook(disturb)
        try:
            yield
        finally:
            handle.remove()

    def _start(self, embedded: torch.Tensor, lengths: Ints) -> torch.Tensor:
        """Start of a perturbation: zero, or uniform in ±epsilon / √(numbers of the text); padding is never
        perturbed.
        """
        if not self._is_random:
            return torch.zeros_like(embedded)
        n_tokens = torch.from_numpy(lengths).view(-1, 1, 1)
        is_text = torch.arange(embedded.shape[1]).view(1, -1, 1) < n_tokens
        uniform = 2 * torch.rand(embedded.shape, generator=self._generator) - 1
        start: torch.Tensor = self._epsilon * uniform * is_text / (n_tokens * embedded.shape[2]).sqrt()
        return to_device(start, embedded.device).to(embedded.dtype)

    def _ascended(self, moved: torch.Tensor) -> torch.Tensor:
        if moved.grad is None:
            return moved
        further = moved.detach() + self._step * moved.grad / _lengths(moved.grad).clamp(min=1e-12)
        within: torch.Tensor = further / (_lengths(further) / self._epsilon).clamp(min=1)
        return within.requires_grad_()


def _lengths(texts: torch.Tensor) -> torch.Tensor:
    """Norm of each text's numbers (n, length, dim) as one vector, as (n, 1, 1)."""
    lengths: torch.Tensor = texts.flatten(1).norm(dim=1).view(-1, 1, 1)
    return lengths
