"""The pools that tasks share the machine through."""

from __future__ import annotations

SPARK = "spark"
GPU = "gpu"

POOLS: dict[str, str] = {
    SPARK: "Spark applications: one at a time, each takes the whole machine",
    GPU: "Training: one job at a time on the accelerator, or on the CPU where there is none",
}
"""What each pool is for; every pool has one slot."""
