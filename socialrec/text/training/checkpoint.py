"""Checkpoint from which a killed training resumes: one safetensors file that is replaced atomically."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from socialrec.settings.text import TextSettings
from socialrec.text.tasks import Task, TextPairs

FILE = "checkpoint.safetensors"
_STATE, _RUN = "state", "run"
Tensors = dict[str, torch.Tensor]


@dataclass
class State:
    """Progress of a run. Batches, dropout and the learning rate depend on the seed and the step alone."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    """Steps with their validation losses."""
    task_losses: dict[str, list[float]] = field(default_factory=dict)
    """Loss of each task at each step."""
    chunk_tokens: int | None = None
    """Tokens that fitted into memory at once; None where no batch was too large."""

    @property
    def best_step(self) -> int | None:
        """Step of the lowest validation loss; None where nothing was validated."""
        return min(self.validations, key=lambda pair: (pair[1], pair[0]))[0] if self.validations else None

    @property
    def since_best(self) -> int:
        """Consecutive validations that were no better than the best one."""
        return sum(step > (self.best_step or 0) for step, _ in self.validations)


def run_identity(tasks: Sequence[Task], settings: TextSettings) -> str:
    """Hash settings and examples (SHA-256): only an equal run may resume from a checkpoint."""
    digest = hashlib.sha256(settings.model_dump_json().encode())
    for task in tasks:
        digest.update(repr((task.name, task.all_texts)).encode())
        digest.update((task.product_ids if isinstance(task, TextPairs) else task.labels).tobytes())
    return digest.hexdigest()


def save_checkpoint(folder: Path, run: str, state: State, groups: Mapping[str, Tensors]) -> None:
    """Write groups of named tensors and the state; a reader finds the old file or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = {f"{group}/{name}": t.detach().cpu().contiguous() for group, ts in groups.items() for name, t in ts.items()}
    partial = folder / f"{FILE}.partial"
    save_file(flat, partial, metadata={_RUN: run, _STATE: json.dumps(asdict(state))})
    partial.replace(folder / FILE)


def load_checkpoint(folder: Path, run: str) -> tuple[State, dict[str, Tensors]] | None:
    """Load what `save_checkpoint` wrote for this run; None where there is nothing, or only another run's checkpoint."""
    groups: dict[str, Tensors] = {}
    try:
        with safe_open(folder / FILE, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get(_RUN) != run:
                return None
            for key in file.keys():  # noqa: SIM118 (it is no dict)
                group, name = key.split("/", 1)
                groups.setdefault(group, {})[name] = file.get_tensor(key)
    except (OSError, SafetensorError):
        return None
    said = json.loads(metadata[_STATE])
    said["validations"] = [(step, loss) for step, loss in said["validations"]]
    return State(**said), groups
