"""Threads of numeric libraries that leave the cores to other processes while they wait."""

from __future__ import annotations

import os
from typing import Final

PATIENT: Final = {"OMP_WAIT_POLICY": "passive"}
"""Environment in which OpenMP's idle threads sleep instead of spinning.

Spinning threads take the cores from other processes: a training step of 63 ms took 658 ms beside other work on two
cores. It is read when a library that uses OpenMP is loaded.
"""


def wait_patiently() -> None:
    """Set PATIENT in this process, unless its environment says otherwise; call it before torch is imported."""
    for name, value in PATIENT.items():
        os.environ.setdefault(name, value)
