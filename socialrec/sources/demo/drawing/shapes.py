"""Shapes of products by category, as polygons in about the square from -1 to 1; y points down."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

Point = tuple[float, float]


class Tone(IntEnum):
    """Place of a part's colour in its look: main and second, which are patterned, edges, and light parts."""

    MAIN = 0
    SECOND = 1
    DARK = 2
    LIGHT = 3


@dataclass(frozen=True)
class Part:
    """Polygon of one tone."""

    points: tuple[Point, ...]
    tone: Tone = Tone.MAIN


Shape = tuple[Part, ...]


def _box(left: float, top: float, right: float, bottom: float, tone: Tone = Tone.MAIN) -> Part:
    return Part(((left, top), (right, top), (right, bottom), (left, bottom)), tone)


def _poly(*points: Point, tone: Tone = Tone.MAIN) -> Part:
    return Part(points, tone)


def _disc(x: float, y: float, across: float, high: float | None = None, tone: Tone = Tone.MAIN) -> Part:
    return Part(tuple(_arc((x, y), across, high or across, 0, 360)), tone)


def _dome(x: float, y: float, across: float, high: float, tone: Tone = Tone.MAIN) -> Part:
    return Part(tuple(_arc((x, y), across, high, 180, 360)), tone)


def _bow(middle: Point, across: float, high: float, width: float, tone: Tone = Tone.MAIN) -> Part:
    """Half a ring, open below."""
    inner = list(_arc(middle, across - width, high - width, 180, 360))
    return Part((*_arc(middle, across, high, 180, 360), *reversed(inner)), tone)


def _arc(middle: Point, across: float, high: float, start: int, end: int) -> Iterator[Point]:
    for degrees in range(start, end + 1, 15):
        angle = math.radians(degrees)
        yield middle[0] + across * math.cos(angle), middle[1] + high * math.sin(angle)


_D, _L, _S = Tone.DARK, Tone.LIGHT, Tone.SECOND
_LAMP = (_box(-0.05, -0.4, 0.05, 0.85, _D), _disc(0, 0.88, 0.38, 0.1, _S))
_LEGS = tuple(_box(x, 0.2, x + 0.1, 0.9, _D) for x in (-0.5, 0.4))

