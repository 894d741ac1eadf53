"""Speed of encoding pictures, beside a plain loop over batches of 32 with the same network."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from socialrec.bench.progress import to_standard_error
from socialrec.encoders.bulk import Vectors
from socialrec.encoders.pictures.efficientnet_lite import EfficientNetLite0, normalised
from socialrec.encoders.pictures.encoder import PictureEncoder

PEER = "plain-pytorch-loop"
"""The same network as its authors write it, in float32, without any preparation for reading."""
PEER_BATCH = 32


@dataclass(frozen=True)
class Speed:
    """Pictures a second of both, and how many times faster ours is, by the clock and by processor time."""

    ours: float
    peer: float
    ratio: float
    ratio_cpu: float


def measure_speed(contents: Sequence[bytes], encoder: PictureEncoder, network: EfficientNetLite0, rounds: int) -> Speed:
    """Encode the pictures with both in turn, from JPEG to vectors, and take medians."""
    sides: tuple[Callable[[Sequence[bytes]], Vectors], ...] = (encoder.encode, _loop(network))
    for encode in sides:
        encode(contents[:PEER_BATCH])
    taken = []
    for number in range(rounds):
        own, peer = (_timed(encode, contents) for encode in sides)
        taken.append((own, peer))
        to_standard_error(f"round {number + 1} of encoding: {own[0]:.1f} s, peer {peer[0]:.1f} s")
    wall = [statistics.median(times[side][0] for times in taken) for side in (0, 1)]
    by_clock, by_cpu = (statistics.median(peer[k] / own[k] for own, peer in taken) for k in (0, 1))
    return Speed(len(contents) / wall[0], len(contents) / wall[1], by_clock, by_cpu)


def _loop(network: EfficientNetLite0) -> Callable[[Sequence[bytes]], Vectors]:
    def encode(contents: Sequence[bytes]) -> Vectors:
        found = []
        with torch.inference_mode():
            for start in range(0, len(contents), PEER_BATCH):
                images = (Image.open(io.BytesIO(one)).convert("RGB") for one in contents[start : start + PEER_BATCH])
                sized = [np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC)) for image in images]
                found.append(network(normalised(torch.from_numpy(np.stack(sized)).permute(0, 3, 1, 2).contiguous())))
        return np.asarray(torch.cat(found).numpy())

    return encode


def _timed(encode: Callable[[Sequence[bytes]], Vectors], contents: Sequence[bytes]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    encode(contents)
    return time.perf_counter() - wall, time.process_time() - cpu
