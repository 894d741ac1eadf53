"""Picture encoder: JPEG in, unit vectors out, under a version that identifies all that made them."""

from __future__ import annotations

import copy
import hashlib
import io
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from socialrec.encoders.bulk import Vectors
from socialrec.encoders.pictures.weights import PictureModel, Pixels, load_picture_model
from socialrec.encoders.precision import chosen_device, encoding_dtype
from socialrec.runtime.transfer import OnItsWay, to_device, to_host
from socialrec.settings.pictures import PictureSettings

if TYPE_CHECKING:
    import torch

CPU_BATCH = 8
"""Pictures at once on a CPU: their feature maps stay in its caches. Measured: 32 take twice as long each."""
GPU_BATCH = 256


@dataclass(frozen=True)
class PictureEncoder:
    """Vision model as one function from pictures to vectors. batch: pictures that are encoded at once.

    The network is in the number format in which the machine is fast; that and the batch are not part of the version.
    """

    model: PictureModel
    network: torch.nn.Module
    device: torch.device
    batch: int
    version: str

    def encode(self, contents: Sequence[bytes]) -> Vectors:
        """Encode pictures as unit vectors, float32 (n, dim). Equal pictures have equal vectors, in any order."""
        parts = [contents[start : start + self.batch] for start in range(0, len(contents), self.batch)]
        found = self._by_gpu(parts) if self.device.type == "cuda" else self._by_cpu(parts)
        return np.concatenate(found)[: len(contents)]

    def _by_cpu(self, parts: Sequence[Sequence[bytes]]) -> list[Vectors]:
        """Encode each part on one thread, as many at a time as torch may use: they never wait for each other."""
        import torch

        n_threads = torch.get_num_threads()

        def encode(part: Sequence[bytes]) -> Vectors:
            return self._vectors(self._stacked([self._pixels(content) for content in part])).array()

        try:
            with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                return list(pool.map(encode, parts))
        finally:
            torch.set_num_threads(n_threads)

    def _by_gpu(self, parts: Sequence[Sequence[bytes]]) -> list[Vectors]:
        """Encode part by part, while other threads decode the next one."""
        found = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            ahead = [pool.map(self._pixels, part) for part in parts[:1]]
            for number in range(len(parts)):
                ahead += [pool.map(self._pixels, part) for part in parts[number + 1 : number + 2]]
                found.append(self._vectors(self._stacked(list(ahead.pop(0)))))
        return [vectors.array() for vectors in found]

    def _vectors(self, pixels: Pixels) -> OnItsWay:
        import torch

        with torch.inference_mode():
            vectors: torch.Tensor = self.network(to_device(torch.from_numpy(pixels), self.device))
            return to_host(torch.nn.functional.normalize(vectors.float(), dim=1))

    def _pixels(self, content: bytes) -> Pixels:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            return self.model.prepare(image)

    def _stacked(self, pixels: Sequence[Pixels]) -> Pixels:
        # All parts have one size, because a picture's last digits may depend on it.
        black = [np.zeros_like(pixels[0])] * (self.batch - len(pixels))
        return np.stack([*pixels, *black])


def channels_last(network: torch.nn.Module) -> torch.nn.Module:
    """Lay the network's weights out with the channels last, in place: convolutions are faster so."""
    import torch

    # Torch's types lack this argument.
    return network.to(memory_format=torch.channels_last)  # type: ignore[no-any-return,call-overload]


def load_picture_encoder(settings: PictureSettings, base: Path) -> PictureEncoder:
    """Load the encoder of the settings. base: folder of converted weights, `<home>/models/base`.

    Raises UserError where it cannot be used, or there is no GPU and the settings ask for one.
    """
    return picture_encoder(load_picture_model(settings.model, base), settings)


def picture_encoder(model: PictureModel, settings: PictureSettings) -> PictureEncoder:
    """Prepare a model for encoding on the settings' device. Raises UserError where they ask for a GPU, and there is
    none.
    """
    import torch

    device = chosen_device(settings.device, "pictures.device")
    network = copy.deepcopy(model.network).to(device, encoding_dtype(settings.precision, device)).eval()
    network = channels_last(network)
    batch = settings.batch or (GPU_BATCH if device == "cuda" else CPU_BATCH)
    stem = re.sub(r"[^a-z0-9]+", "-", Path(model.name).name.lower()).strip("-")
    version = f"{stem}-{hashlib.sha256(model.sha256.encode()).hexdigest()[:12]}"
    return PictureEncoder(model, network, torch.device(device), batch, version)
