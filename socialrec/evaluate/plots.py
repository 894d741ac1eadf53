"""Figures for people: bars of metrics and of blend weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure


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
