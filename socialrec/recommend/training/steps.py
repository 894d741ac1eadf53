"""Steps of a training that a later training can reuse if their inputs and settings did not change.

Each candidate's folder keeps `steps.json`: by step the key of its inputs, and its reported values. A promoted candidate
is not reused: training again on the same inputs is then a new training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from socialrec.contracts.gold import SOCIAL_TIES
from socialrec.contracts.silver import (
    SILVER_ANSWERS,
    SILVER_COMMENTS,
    SILVER_INTERACTIONS,
    SILVER_PRODUCTS,
    SILVER_QUESTIONS,
    SILVER_TEMPLATES,
)
from socialrec.evaluate.gate import DECISION_SETTINGS
from socialrec.features.pictures import picture_version
from socialrec.lake import Lake
from socialrec.privacy.tombstones import read_tombstones
from socialrec.settings import Settings

FILE = "steps.json"
SPLIT_SETTINGS = ("validation_share", "test_share", "max_undated_share", "seed", "cutoff")
"""Settings of `evaluate` that select the training data."""


_LEARNED_FROM = (SILVER_INTERACTIONS, SILVER_COMMENTS, SILVER_PRODUCTS, SOCIAL_TIES)
_CONVERSATIONS = (SILVER_QUESTIONS, SILVER_ANSWERS, SILVER_TEMPLATES)


@dataclass(frozen=True)
class TrainingStep:
    """Finished step: the key of its inputs, and its reported values."""

    key: str
    values: dict[str, Any]


def training_key(lake: Lake, ds: str, settings: Settings, *more: object) -> str:
    """Key of all inputs of a training of day `ds`: tables, settings, erased users, the picture encoder, and `more`.

    Insights are left out: they follow from the comments and an encoder, and come after a first training.
    """
    partitions = {}
    for table in (*_LEARNED_FROM, *(table for table in _CONVERSATIONS if lake.partitions(SILVER_QUESTIONS))):
        days = [day for day in lake.partitions(table) if day <= ds]
        partitions[table] = days[-1:] if table.is_snapshot else days
    split = {name: getattr(settings.evaluate, name) for name in SPLIT_SETTINGS}
    recipe = [section.model_dump_json() for section in (settings.text, settings.etl, settings.recommend)]
    erased = len(read_tombstones(settings.secrets))
    return lake.fingerprint(partitions, recipe, split, erased, picture_version(lake), *more)


def evaluation_key(fit_key: str, settings: Settings, champion: str | None) -> str:
    """Key of an evaluation: the fit, the champion's version, and the settings of measuring."""
    measured = settings.evaluate.model_dump(mode="json", exclude=set(DECISION_SETTINGS))
    return key_of(fit_key, measured, champion)


def decision_key(settings: Settings) -> str:
    """Key of the settings that a candidate is measured and decided by."""
    return key_of(settings.evaluate.model_dump(mode="json"))


def key_of(*parts: object) -> str:
    """Key for several facts, which must have the same `repr` on every machine."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def read_step(candidate: Path, name: str) -> TrainingStep | None:
    """Read a finished step of a candidate; None where it has not ended."""
    found = _read(candidate).get(name)
    return None if found is None else TrainingStep(found["key"], found["values"])


def note_step(candidate: Path, name: str, key: str, values: Mapping[str, Any] | None = None) -> None:
    """Record that a step has ended. Later steps are forgotten, because they were made from its old result."""
    steps = _read(candidate)
    if name in steps:
        names = list(steps)
        steps = {known: steps[known] for known in names[: names.index(name)]}
    steps[name] = {"key": key, "values": dict(values or {})}
    candidate.mkdir(parents=True, exist_ok=True)
    partial = candidate / f".{FILE}.partial"
    partial.write_text(json.dumps(steps, indent=1), encoding="utf-8")
    partial.replace(candidate / FILE)


def forget_steps(candidate: Path) -> None:
    """Forget all steps, so that later trainings reuse none."""
    (candidate / FILE).unlink(missing_ok=True)


def find_candidate(candidates: Path, step: str, key: str) -> Path | None:
    """Find the newest candidate's folder in which this step ended under this key."""
    files = sorted(candidates.glob(f"*/{FILE}"), key=lambda file: (file.stat().st_mtime_ns, file), reverse=True)
    for file in files:
        if (found := read_step(file.parent, step)) and found.key == key:
            return file.parent
    return None


def _read(candidate: Path) -> dict[str, Any]:
    file = candidate / FILE
    if not file.exists():
        return {}
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content
