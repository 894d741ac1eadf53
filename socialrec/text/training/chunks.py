"""Vectors of a batch that is larger than memory: embedded in chunks, whose activations are not held together.

This is GradCache (Gao et al. 2021): the loss sees all vectors at once, and each chunk is computed a second time, with
the same dropout, when the gradients of its vectors are known. `torch.utils.checkpoint` does both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from socialrec.encoders.encoder import Encoder
from socialrec.encoders.tokens import Ids, padded
from socialrec.runtime.transfer import to_device
from socialrec.text.tasks import Ints

MIN_FILLED = 0.75
"""Fill of a text's row below which the text may start another strip."""
MIN_SAVED = 256
"""Tokens of padding that another strip must save: each is a pass of its own, whose start costs as much as some hundred
tokens.
"""
Around = Callable[[int, Ints], AbstractContextManager[None]]
"""Context of the pass over each strip, called with its number in the batch and the lengths of its texts."""


def untouched(number: int, lengths: Ints) -> AbstractContextManager[None]:
    """Do nothing around the pass."""
    return nullcontext()


def embed_in_chunks(encoder: Encoder, tokens: Sequence[Ids], budget: int, around: Around = untouched) -> torch.Tensor:
    """Embed tokenized texts as unit vectors, float32 (n, dim), with gradients, in chunks of at most `budget` tokens.

    A longer text is a chunk of its own. A single chunk is computed once, several again for their gradients.
    """
    lengths = np.array([len(ids) for ids in tokens], dtype=np.int64)
    if not len(lengths):
        return torch.zeros((0, encoder.dim), device=encoder.base.model.device)
    order = np.argsort(-lengths, kind="stable")
    chunks = list(_chunks(lengths[order], budget))
    vectors, n_strips = [], 0
    for chunk in chunks:
        strips = [order[chunk][strip] for strip in _strips(lengths[order[chunk]])]
        inputs = [padded([tokens[place] for place in strip], encoder.base) for strip in strips]
        numbered = list(enumerate((lengths[strip] for strip in strips), n_strips))

        def embed(inputs: list[dict[str, torch.Tensor]], numbered: list[tuple[int, Ints]] = numbered) -> torch.Tensor:
            passed = []
            for texts, (number, sizes) in zip(inputs, numbered, strict=True):
                with around(number, sizes):
                    passed.append(encoder.embed_padded(texts))
            return torch.cat(passed)

        # The inputs are passed, so that the state of their device's generator is saved with them.
        vectors.append(embed(inputs) if len(chunks) == 1 else checkpoint(embed, inputs, use_reentrant=False))
        n_strips += len(strips)
    back = to_device(torch.from_numpy(np.argsort(order)), vectors[0].device)
    return torch.cat(vectors)[back]


def _chunks(lengths: Ints, budget: int) -> Iterator[slice]:
    """Cut texts, longest first, into chunks of at most `budget` tokens in total."""
    start = held = 0
    for place, length in enumerate(lengths):
        if held + length > budget and place > start:
            yield slice(start, place)
            start, held = place, 0
        held += int(length)
    yield slice(start, len(lengths))


def _strips(lengths: Ints) -> Iterator[slice]:
    """Cut texts, longest first, into strips of similar length where that saves much padding."""
    start = 0
    for place, length in enumerate(lengths):
        saved = (lengths[start] - length) * (len(lengths) - place)
        if length < MIN_FILLED * lengths[start] and saved >= MIN_SAVED:
            yield slice(start, place)
            start = place
    yield slice(start, len(lengths))
