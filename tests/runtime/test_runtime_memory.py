"""Memory given back: the process shrinks by what it has freed between arrays that live."""

from __future__ import annotations

import ctypes

import numpy as np
import psutil
import pytest

from socialrec.runtime.memory import give_back_memory

MIB = 2**20


def resident_mib() -> float:
    return psutil.Process().memory_info().rss / MIB


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library is not glibc")
def test_freed_memory_between_arrays_that_live_is_given_back() -> None:
    arrays = [np.ones(100 * 1024, dtype=np.uint8) for _ in range(2_000)]
    kept = arrays[::20]
    del arrays
    before = resident_mib()
    give_back_memory()
    assert resident_mib() < before - 100
    assert sum(int(each.sum()) for each in kept) == 100 * 100 * 1024
