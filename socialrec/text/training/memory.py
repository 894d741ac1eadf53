"""Recovery from lack of memory: training continues in smaller chunks where a batch does not fit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from socialrec.errors import UserError
from socialrec.text.training.processes import is_so_anywhere, own_rank

_CPU_WORDS = ("DefaultCPUAllocator", "can't allocate memory")
_log = logging.getLogger(__name__)


class ChunkTooLarge(Exception):
    """Error: a chunk did not fit into some process's memory; all processes must drop the gradients of this step."""


@contextmanager
def fitting() -> Iterator[None]:
    """Run work without communication between processes; ChunkTooLarge in every process where memory ran out in one."""
    is_full = False
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        is_full = True
    if is_so_anywhere(is_full):
        raise ChunkTooLarge


def is_out_of_memory(error: RuntimeError) -> bool:
    """Check if torch ran out of memory: on a GPU by the error's class, on a CPU by its message."""
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in _CPU_WORDS)


def halved(chunk_tokens: int, longest: int, section: str = "text") -> int:
    """Halve a chunk that did not fit, with a log line. Raises UserError where it had no more than the longest text.

    `section` is the section of the settings with the length of texts and the model.
    """
    if chunk_tokens <= longest:
        raise UserError(
            f"out of memory even where one text of up to {longest} tokens is trained on at a time: "
            f"lower {section}.max_tokens, name a smaller {section}.model, or free memory"
        )
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if own_rank() == 0:
        _log.warning("out of memory in chunks of %d tokens: training continues in %d", chunk_tokens, chunk_tokens // 2)
    return chunk_tokens // 2
