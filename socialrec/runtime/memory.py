"""Memory that a process has freed and not yet given back."""

from __future__ import annotations

import ctypes


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library can (glibc).

    It keeps pages that lie between arrays still in use, so that a process that works block by block would grow with the
    number of blocks.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
