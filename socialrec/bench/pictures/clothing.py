"""Photographs of clothing with their classes, as clothing-images has them: one zip, three parts, ten classes."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from socialrec.errors import UserError

ARCHIVE = "images_224.zip"


@dataclass(frozen=True)
class Photographs:
    """Pictures as they are stored, and the number of each one's class, int64 (n,)."""

    contents: Sequence[bytes]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.contents)


@dataclass(frozen=True)
class Clothing:
    """The parts of the data: choices are made on `validation`, `test` is read once."""

    classes: tuple[str, ...]
    train: Photographs
    validation: Photographs
    test: Photographs


def read_clothing(data: Path) -> Clothing:
    """Read all pictures of `<data>/clothing-images`, by name. Raises UserError where they are not there."""
    file = data / "clothing-images" / ARCHIVE
    if not file.exists():
        raise UserError(f"no {file}: --data names the folder that holds clothing-images/{ARCHIVE}")
    with zipfile.ZipFile(file) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = tuple(sorted({name.split("/")[1] for name in names}))

        def part(of: str) -> Photographs:
            own = [name for name in names if name.startswith(f"{of}/")]
            labels = np.array([classes.index(name.split("/")[1]) for name in own], dtype=np.int64)
            return Photographs([archive.read(name) for name in own], labels)

        return Clothing(classes, part("train"), part("validation"), part("test"))
