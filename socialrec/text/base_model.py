"""Base model of a shop: the one that the settings name, or the one that fits its texts, chosen once and written down.

All trainings read the choice from its file. Nights read the encoder that a training made, which names its base.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from pathlib import Path

import pyarrow.compute as pc

from socialrec.contracts.gold import TEXTS
from socialrec.contracts.vocabulary import TextKind
from socialrec.encoders.shipped.choice import ModelChoice, choose_model
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.settings import Settings
from socialrec.settings.text import AUTO

MEASURED_TEXTS = 4_000
"""Texts of products and comments that are measured, about, the same in any order."""
MEASURED_CHARACTERS = 1_000
_HASH_DIGITS = 8


def with_base_model(settings: Settings, lake: Lake, ds: str) -> tuple[Settings, ModelChoice]:
    """Settings whose `text.model` names a model, and the reason for it.

    Where it is `auto`, the choice of the first training counts, which measures the texts of the day and writes its
    choice below the home. Without texts the smallest model is taken, and nothing is written. Raises UserError where the
    file of the choice is damaged.
    """
    if settings.text.model != AUTO:
        return settings, ModelChoice(settings.text.model, "the settings name it")
    choice = read_choice(settings)
    if choice is None:
        texts = _sample(lake, ds)
        choice = choose_model(texts)
        if texts:
            _write(settings.text_model_file, choice)
    text = settings.text.model_copy(update={"model": choice.model})
    return settings.model_copy(update={"text": text}), choice


def read_choice(settings: Settings) -> ModelChoice | None:
    """ModelChoice of the first training; None before it. Raises UserError where its file is damaged."""
    file = settings.text_model_file
    if not file.exists():
        return None
    try:
        return ModelChoice(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{file} cannot be read ({error}): delete it, and the next training chooses again, or set text.model"
        ) from None


def _sample(lake: Lake, ds: str) -> list[str]:
    """Texts of products and comments up to a day whose hashes are the lowest, each cut; all where there are few."""
    days = [day for day in lake.partitions(TEXTS) if day <= ds]
    # Homes from before hold profiles too, which were written in English whatever the shop's language.
    wanted = pc.field("kind").isin([kind.value for kind in TextKind])
    n_texts = lake.dataset(TEXTS, days).count_rows(filter=wanted) if days else 0
    if not n_texts:
        return []
    if n_texts > MEASURED_TEXTS:
        # Hashes are hexadecimal digits, evenly spread.
        bound = 16**_HASH_DIGITS * MEASURED_TEXTS // n_texts
        wanted &= pc.field("text_hash") < f"{bound:0{_HASH_DIGITS}x}"
    texts: list[str] = lake.read(TEXTS, days, ("text",), filter=wanted)["text"].to_pylist()
    return [text[:MEASURED_CHARACTERS] for text in texts]


def _write(file: Path, choice: ModelChoice) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}-{uuid.uuid4().hex[:8]}")
    partial.write_text(json.dumps(asdict(choice), indent=1), encoding="utf-8")
    partial.replace(file)
