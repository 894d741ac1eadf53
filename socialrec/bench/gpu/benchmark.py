"""All parts of the proof, each in a process of its own: one that fails, or breaks the GPU's driver, stops no other."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from socialrec.bench.gpu.page import render
from socialrec.bench.gpu.part import Setup
from socialrec.bench.progress import Progress, to_standard_error

PARTS = ("topk", "encode", "finetune", "recovery", "processes", "answers", "pretraining", "pictures")
PACKAGES = (
    *("torch", "triton", "transformers", "tokenizers", "safetensors", "numpy", "scipy", "pyarrow", "peft"),
    *("sentence-transformers", "datasets", "accelerate", "faiss-gpu", "faiss-cpu", "flash-attn", "pydantic", "pillow"),
)
LIMIT_SECONDS = 480
"""Time for all parts on an H100 or H200."""
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Target:
    """Bound that a figure is to reach on one H100 or H200."""

    part: str
    figure: str
    bound: float | bool
    is_most: bool = False

    def state(self, parts: Mapping[str, Any], is_measured: bool) -> str:
        """Say if it was met: only a run on a GPU at full size says so."""
        found = parts.get(self.part, {})
        value = (found.get("figures", {}) | found.get("ratios", {})).get(self.figure)
        if not is_measured or value is None:
            return "not measured"
        return "met" if (value <= self.bound if self.is_most else value >= self.bound) else "missed"


TARGETS = (
    Target("encode", "ratio_minilm_54", 2),
    Target("encode", "minilm_54_compiled_texts_per_second", 150_000),
    Target("finetune", "bert_base_compiled_share_of_matrix_rate", 0.45),
    Target("topk", "100000_x_50000_seconds", 1, is_most=True),
    Target("topk", "1000000_x_1000000_seconds", 120, is_most=True),
    Target("topk", "1000000_x_1000000_candidates_share_of_matrix_rate", 0.6),
    Target("topk", "lists_agree", True),
    Target("finetune", "losses_agree", True),
    Target("pretraining", "losses_agree", True),
    Target("recovery", "recovers", True),
    Target("processes", "losses_agree", True),
    Target("answers", "same_answers", True),
)


def run(
    setup: Setup, names: Sequence[str] = PARTS, page: Path | None = None, progress: Progress = to_standard_error
) -> dict[str, Any]:
    """Run the parts one after the other, and return what they found; with a file also write the page of plots."""
    started, parts = time.perf_counter(), {}
    for name in names:
        before = time.perf_counter()
        left = max(1, round(LIMIT_SECONDS - (before - started)))
        parts[name] = _in_process(setup, name, left)
        parts[name]["seconds"] = round(time.perf_counter() - before, 1)
        progress(f"{name}: {parts[name]['state']}, {parts[name]['seconds']} s")
    is_measured = setup.device_name == "cuda" and not setup.is_small
    result = {
        "name": "gpu",
        "device": setup.device_name,
        "small": setup.is_small,
        "measured_on_a_gpu": is_measured,
        "seconds": round(time.perf_counter() - started, 1),
        "failed": [name for name in names if parts[name]["state"] != "done"],
        "parts": parts,
        "ratios": {key: value for found in parts.values() for key, value in found.get("ratios", {}).items()},
        "targets": [vars(target) | {"state": target.state(parts, is_measured)} for target in TARGETS],
        "versions": _versions(),
        "machine": _machine(setup.device_name),
    }
    if page is not None:
        page.write_text(render(result), encoding="utf-8")
    return result


def run_part(setup: Setup, name: str) -> dict[str, Any]:
    """Run one part in this process."""
    found = import_module(f"socialrec.bench.gpu.{name}").run(setup).to_dict()
    return {"state": "done", **found}


def _in_process(setup: Setup, name: str, seconds: int) -> dict[str, Any]:
    """Run a part in a process of its own; a failure is its last words."""
    command = [sys.executable, "-m", "socialrec.bench.gpu", "--part", name, *arguments_of(setup)]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    # Nothing is fetched: what is not on this machine is absent.
    environment = os.environ | {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if setup.is_small:
        # Threads would wait for each other: the models are tiny.
        environment.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryFile("w+") as errors:
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"state": f"failed: not done after {seconds} seconds"}
        if done.returncode == 0:
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found
        errors.seek(0)
        last = [line for line in errors.read().splitlines() if line.strip()][-1:]
        return {"state": f"failed: {''.join(last)[:500] or f'it ended with code {done.returncode}'}"}


def arguments_of(setup: Setup) -> list[str]:
    """Arguments with which a process of a part gets its setup."""
    given = {
        "--folder": setup.folder,
        "--device": setup.device.value,
        "--weights": setup.weights,
        "--texts": setup.texts,
    }
    words = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    return [*words, *(["--small"] if setup.is_small else [])]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def _machine(device: str) -> dict[str, str | float]:
    import torch

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    found: dict[str, str | float] = {
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "cuda": torch.version.cuda or "none",
    }
    if device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        found |= {"gpu": properties.name, "gpus": torch.cuda.device_count()}
        found |= {"gpu_memory_mib": properties.total_memory // 2**20}
    return found
