"""Files of generators of phrasings: where they lie, and their versions. Without torch, whose import takes seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from socialrec.encoders.shipped.multilingual import file_sha256
from socialrec.errors import UserError

DOCUMENT = "generator.json"
SETTING = "answers.generator"
GGUF = ".gguf"
_HASH_CHARACTERS = 12


def model_place(setting: str) -> Path:
    """Check the path that `answers.generator` names, before anything of it is read. Raises UserError."""
    place = Path(setting).expanduser()
    if place.is_file():
        with place.open("rb") as opened:
            is_gguf = place.suffix == GGUF and opened.read(4) == b"GGUF"
        if not is_gguf:
            raise UserError(f"{SETTING} {setting!r} is no GGUF file: name one, or the folder of a causal model")
    elif not place.is_dir():
        raise UserError(f"{SETTING} {setting!r} does not exist: name a .gguf file or the folder of a causal model")
    elif not any(place.glob("*.safetensors")):
        raise UserError(f"{SETTING} {setting!r} holds no safetensors: other weights, such as pickles, are never loaded")
    return place


def generator_version(setting: str) -> str:
    """Name and hash of the model that `answers.generator` names; empty for none. Raises UserError on a wrong path."""
    if not setting:
        return ""
    place = model_place(setting)
    return version_of(place, sha256_of(place))


def saved_version(folder: Path) -> str:
    """Version of the model that `Generator.save` wrote; empty where there is none. Raises UserError on damage."""
    return read_document(folder)["base"] if (folder / DOCUMENT).is_file() else ""


def version_of(place: Path, sha256: str) -> str:
    """Name of a model's file or folder with the beginning of its hash."""
    return f"{place.stem if place.is_file() else place.name}-{sha256[:_HASH_CHARACTERS]}"


def sha256_of(place: Path) -> str:
    """Hash a file, or the names and contents of a folder's own files."""
    if place.is_file():
        return file_sha256(place)
    files = sorted(file for file in place.iterdir() if file.is_file())
    return hashlib.sha256("".join(f"{file.name} {file_sha256(file)}\n" for file in files).encode()).hexdigest()


def read_document(folder: Path) -> dict[str, str]:
    """Name and hash of a saved generator's model: `base` and `base_sha256`."""
    try:
        document: Mapping[str, Any] = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        return {name: str(document[name]) for name in ("base", "base_sha256")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{folder} is no saved generator: fetch it again ({error!r})") from None
