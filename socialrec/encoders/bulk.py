"""Vectors of many tokenized texts: batches cut on the device, results copied while the next chunk is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from socialrec.encoders.batching import budget_batches, even_batches
from socialrec.encoders.rows import TokenRows
from socialrec.runtime.transfer import OnItsWay, to_device, to_host

if TYPE_CHECKING:
    import torch

Vectors = npt.NDArray[np.float32]
Read = Callable[["torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]
"""Network from token ids and mask, int64 (n, length), to unit vectors, float32 (n, dim). No mask: nothing is padded."""
GPU_CHUNK_TEXTS = 65_536
"""Texts that a GPU gets as a chunk: enough of each length for a batch. Their vectors take 100 MB with MiniLM."""
EVEN_TEXTS = 4
"""Texts per distinct length from which on a GPU gets batches of one length each: no padding, and no mask, so that the
fastest attention can be used. Few texts would make many small batches.
"""


@dataclass(frozen=True)
class Reader:
    """Network that reads token ids, and how it is fed."""

    read: Read
    dim: int
    device: torch.device
    is_mixed: bool
    """True: autocast to bfloat16, because only the weights of a part of the layers are in it."""
    pad: int
    budget: int
    """Tokens of a batch."""


def encode_rows(chunks: Iterable[TokenRows], reader: Reader) -> Iterator[tuple[TokenRows, Vectors]]:
    """Encode chunk by chunk, each together with its vectors float32 (n, dim), in the order of its texts.

    Equal texts have equal vectors, in any order. On a GPU a chunk's vectors are handed out when the work of the next
    one is queued, so that the GPU never waits for the host.
    """
    import torch

    waiting: tuple[TokenRows, OnItsWay] | None = None
    for rows in chunks:
        with torch.inference_mode(), torch.autocast(reader.device.type, torch.bfloat16, enabled=reader.is_mixed):
            begun = rows, to_host(_vectors(rows, reader))
        if waiting is not None:
            yield waiting[0], waiting[1].array()
        waiting = begun
    if waiting is not None:
        yield waiting[0], waiting[1].array()


def _vectors(rows: TokenRows, reader: Reader) -> torch.Tensor:
    """Vectors of a chunk's texts, on the device: one copy takes its tokens there, and batches are cut from these."""
    import torch

    device = reader.device
    if not len(rows):
        return torch.zeros((0, reader.dim))
    # Longest first for little padding; then by content, so that batches do not depend on the order.
    order, places = rows.distinct()
    lengths = rows.lengths[order]
    is_even = device.type == "cuda" and len(lengths) >= EVEN_TEXTS * len(np.unique(lengths))
    tokens, starts, sizes, back = (
        to_device(torch.from_numpy(part), device) for part in (rows.ids, rows.starts[order], lengths, places)
    )
    read_so_far = []
    for cut in (even_batches if is_even else budget_batches)(lengths, reader.budget):
        longest, shortest = int(lengths[cut][0]), int(lengths[cut][-1])
        at = torch.arange(longest, device=device)
        ids = tokens[(starts[cut, None] + at).clamp_(max=len(tokens) - 1)].long()
        mask = None
        if shortest < longest:
            is_text = at < sizes[cut, None]
            ids, mask = ids.masked_fill_(~is_text, reader.pad), is_text.long()
        read_so_far.append(reader.read(ids, mask))
    return torch.cat(read_so_far).index_select(0, back)
