"""Pictures: JPEGs per second from their bytes to vectors, beside a plain loop with the same network."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch

from socialrec.bench.gpu.part import Figures, PartResult, Setup, seconds_of
from socialrec.encoders.bulk import Vectors
from socialrec.settings.pictures import PictureSettings
from socialrec.settings.text import Device, Precision

PILLOW = "PIL"
N_PICTURES, N_SMALL = 8_192, 24
DIFFERENT = 64
"""Pictures that differ; they are repeated, so that little time goes to making them."""
EDGE = 400
COMPARED = 8
PEER = "plain loop"


def run(setup: Setup) -> PartResult:
    """Encode with a network of random weights; `least_cosine` compares with float32 on the processor."""
    if not find_spec(PILLOW):
        return PartResult({"not_measured": f"{PILLOW} is not installed, and pictures are decoded by it"})
    from socialrec.encoders.pictures.efficientnet_lite import SIDE, EfficientNetLite0, LiteVectors, folded
    from socialrec.encoders.pictures.encoder import picture_encoder
    from socialrec.encoders.pictures.weights import PictureModel, padded_pixels

    torch.manual_seed(7)
    network = EfficientNetLite0().eval()
    prepare = partial(padded_pixels, side=SIDE)
    model = PictureModel("random", LiteVectors(folded(network)), prepare, "0" * 64)
    encoder = picture_encoder(model, PictureSettings(device=setup.device))
    contents = jpegs(N_SMALL if setup.is_small else N_PICTURES)
    first = seconds_of(lambda: encoder.encode(contents[: encoder.batch]), setup.device_name)
    seconds = seconds_of(lambda: encoder.encode(contents), setup.device_name)
    exact = picture_encoder(model, PictureSettings(device=Device.CPU, precision=Precision.FLOAT32))
    alike = np.sum(encoder.encode(contents[:COMPARED]) * exact.encode(contents[:COMPARED]), axis=1)
    result = PartResult(
        {
            "pictures_per_second": round(len(contents) / seconds, 1),
            "first_seconds": round(first, 3),
            "batch": encoder.batch,
            "least_cosine": round(float(alike.min()), 5),
        }
    )
    result.beside(PEER, PILLOW, partial(_peer, LiteVectors(network), contents[: len(contents) // 4], setup))
    result.compare("ratio_pictures", "pictures_per_second", PEER, "pictures_per_second")
    return result


def jpegs(n: int) -> list[bytes]:
    """Make JPEGs of smooth patterns, the same ones each time."""
    from PIL import Image

    made, rng = [], np.random.default_rng(7)
    for _ in range(min(n, DIFFERENT)):
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        opened = io.BytesIO()
        coarse.resize((EDGE, EDGE), Image.Resampling.BICUBIC).save(opened, "JPEG")
        made.append(opened.getvalue())
    return [made[number % len(made)] for number in range(n)]


def _peer(network: torch.nn.Module, contents: Sequence[bytes], setup: Setup) -> Figures:
    """One process decodes and encodes batch after batch, in float16 on a GPU, in float32 on a processor."""
    from PIL import Image

    is_gpu = setup.device_name == "cuda"
    network = network.to(setup.device_name, torch.float16 if is_gpu else torch.float32)

    def encode(batch: int) -> list[Vectors]:
        found = []
        with torch.inference_mode():
            for start in range(0, len(contents), batch):
                opened = (Image.open(io.BytesIO(one)).convert("RGB") for one in contents[start : start + batch])
                sized = [np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC)) for image in opened]
                pixels = torch.from_numpy(np.stack(sized)).permute(0, 3, 1, 2).contiguous().to(setup.device_name)
                found.append(network(pixels).float().cpu().numpy())
        return found

    rates = {}
    for batch in (32, 256) if is_gpu else (32,):
        encode(batch)
        rates[batch] = len(contents) / seconds_of(partial(encode, batch), setup.device_name)
    best = max(rates, key=lambda batch: rates[batch])
    return {"pictures_per_second": round(rates[best], 1), "batch": best}
