"""Pools through which tasks share the machine."""

from __future__ import annotations

SPARK = "spark"
GPU = "gpu"

POOLS: dict[str, str] = {
    SPARK: "Spark applications: one at a time, each takes the whole machine",
    GPU: "Training: one job at a time on the accelerator, or on the CPU where there is none",
}
"""Purpose of each pool; every pool has one slot."""
