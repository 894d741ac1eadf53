"""Shapes of plots, in percent of their frame. The templates draw them, in the fonts and colours of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socialrec.display.visible import first_values, label

MAX_POINTS = 400
NAME_CHARS = 40
STEPS = (1, 1.5, 2, 3, 4, 6, 8, 10)
"""Ends of an axis, times a power of ten."""


@dataclass(frozen=True)
class Bar:
    """A value with its name; `share` is its length in percent of the longest bar."""

    name: str
    value: float
    share: float


@dataclass(frozen=True)
class Curve:
    """Counts along an axis from 0 to `top`, as `x,y` of an SVG whose box is 100 by 100, with y downwards."""

    points: str
    top: float


def bars(values: Mapping[str, float]) -> list[Bar]:
    """One bar a name; of many names the first, the last bar is the sum of the others."""
    shown = first_values(values)
    longest = max((value for _, value in shown), default=0)
    return [Bar(label(name, NAME_CHARS), value, share(value, longest)) for name, value in shown]


def pairs(ours: Mapping[str, float], theirs: Mapping[str, float]) -> list[tuple[Bar, Bar]]:
    """Two bars a metric, ours and a rival's, all of one scale."""
    longest = max([*ours.values(), *(theirs[name] for name in ours)], default=0)
    return [
        (Bar(name, value, share(value, longest)), Bar(name, theirs[name], share(theirs[name], longest)))
        for name, value in ours.items()
    ]


def curve(counts: npt.NDArray[np.int64] | Sequence[int]) -> Curve:
    """A curve through all counts, of many through `MAX_POINTS` of them with both ends; one count is a level line."""
    values = np.asarray(counts, dtype=float)
    if not len(values):
        return Curve("", 2)
    values = np.repeat(values, 2) if len(values) == 1 else values
    places = np.unique(np.linspace(0, len(values) - 1, MAX_POINTS).astype(int))
    top = round_up(float(values.max()))
    across, down = places / (len(values) - 1) * 100, 100 - values[places] / top * 100
    return Curve(" ".join(f"{x:.2f},{y:.2f}" for x, y in zip(across, down, strict=True)), top)


def share(value: float, longest: float) -> float:
    """Length of a bar in percent; nothing for a value below zero."""
    return round(min(max(value / longest, 0), 1) * 100, 1) if longest > 0 else 0.0


def round_up(value: float) -> float:
    """The end of an axis of counts up to this one: the next round number whose half is a count too."""
    power = 10.0 ** math.floor(math.log10(max(value, 1)))
    return next(end for step in (*STEPS, 20) if (end := step * power) >= value and end % 2 == 0)
