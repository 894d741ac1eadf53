"""Pictures among texts: a linear map from vectors of pictures to directions in the space of one text encoder.

It lies beside the text encoder, whose products' texts and pictures it was learned from (`text/training/alignment.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from socialrec.encoders.bulk import Vectors
from socialrec.errors import UserError

FILE = "picture_alignment.safetensors"
_VERSION = "picture_version"


@dataclass(frozen=True)
class PictureAlignment:
    """Map from the space of the picture encoder of this version: weights float32 (picture_dim, dim), bias float32
    (dim,).
    """

    picture_version: str
    weights: Vectors
    bias: Vectors

    def __post_init__(self) -> None:
        if self.weights.shape[1:] != self.bias.shape or not np.isfinite(self.bias).all():
            raise ValueError("weights and bias do not fit each other")

    def directions(self, pictures: Vectors) -> Vectors:
        """Directions of pictures (n, picture_dim) among texts, from the centre of products: float32 (n, dim), unit
        rows.
        """
        found = pictures @ self.weights + self.bias
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        directions: Vectors = found / np.maximum(lengths, np.finfo(np.float32).tiny)
        return directions

    def save(self, folder: Path) -> None:
        """Write the map beside a saved text encoder."""
        save_file({"weights": self.weights, "bias": self.bias}, folder / FILE, {_VERSION: self.picture_version})


def alignment_beside(folder: Path) -> PictureAlignment | None:
    """Load the map that was saved beside a text encoder; None where there is none. Raises UserError where it is
    damaged.
    """
    if not (folder / FILE).exists():
        return None
    try:
        with safe_open(folder / FILE, "numpy") as file:
            return PictureAlignment(file.metadata()[_VERSION], file.get_tensor("weights"), file.get_tensor("bias"))
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise UserError(
            f"{folder / FILE} cannot be read: {' '.join(str(error).split())[:200]}; delete the folder, so that it is "
            "fetched from MLflow again, or train again"
        ) from None


def digest_beside(folder: Path) -> str:
    """SHA-256 of the saved map; empty where there is none."""
    file = folder / FILE
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""
