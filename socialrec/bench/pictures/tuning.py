"""Full fine-tuning of EfficientNet-lite0 on labelled pictures, with augmentation, on one core in minutes.

Most epochs see small pictures, the last ones larger ones (Touvron et al. 2019, "Fixing the train-test resolution
discrepancy"). The first blocks, which find edges and textures, stay as they are. What is kept is the exponential mean
of the weights (Polyak and Juditsky 1992), and a picture is read together with its mirror image.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageEnhance
from torch.nn import functional

from socialrec.bench.pictures.clothing import Photographs
from socialrec.bench.progress import to_standard_error
from socialrec.encoders.pictures.efficientnet_lite import CHANNELS, EfficientNetLite0, normalised
from socialrec.encoders.pictures.encoder import channels_last

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TuningRecipe:
    """Choices of the training, made on validation.

    phases: pairs of a side in pixels and a number of epochs. fixed_blocks: blocks that are not trained.
    """

    phases: tuple[tuple[int, int], ...] = ((160, 8), (208, 1))
    fixed_blocks: int = 5
    batch: int = 32
    learning_rate: float = 5e-4
    head_rate: float = 5e-3
    weight_decay: float = 0.02
    smoothing: float = 0.1
    ema: float = 0.99
    warmup_share: float = 0.1
    dropout: float = 0.2
    read_side: int = 224
    seed: int = 20260107


class PictureTuning:
    """A training under way: its network, the mean of its weights, and the place in its schedule."""

    def __init__(self, network: EfficientNetLite0, n_pictures: int, n_classes: int, recipe: TuningRecipe) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.step = recipe, 0
        self.sides = [side for side, n_epochs in recipe.phases for _ in range(n_epochs)]
        self.n_steps = n_pictures // recipe.batch * len(self.sides)
        self.rng = np.random.default_rng(recipe.seed)
        self.network = copy.deepcopy(network)
        self.network.fc = torch.nn.Linear(CHANNELS, n_classes)
        torch.nn.init.zeros_(self.network.fc.weight)
        channels_last(self.network).train()
        for module in (self.network.conv_stem, self.network.bn0, *self.network.blocks[: recipe.fixed_blocks]):
            module.requires_grad_(False).eval()
        self.mean = copy.deepcopy(self.network).eval()
        head = list(self.network.fc.parameters())
        body = [p for p in self.network.parameters() if p.requires_grad and all(p is not own for own in head)]
        self.rates = (recipe.learning_rate, recipe.head_rate)
        self.optimizer = torch.optim.AdamW([{"params": body}, {"params": head}], weight_decay=recipe.weight_decay)

    def run_epoch(self, pictures: Photographs, side: int) -> float:
        """Learn from every picture once, in this size; returns the mean loss."""
        losses = []
        for pixels, labels in _batches(pictures, side, self.recipe.batch, self.rng):
            features = functional.dropout(self.network(pixels), self.recipe.dropout)
            loss = functional.cross_entropy(self.network.fc(features), labels, label_smoothing=self.recipe.smoothing)
            self.optimizer.zero_grad()
            loss.backward()
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * self._share()
            self.optimizer.step()
            self._follow()
            losses.append(loss.item())
            self.step += 1
        return float(np.mean(losses))

    def _share(self) -> float:
        """Share of the learning rate: a linear rise, then half a cosine (Loshchilov and Hutter 2017)."""
        n_warm = max(1, round(self.recipe.warmup_share * self.n_steps))
        if self.step < n_warm:
            return (self.step + 1) / n_warm
        return 0.5 + 0.5 * float(np.cos(np.pi * (self.step - n_warm) / max(1, self.n_steps - n_warm)))

    @torch.no_grad()
    def _follow(self) -> None:
        decay, own = min(self.recipe.ema, (1 + self.step) / (10 + self.step)), self.network.state_dict()
        for name, value in self.mean.state_dict().items():
            if value.is_floating_point():
                value.lerp_(own[name], 1 - decay)


def tune(network: EfficientNetLite0, pictures: Photographs, n_classes: int, recipe: TuningRecipe) -> EfficientNetLite0:
    """Train a copy of the network with a new head; returns the mean of its weights, for reading."""
    tuning = PictureTuning(network, len(pictures), n_classes, recipe)
    for number, side in enumerate(tuning.sides, 1):
        loss = tuning.run_epoch(pictures, side)
        to_standard_error(f"tuning, epoch {number} of {len(tuning.sides)}, {side} pixels: loss {loss:.3f}")
    return tuning.mean


def read_classes(network: EfficientNetLite0, contents: Sequence[bytes], side: int) -> Scores:
    """Scores of the classes, float32 (n, classes): the mean over each picture and its mirror image."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(contents), 16):
            images = [_resized(_opened(content), side) for content in contents[start : start + 16]]
            pixels = _pixels(images)
            found.append((network.fc(network(pixels)) + network.fc(network(pixels.flip(-1)))) / 2)
    return np.asarray(torch.cat(found).numpy())


def accuracy(network: EfficientNetLite0, pictures: Photographs, side: int) -> float:
    """Share of the pictures whose class has the highest score."""
    return float((read_classes(network, pictures.contents, side).argmax(axis=1) == pictures.labels).mean())


def _batches(
    pictures: Photographs, side: int, batch: int, rng: np.random.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    order = rng.permutation(len(pictures))
    for start in range(0, len(order) - batch + 1, batch):
        places = order[start : start + batch]
        images = [_augmented(_opened(pictures.contents[place]), side, rng) for place in places]
        yield _pixels(images), torch.from_numpy(pictures.labels[places])


def _augmented(image: Image.Image, side: int, rng: np.random.Generator) -> Image.Image:
    """A part of the picture of random size and shape, mirrored half of the time, in other light."""
    width, height = image.size
    share, shape = rng.uniform(0.35, 1.0), np.exp(rng.uniform(-0.28, 0.28))
    part_width = min(width, round(np.sqrt(width * height * share) * shape))
    part_height = min(height, round(np.sqrt(width * height * share) / shape))
    left, top = rng.integers(0, width - part_width + 1), rng.integers(0, height - part_height + 1)
    box = (int(left), int(top), int(left) + part_width, int(top) + part_height)
    image = image.resize((side, side), Image.Resampling.BICUBIC, box=box)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(0.7, 1.3))
    return image


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def _resized(image: Image.Image, side: int) -> Image.Image:
    return image if image.size == (side, side) else image.resize((side, side), Image.Resampling.BICUBIC)


def _pixels(images: Sequence[Image.Image]) -> torch.Tensor:
    stacked = torch.from_numpy(np.stack([np.asarray(image) for image in images])).permute(0, 3, 1, 2)
    return normalised(stacked).to(memory_format=torch.channels_last)
