"""Charts as SVG text that a page can hold."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from socialrec.display.visible import first_values, plot_label

BAR, RIVAL = "#2f6f8f", "#c9b458"
MAX_POINTS = 400
NAME_CHARS = 30
WIDTH = 4.2
"""Inches: as wide as a phone, so that letters keep their size there."""


def lines(series: Mapping[str, Mapping[str, int]]) -> str:
    """One panel a series, side by side: rows by day."""
    figure = _figure(1.7)
    panels = figure.subplots(1, len(series), squeeze=False)[0]
    for axes, (name, values) in zip(panels, series.items(), strict=True):
        axes.fill_between(range(len(values)), list(values.values()), color=BAR, alpha=0.35, linewidth=0)
        axes.plot(range(len(values)), list(values.values()), color=BAR, marker="." if len(values) < 3 else None)
        axes.set_title(plot_label(name), loc="left", fontsize=9)
        days = list(values)
        places = sorted({0, len(days) - 1})
        axes.set_xticks(places, [days[place] for place in places], fontsize=8)
        axes.tick_params(axis="y", labelsize=8)
        for label, side in zip(
            axes.get_xticklabels(), ("left", "right") if len(places) > 1 else ("center",), strict=True
        ):
            label.set_horizontalalignment(side)
        axes.set_ylim(bottom=0)
        _plain(axes)
    return _svg(figure)


def bars(values: Mapping[str, float], form: str) -> str:
    """One horizontal bar a name, with its value at its end, written as by `str.format`; of many names the first."""
    shown = first_values(values)
    figure = _figure(0.28 * len(shown) + 0.3)
    axes = figure.subplots()
    # By place, not by name: two names may be cut to the same label.
    drawn = axes.barh(range(len(shown)), [value for _, value in shown], color=BAR)
    axes.set_yticks(range(len(shown)), [plot_label(name, NAME_CHARS) for name, _ in shown])
    axes.bar_label(drawn, [form.format(value) for _, value in shown], padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xticks([])
    _plain(axes)
    return _svg(figure)


def pairs(ours: Mapping[str, float], theirs: Mapping[str, float], names: tuple[str, str]) -> str:
    """Two horizontal bars a metric: ours above a rival's."""
    figure = _figure(0.42 * len(ours) + 0.5)
    axes = figure.subplots()
    places = np.arange(len(ours))
    for offset, values, colour, name in ((-0.2, ours, BAR, names[0]), (0.2, theirs, RIVAL, names[1])):
        drawn = axes.barh(
            places + offset, [values[metric] for metric in ours], 0.38, color=colour, label=plot_label(name)
        )
        axes.bar_label(drawn, [f"{values[metric]:.3f}" for metric in ours], fontsize=8, padding=3)
    axes.set_yticks(places, [plot_label(metric.replace("_", " "), NAME_CHARS) for metric in ours])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xticks([])
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=2)
    _plain(axes)
    return _svg(figure)


def spread(counts: npt.NDArray[np.int64] | Sequence[int]) -> str:
    """Lists by product, most shown first."""
    figure = _figure(1.5)
    axes = figure.subplots()
    places = np.unique(np.linspace(0, max(len(counts) - 1, 0), MAX_POINTS).astype(int))[: len(counts)]
    axes.fill_between(places, np.asarray(counts)[places], color=BAR, alpha=0.35, linewidth=0)
    axes.set_xlabel("products, most shown first")
    axes.set_ylabel("lists")
    _plain(axes)
    return _svg(figure)


def _figure(height: float) -> Figure:
    return Figure(figsize=(WIDTH, height), layout="constrained")


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    with mpl.rc_context():
        # Ids in an SVG are random unless they are salted: the same night must give the same page.
        mpl.rcParams["svg.hashsalt"] = "socialrec"
        mpl.rcParams["svg.fonttype"] = "none"
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    content = text.getvalue()
    return content[content.index("<svg") :]
