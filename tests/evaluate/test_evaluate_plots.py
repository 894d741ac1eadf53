"""Figures for people."""

from __future__ import annotations

import io
import math
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.figure import Figure

from socialrec.evaluate.plots import confusion_figure, fonts, metrics_figure, weights_figure

ODD = (r"$\frac{$", "$x$", "\ud800", "", "x" * 10_000, "\x1b[31m", "赤", "\\$")


def texts(figure: Figure) -> list[str]:
    """Draw a figure as a training does, and return its tick labels and titles."""
    figure.savefig(io.BytesIO(), format="png")
    [axes] = figure.axes
    return [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.title)]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_from_outside_are_drawn_as_they_are_however_odd() -> None:
    found = texts(confusion_figure(sp.eye(len(ODD), dtype=np.int64, format="csr"), ODD, r"topic $\frac{$"))
    assert {r"\$\frac{\$", r"\$x\$", r"\ud800", "(empty)", "x" * 29 + "…", r"\x1b[31m", "赤"} <= set(found)
    assert "(empty)" in texts(weights_figure(dict.fromkeys(ODD, 0.5), "$"))
    texts(metrics_figure({name: {"ndcg_$": 0.5} for name in ODD}, "$"))


@pytest.mark.skipif(len(fonts()) == 1, reason="no font with Chinese signs is installed")
def test_chinese_names_are_drawn_where_a_font_has_their_signs() -> None:
    figure = confusion_figure(sp.csr_matrix(np.eye(2, dtype=np.int64)), ["骑行", "音乐"], "类别")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(io.BytesIO())


def test_of_ten_thousand_classes_the_most_frequent_are_drawn_and_the_rest_is_counted() -> None:
    names = [f"topic {number}" for number in range(10_000)]
    found = texts(confusion_figure(sp.eye(10_000, dtype=np.int64, format="csr"), names, "topic"))
    assert found[-1] == "topic, and 9,970 more"
    assert len(found) == 30 + 30 + 1


def test_a_metric_that_could_not_be_measured_is_no_bar() -> None:
    """A shop without categories has no figure for what is measured over them."""
    figure = metrics_figure({"candidate": {"ndcg_at_10": 0.5, "miscalibration_at_10": None, "n_users": 8}}, "test")
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights[0] == 0.5
    assert len(heights) == 2 and math.isnan(heights[1])
    figure.canvas.draw()
