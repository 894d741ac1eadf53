"""Looks of products by style: colours and a pattern."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]
Colours = tuple[Colour, Colour, Colour, Colour]
"""Colours by `Tone`."""
Pattern = Callable[[ImageDraw, np.random.Generator, int, Colours], None]
"""Painter of a pattern on a canvas of so many pixels across."""


@dataclass(frozen=True)
class StyleLook:
    """Look of a style: the colours that it comes in, and its pattern if it has one."""

    colours: tuple[Colours, ...]
    pattern: Pattern | None


def _stripes(canvas: ImageDraw, rng: np.random.Generator, across: int, colours: Colours) -> None:
    step = int(rng.integers(across // 24, across // 14))
    for y in range(int(rng.integers(step)), across, 2 * step):
        canvas.rectangle((0, y, across, y + step // 2), fill=colours[1])


def _patches(canvas: ImageDraw, rng: np.random.Generator, across: int, colours: Colours) -> None:
    for x, y, size in zip(*rng.integers(0, across, (2, 70)), rng.integers(across // 40, across // 12, 70), strict=True):
        canvas.polygon(
            ((x, y), (x + size, y + size // 3), (x + size // 2, y + size), (x - size // 2, y + size // 2)),
            fill=colours[int(size) % 2 + 1],
        )


def _dots(canvas: ImageDraw, rng: np.random.Generator, across: int, _: Colours) -> None:
    step = int(rng.integers(across // 16, across // 10))
    for number, (x, y) in enumerate((x, y) for x in range(0, across, step) for y in range(0, across, step)):
        canvas.ellipse((x, y, x + step // 2, y + step // 2), fill=_BRIGHT[number * 7 % len(_BRIGHT)])


def _veins(canvas: ImageDraw, rng: np.random.Generator, across: int, _: Colours) -> None:
    for start, end in rng.integers(-across, 2 * across, (14, 2)).tolist():
        canvas.line(((start, 0), ((start + end) // 2, across // 2), (end, across)), fill=_GOLD, width=across // 110)


def _grain(canvas: ImageDraw, rng: np.random.Generator, across: int, colours: Colours) -> None:
    step, phase = across // 22, rng.random() * 6.3
    for x in range(-step, across + step, step):
        line = [(x + step * 0.8 * math.sin(phase + y / across * 9 + x / 90), y) for y in range(0, across, across // 14)]
        canvas.line(line, fill=colours[1], width=across // 90)


_GOLD: Colour = (212, 175, 85)
_BRIGHT: tuple[Colour, ...] = ((255, 221, 51), (46, 196, 220), (255, 105, 160), (120, 210, 80), (255, 255, 255))
_WHITE: Colour = (250, 248, 240)

LOOKS: Mapping[str, StyleLook] = {
    "minimal": StyleLook(
        (
            ((226, 224, 219), (196, 193, 187), (120, 120, 120), _WHITE),
            ((203, 196, 184), (228, 222, 212), (104, 100, 94), _WHITE),
            ((168, 174, 178), (206, 210, 212), (88, 92, 96), _WHITE),
        ),
        None,
    ),
    "vintage": StyleLook(
        (
            ((150, 98, 58), (196, 152, 92), (76, 48, 30), (240, 222, 184)),
            ((170, 120, 40), (110, 70, 42), (70, 50, 28), (238, 220, 178)),
            ((104, 128, 122), (160, 120, 74), (62, 56, 46), (236, 218, 180)),
        ),
        _stripes,
    ),
    "rugged": StyleLook(
        (
            ((92, 98, 62), (62, 66, 44), (40, 42, 36), (170, 164, 132)),
            ((96, 94, 88), (128, 110, 76), (44, 44, 44), (176, 172, 160)),
            ((134, 118, 82), (90, 92, 66), (52, 48, 38), (190, 180, 150)),
        ),
        _patches,
    ),
    "playful": StyleLook(
        (
            ((236, 70, 90), (60, 150, 230), (80, 50, 140), _WHITE),
            ((80, 110, 230), (250, 160, 40), (60, 40, 120), _WHITE),
            ((250, 140, 40), (230, 80, 170), (120, 40, 110), _WHITE),
        ),
        _dots,
    ),
    "luxury": StyleLook(
        (
            ((36, 34, 42), (74, 66, 60), _GOLD, (236, 226, 200)),
            ((232, 230, 228), (54, 50, 56), _GOLD, (252, 248, 236)),
            ((92, 24, 44), (44, 26, 34), _GOLD, (240, 228, 200)),
        ),
        _veins,
    ),
    "eco": StyleLook(
        (
            ((118, 158, 92), (84, 122, 66), (88, 70, 46), (226, 222, 196)),
            ((200, 172, 124), (166, 134, 88), (96, 116, 66), (234, 228, 204)),
            ((150, 170, 120), (190, 160, 110), (80, 74, 50), (230, 226, 200)),
        ),
        _grain,
    ),
}
"""Looks by style."""

STUDIO = StyleLook(
    (
        ((176, 176, 176), (148, 148, 148), (84, 84, 84), (226, 226, 226)),
        ((140, 140, 140), (178, 178, 178), (66, 66, 66), (216, 216, 216)),
    ),
    None,
)
"""Look of grey photographs, which do not tell a style."""
