"""Threads of numeric libraries that leave the cores to other processes while they wait."""

from __future__ import annotations

import os
from typing import Final

PATIENT: Final = {"GOMP_SPINCOUNT": "1000"}
"""Environment in which OpenMP's idle threads spin for microseconds and then sleep, as GNU's library reads it when it is
loaded.

Spinning threads take the cores from other processes. On two cores a training step of 30 ms takes 174 ms beside an equal
one by default, 67 ms so (60 would be fair), and 31 ms alone; without any spinning it takes 36 ms alone.
"""


def wait_patiently() -> None:
    """Set PATIENT in this process, unless its environment says otherwise; call it before torch is imported."""
    for name, value in PATIENT.items():
        os.environ.setdefault(name, value)
