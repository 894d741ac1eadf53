"""Figures for people: bars of metrics and of blend weights, confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

MAX_CLASSES = 30


def metrics_figure(figures: Mapping[str, Mapping[str, float | None]], title: str) -> Figure:
    """Grouped bars: one group a metric, one colour a model or signal. `figures` is {who: {metric: value}}.

    A value of None, such as what needs categories where a shop has none, is no bar.
    """
    metrics = [name for name in next(iter(figures.values())) if name != "n_users"]
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(figures)
    for place, (who, values) in enumerate(figures.items()):
        heights = [np.nan if (value := values[name]) is None else value for name in metrics]
        axes.bar(np.arange(len(metrics)) + place * width, heights, width, label=who)
    axes.set_xticks(np.arange(len(metrics)) + 0.4 - width / 2, metrics)
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.legend()
    return figure


def weights_figure(weights: Mapping[str, float], title: str) -> Figure:
    """One bar a signal: how much the blend gives it."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(weights), list(weights.values()))
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_title(title)
    axes.margins(x=0.15)
    axes.invert_yaxis()
    return figure


def confusion_figure(confusion: npt.NDArray[np.int64], classes: Sequence[str], title: str) -> Figure:
    """Shares of each row: what is, against what was told; of many classes the most frequent ones."""
    frequent = np.sort(np.argsort(-confusion.sum(axis=1), kind="stable")[:MAX_CLASSES])
    shown = confusion[np.ix_(frequent, frequent)]
    names = [classes[place] for place in frequent]
    side = 2.5 + 0.35 * len(names)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shown / np.maximum(confusion.sum(axis=1)[frequent], 1)[:, None], cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(shown):
        if count:
            axes.text(column, row, f"{count}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("told")
    axes.set_ylabel("is")
    axes.set_title(title)
    return figure
