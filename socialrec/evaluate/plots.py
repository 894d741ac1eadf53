"""Figures for people: bars of metrics and of blend weights, confusion matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

import matplotlib as mpl
import numpy as np
import scipy.sparse as sp
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names

from socialrec.display.visible import MOST_LABELS, and_more, first_values, plot_label

TITLE_CHARS = 120
CLASS_CHARS = 30
_OWN_FONT = "DejaVu Sans"
_EAST_ASIAN_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Micro Hei", "PingFang SC"),
    *("Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Arial Unicode MS"),
)
"""Families with Chinese signs, by system; matplotlib's own has none."""


@cache
def fonts() -> list[str]:
    """Families of fonts for plots: matplotlib's own, then the installed ones that have Chinese signs."""
    installed = set(get_font_names())
    return [_OWN_FONT, *(name for name in _EAST_ASIAN_FONTS if name in installed)]


@contextmanager
def _in_all_scripts() -> Iterator[None]:
    # Fonts are looked for at the first plot, not at the start of each job.
    with mpl.rc_context({"font.family": fonts()}):
        yield


@_in_all_scripts()
def metrics_figure(figures: Mapping[str, Mapping[str, float | None]], title: str) -> Figure:
    """Draw grouped bars: one group per metric, one colour per model or signal. `figures` is {model: {metric: value}}.

    A value of None, such as a metric of categories in a shop without them, has no bar.
    """
    metrics = [name for name in next(iter(figures.values())) if name != "n_users"]
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(figures)
    for place, (who, values) in enumerate(figures.items()):
        heights = [np.nan if (value := values[name]) is None else value for name in metrics]
        axes.bar(np.arange(len(metrics)) + place * width, heights, width, label=plot_label(who))
    axes.set_xticks(np.arange(len(metrics)) + 0.4 - width / 2, list(map(plot_label, metrics)))
    axes.set_ylim(bottom=0)
    axes.set_title(plot_label(title, TITLE_CHARS))
    axes.legend()
    return figure


@_in_all_scripts()
def weights_figure(weights: Mapping[str, float], title: str) -> Figure:
    """Draw one bar per signal: its weight in the blend."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    shown = first_values(weights)
    # By place, not by name: two names may be cut to the same label.
    bars = axes.barh(range(len(shown)), [weight for _, weight in shown])
    axes.set_yticks(range(len(shown)), [plot_label(name) for name, _ in shown])
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_title(plot_label(title, TITLE_CHARS))
    axes.margins(x=0.15)
    axes.invert_yaxis()
    return figure


@_in_all_scripts()
def confusion_figure(confusion: sp.csr_matrix, classes: Sequence[str], title: str) -> Figure:
    """Draw shares of each row, actual against predicted; of many classes the most frequent ones, the rest counted.

    confusion: counts, int64 (n_classes, n_classes).
    """
    totals = np.asarray(confusion.sum(axis=1)).ravel()
    frequent = np.sort(np.argsort(-totals, kind="stable")[:MOST_LABELS])
    shown = confusion[frequent][:, frequent].toarray()
    names = [plot_label(classes[place], CLASS_CHARS) for place in frequent]
    rest = f", {and_more(len(classes) - len(names))}" if len(classes) > len(names) else ""
    side = 2.5 + 0.35 * len(names)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shown / np.maximum(totals[frequent], 1)[:, None], cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(shown):
        if count:
            axes.text(column, row, f"{count}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.set_title(f"{plot_label(title, TITLE_CHARS)}{rest}")
    return figure
