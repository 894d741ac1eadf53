"""Heads on text vectors: one small linear head per task, saved beside the encoder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from socialrec.errors import UserError
from socialrec.text.tasks import Ints, Labelled, Output
from socialrec.text.understanding.calibration import Logits
from socialrec.text.understanding.count_table import CountTable, LogChances, table_of
from socialrec.vectors.arrays import F32

TENSORS = "heads.safetensors"
DOCUMENT = "heads.json"


class Head(nn.Module):
    """Head of one task: from unit vectors (n, dim) to logits (n, n_classes) for each output."""

    def __init__(self, dim: int, outputs: Sequence[Output], dropout: float, table: CountTable | None = None) -> None:
        super().__init__()
        self.outputs = tuple(outputs)
        self.table = table
        """Counts whose log-probabilities are added to the logits of the only output: the head learns a correction."""
        self.share = 0.0
        """Share of the correction that counts; none of it until held-out texts have shown that it helps."""
        self.temperatures = [1.0] * len(self.outputs)
        """Divisor of each output's logits, once they are calibrated."""
        self.scale = dim**0.5
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(dim, sum(len(output.classes) for output in outputs))

    def forward(self, vectors: torch.Tensor) -> list[torch.Tensor]:
        """Apply the head, without its table. Unit vectors are scaled, so that their entries have the size that layers
        are initialised for.
        """
        logits = self.linear(self.dropout(vectors * self.scale))
        return list(logits.split([len(output.classes) for output in self.outputs], dim=1))

    def predict(self, vectors: F32, texts: Sequence[str] = ()) -> Ints:
        """Predict the most likely class of each output: unit vectors float32 (n, dim) to int64 (n, n_outputs)."""
        return np.stack([chances.argmax(axis=1) for chances in self.probabilities(vectors, texts)], axis=1)

    def logits(self, vectors: F32) -> list[Logits]:
        """Logits of all outputs as arrays, float32 (n, n_classes) each; of a head with a table its corrections."""
        with torch.inference_mode():
            given = torch.tensor(vectors, device=self.linear.weight.device)
            return [logits.float().cpu().numpy() for logits in self(given)]

    def probabilities(self, vectors: F32, texts: Sequence[str] = ()) -> list[Logits]:
        """Calibrated probabilities of all outputs, float32 (n, n_classes) each. A head with a table needs the texts."""
        start = None if self.table is None else self.table.rows(texts)
        return [self.probabilities_of(place, logits, start) for place, logits in enumerate(self.logits(vectors))]

    def probabilities_of(self, place: int, logits: Logits, start: LogChances | None = None) -> Logits:
        """Calibrated probabilities of one output from its logits, and from the rows of its table where it has one."""
        scores = logits / np.float32(self.temperatures[place])
        if start is not None:
            scores = start + np.float32(self.share) * logits
        found: Logits = softmax(scores, axis=1)
        return found


class Heads(nn.Module):
    """Heads by task name."""

    def __init__(self, heads: Mapping[str, Head]) -> None:
        super().__init__()
        self._heads = dict(heads)
        # By number, because `train` and `a.b` have other meanings as names of modules.
        self.layers = nn.ModuleList(self._heads.values())

    def __getitem__(self, name: str) -> Head:
        return self._heads[name]

    def __contains__(self, name: str) -> bool:
        return name in self._heads

    def items(self) -> Iterable[tuple[str, Head]]:
        """Names and heads, in the order of the tasks."""
        return self._heads.items()

    def going_on_from(self, known: Heads, dropout: float) -> Heads:
        """Combine the known heads with these new heads for tasks that have none yet.

        A known head takes the new counts where it has some; one that was learned without counts is replaced.
        """
        learned = dict(known.items())
        for name, head in known.items():
            head.dropout.p = dropout
            new = self._heads[name].table if name in self else head.table
            if (new is None) != (head.table is None):
                del learned[name]
            head.table = new
        return Heads({**self._heads, **learned})

    @classmethod
    def of(cls, tasks: Sequence[Labelled], dim: int, dropout: float) -> Heads:
        """Make new heads for these tasks; their first weights are drawn from torch's generator.

        A head with a table starts from it: its own weights are 0.
        """
        made = {task.name: Head(dim, task.outputs, dropout, table_of(task)) for task in tasks}
        for head in made.values():
            if head.table is not None:
                nn.init.zeros_(head.linear.weight)
                nn.init.zeros_(head.linear.bias)
        return cls(made)

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors) and the outputs (JSON)."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in self.state_dict().items()}, folder / TENSORS
        )
        document = {
            name: [
                {**asdict(output), "temperature": temperature, **_counted(head)}
                for output, temperature in zip(head.outputs, head.temperatures, strict=True)
            ]
            for name, head in self.items()
        }
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")


def heads_beside(folder: Path) -> Heads:
    """Load the heads of a saved encoder; none where it was saved without."""
    return load_heads(folder) if (folder / DOCUMENT).exists() else Heads({})


def load_heads(folder: Path) -> Heads:
    """Load the heads that `Heads.save` wrote, ready to predict. Raises UserError where they are missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(folder / TENSORS)
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        made = {}
        for number, (name, said) in enumerate(document.items()):
            outputs = [Output(output["name"], tuple(output["classes"])) for output in said]
            made[name] = Head(tensors[f"layers.{number}.linear.weight"].shape[1], outputs, 0.0, _table(said[0]))
            made[name].temperatures = [float(output["temperature"]) for output in said]
            made[name].share = float(said[0].get("share", 0.0))
        heads = Heads(made)
        heads.load_state_dict(tensors)
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        ArithmeticError,
        AttributeError,
        RuntimeError,
        SafetensorError,
    ) as error:
        raise UserError(f"{folder} holds no heads that can be read: {' '.join(str(error).split())[:200]}") from None
    return heads.eval()


def _counted(head: Head) -> dict[str, Any]:
    """Counts of a head with a table, as they are saved."""
    if head.table is None:
        return {}
    return {"share": head.share, "groups": head.table.groups, "log_chances": head.table.log_chances.tolist()}


def _table(said: Mapping[str, Any]) -> CountTable | None:
    if "groups" not in said:
        return None
    rows = np.array(said["log_chances"], np.float32)
    if rows.shape != (len(said["groups"]) + 1, len(said["classes"])) or not np.isfinite(rows).all():
        raise ValueError(f"the counts of {said['name']} do not fit its groups and classes")
    return CountTable(tuple(map(str, said["groups"])), rows)
