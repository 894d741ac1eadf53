"""Words that a model was trained to read in front of a text, by the part that the text plays in a search."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from socialrec.errors import UserError

FILE = "config_sentence_transformers.json"
DOCUMENT = "encoder.json"
"""File of a saved encoder that names its version, its base and the prompts of this."""
_PASSAGES = ("passage", "document", "corpus")
"""Names of the prompt of passages, the first that a model has, as in sentence-transformers' `encode_document`."""


class Role(StrEnum):
    """Part that a text plays."""

    QUERY = "query"
    """Question, and every text that is compared with others of its kind, or classified."""
    PASSAGE = "passage"
    """Text that answers questions."""


@dataclass(frozen=True)
class Prompts:
    """Prompt of each role; most models have none."""

    query: str = ""
    passage: str = ""

    def of(self, role: Role) -> str:
        """Prompt of a role."""
        return self.query if role is Role.QUERY else self.passage

    def version(self, version: str, role: Role) -> str:
        """Version of the vectors of a role, under an encoder's version: its own where the prompts differ."""
        return version if self.of(role) == self.query else f"{version}-{role.value}"


NO_PROMPTS = Prompts()
"""Prompts of most models."""


def read_prompts(folder: Path) -> Prompts:
    """Read the prompts that sentence-transformers wrote beside the weights. Raises ValueError where they are no texts.

    Where there is a default prompt but none for queries, that one is read before both.
    """
    file = folder / FILE
    said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    prompts = said.get("prompts") or {}
    if not all(isinstance(prompt, str) for prompt in prompts.values()):
        raise ValueError(f"{file} has prompts that are no texts")
    usual = prompts.get(said.get("default_prompt_name") or "", "")
    return Prompts(
        prompts.get(Role.QUERY.value, usual), next((prompts[name] for name in _PASSAGES if name in prompts), usual)
    )


def write_prompts(prompts: Prompts, folder: Path) -> None:
    """Write prompts as `read_prompts` and sentence-transformers read them; no file where there are none."""
    if prompts != NO_PROMPTS:
        said = {"prompts": {role.value: prompts.of(role) for role in Role}, "default_prompt_name": Role.QUERY.value}
        (folder / FILE).write_text(json.dumps(said, indent=1), encoding="utf-8")


def vectors_version(folder: Path, role: Role) -> str:
    """Version of the vectors that a saved encoder makes of texts in a role; UserError where the folder holds none."""
    try:
        said: dict[str, Any] = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        return Prompts(**said.get("prompts", {})).version(str(said["version"]), role)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder} is not a saved encoder: its {DOCUMENT} cannot be read ({error!r})") from None
