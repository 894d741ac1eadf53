"""Figures for people."""

from __future__ import annotations

import math

from socialrec.evaluate.plots import metrics_figure


def test_a_metric_that_could_not_be_measured_is_no_bar() -> None:
    """A shop without categories has no figure for what is measured over them."""
    figure = metrics_figure({"candidate": {"ndcg_at_10": 0.5, "miscalibration_at_10": None, "n_users": 8}}, "test")
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights[0] == 0.5
    assert len(heights) == 2 and math.isnan(heights[1])
    figure.canvas.draw()