SHAPES: Mapping[str, tuple[Shape, ...]] = {
    "lighting": (
        (*_LAMP, _poly((-0.28, -0.95), (0.28, -0.95), (0.5, -0.35), (-0.5, -0.35))),
        (_box(-0.03, -1, 0.03, -0.2, _D), _dome(0, 0.35, 0.75, 0.6), _disc(0, 0.4, 0.18, tone=_L)),
        (*_LAMP, _disc(0, -0.5, 0.45), _disc(0, -0.5, 0.2, tone=_L)),
    ),
    "furniture": (
        (_box(-0.6, -0.9, -0.4, 0.3), _box(-0.6, 0.05, 0.6, 0.3, _S), *_LEGS),
        (_box(-0.6, -0.95, 0.6, 0.95), *(_box(-0.5, y, 0.5, y + 0.4, _D) for y in (-0.85, -0.3, 0.25))),
        (_box(-0.95, -0.2, 0.95, 0), _box(-0.85, 0, -0.7, 0.8, _S), _box(0.7, 0, 0.85, 0.8, _S)),
    ),
    "kitchen": (
        (_disc(-0.25, 0, 0.62), _disc(-0.25, 0, 0.48, tone=_D), _box(0.3, -0.08, 1, 0.08, _S)),
        (
            _poly((0.4, 0.2), (0.95, -0.35), (0.85, -0.45), (0.3, -0.1), tone=_S),
            _bow((-0.5, 0.2), 0.4, 0.4, 0.1, _D),
            *(_disc(0, 0.2, 0.6, 0.5), _box(-0.3, -0.32, 0.3, -0.22, _S), _disc(0, -0.4, 0.1, tone=_D)),
        ),
        (_poly((-0.95, -0.15), (0.3, -0.15), (0.3, 0.2), (-0.6, 0.2), tone=_L), _box(0.3, -0.13, 0.95, 0.13)),
    ),
    "garden": (
        (
            *(_disc(x, y, 0.2, 0.32, _S) for x, y in ((-0.3, -0.4), (0.3, -0.4), (0, -0.62))),
            *(_box(-0.04, -0.4, 0.04, 0.1, _D), _poly((-0.55, 0.05), (0.55, 0.05), (0.38, 0.9), (-0.38, 0.9))),
        ),
        (
            *(_box(-0.5, -0.2, 0.3, 0.7), _poly((0.3, 0.4), (0.3, 0.2), (0.85, -0.5), (0.95, -0.4), tone=_S)),
            *(_bow((-0.1, -0.2), 0.4, 0.5, 0.1, _D), _disc(0.92, -0.48, 0.14, tone=_D)),
        ),
        (_box(-0.09, -1, 0.09, 0.1, _S), _poly((-0.3, 0.05), (0.3, 0.05), (0.25, 0.6), (0, 0.95), (-0.25, 0.6))),
    ),
    "audio": (
        (_box(-0.5, -0.9, 0.5, 0.9), _disc(0, 0.35, 0.36, tone=_D), _disc(0, -0.45, 0.2, tone=_D)),
        (_bow((0, 0.25), 0.75, 0.95, 0.14, _S), _disc(-0.68, 0.35, 0.26, 0.38), _disc(0.68, 0.35, 0.26, 0.38)),
        (
            *(_box(-0.9, -0.65, 0.9, 0.65), _disc(-0.2, 0, 0.52, tone=_D), _disc(-0.2, 0, 0.16, tone=_S)),
            _box(0.6, -0.5, 0.68, 0.3, _L),
        ),
    ),
    "cycling": (
        (
            *(_dome(0, 0.35, 0.85, 0.95), _box(-0.9, 0.35, 0.9, 0.48, _S)),
            *(_poly((x, 0.15), (x + 0.12, -0.4), (x + 0.22, 0.15), tone=_D) for x in (-0.55, -0.12, 0.3)),
        ),
        (
            *(_disc(0, 0, 0.9), _disc(0, 0, 0.74, tone=_L), _box(-0.74, -0.03, 0.74, 0.03, _D)),
            *(_box(-0.03, -0.74, 0.03, 0.74, _D), _disc(0, 0, 0.16, tone=_S)),
        ),
        (
            *(_disc(0, 0, 0.6), _disc(0, -0.05, 0.2, tone=_S)),
            *(_box(-0.8, 0.58, 0.8, 0.75, _D), _box(0.5, -0.1, 0.95, 0, _D)),
        ),
    ),
    "camping": (
        (_poly((0, -0.8), (0.95, 0.75), (-0.95, 0.75)), _poly((0, -0.3), (0.32, 0.75), (-0.32, 0.75), tone=_D)),
        (_disc(0, -0.55, 0.4, 0.4, _S), _poly((-0.42, -0.6), (0.42, -0.6), (0.3, 0.95), (-0.3, 0.95))),
        (
            *(_poly((-0.9, -0.75), (0.9, -0.45), (0.75, -0.2), (-0.75, -0.5)), _box(-0.8, -0.6, -0.74, 0.9, _D)),
            *(_box(0.74, -0.4, 0.8, 0.9, _D), _poly((-0.3, 0.9), (0, 0.5), (0.3, 0.9), tone=_S)),
        ),
    ),
    "clothing": (
        (
            _poly(
                *((-0.35, -0.75), (0.35, -0.75), (0.95, -0.25), (0.7, 0.05), (0.45, -0.15), (0.45, 0.9), (-0.45, 0.9)),
                *((-0.45, -0.15), (-0.7, 0.05), (-0.95, -0.25)),
            ),
            _disc(0, -0.75, 0.2, 0.12, _D),
        ),
        (
            _poly((-0.45, -0.9), (0.45, -0.9), (0.55, 0.95), (0.12, 0.95), (0, -0.2), (-0.12, 0.95), (-0.55, 0.95)),
            _box(-0.45, -0.9, 0.45, -0.76, _S),
        ),
        (
            *(_bow((0, -0.1), 0.5, 0.7, 0.22), _box(-0.5, -0.1, -0.2, 0.9), _box(0.22, -0.1, 0.5, 0.55, _S)),
            _box(-0.5, 0.8, -0.2, 0.95, _D),
        ),
    ),
    "books": (
        (_box(-0.6, -0.85, 0.6, 0.85), _box(-0.6, -0.85, -0.45, 0.85, _D), _box(-0.25, -0.55, 0.45, -0.25, _L)),
        (
            _poly((0, -0.35), (0.95, -0.5), (0.95, 0.45), (0, 0.6), tone=_L),
            _poly((0, 0.6), (0.95, 0.45), (0.95, 0.58), (0, 0.72)),
            _poly((0, -0.35), (-0.95, -0.5), (-0.95, 0.45), (0, 0.6), tone=_L),
            _poly((0, 0.6), (-0.95, 0.45), (-0.95, 0.58), (0, 0.72), tone=_S),
        ),
        (
            *(_box(-0.8, 0.4, 0.7, 0.75), _box(-0.65, 0, 0.8, 0.38, _S), _box(-0.75, -0.4, 0.6, -0.02)),
            *(_box(-0.8 + x, y, -0.68 + x, y + 0.35, _D) for x, y in ((0, 0.4), (0.15, 0.01), (0.05, -0.39))),
        ),
    ),
    "games": (
        (
            _box(-0.8, -0.8, 0.8, 0.8),
            *(
                _box(-0.7 + 0.35 * x, -0.7 + 0.35 * y, -0.35 + 0.35 * x, -0.35 + 0.35 * y, _D if (x + y) % 2 else _L)
                for x in range(4)
                for y in range(4)
            ),
        ),
        (
            _box(-0.65, -0.65, 0.65, 0.65),
            *(_disc(x, y, 0.13, tone=_L) for x in (-0.35, 0.35) for y in (-0.35, 0, 0.35)),
        ),
        (
            _poly((-0.8, -0.5), (-0.15, -0.75), (0.25, 0.4), (-0.4, 0.65), tone=_S),
            *(_poly((-0.1, -0.7), (0.6, -0.7), (0.6, 0.55), (-0.1, 0.55)), _disc(0.25, -0.08, 0.18, 0.26, _L)),
        ),
    ),
    "beauty": (
        (_box(-0.4, -0.3, 0.4, 0.9), _box(-0.14, -0.6, 0.14, -0.3, _D), _box(-0.24, -0.9, 0.24, -0.6, _S)),
        (_box(-0.7, -0.15, 0.7, 0.65), _box(-0.76, -0.45, 0.76, -0.15, _S), _box(-0.35, 0.1, 0.35, 0.4, _L)),
        (
            *(_poly((-0.2, -0.15), (0.2, -0.6), (0.2, -0.15), tone=_S), _box(-0.2, -0.15, 0.2, 0.15, _L)),
            _box(-0.26, 0.15, 0.26, 0.95),
        ),
    ),
    "pets": (
        (
            *(_poly((-0.6, -0.1), (0.6, -0.1), (0.9, 0.6), (-0.9, 0.6)), _disc(0, -0.1, 0.6, 0.15, _D)),
            *(_box(-0.3, 0.2, 0.3, 0.32, _L), *(_disc(x, y, 0.1, tone=_L) for x in (-0.32, 0.32) for y in (0.2, 0.32))),
        ),
        (
            *(_box(-0.1, -0.7, 0.1, 0.8, _S), _box(-0.6, -0.85, 0.6, -0.65), _box(0, -0.1, 0.75, 0.08)),
            _box(-0.75, 0.78, 0.75, 0.95, _D),
        ),
        (
            _disc(0, 0.3, 0.45, 0.38),
            *(_disc(x, y, 0.17, 0.22) for x, y in ((-0.55, -0.15), (-0.2, -0.45), (0.2, -0.45), (0.55, -0.15))),
        ),
    ),
}  # fmt: skip
"""Shapes by category; a noun's place chooses among them."""
