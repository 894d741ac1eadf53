"""The gate, the baseline it uses, and the plots beside its decision."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp

from socialrec.evaluate.baselines import popular_lists
from socialrec.evaluate.gate import decide
from socialrec.evaluate.plots import metrics_figure, weights_figure
from socialrec.settings import EvaluateSettings

SETTINGS = EvaluateSettings()


def figures(ndcg: float) -> dict[str, float]:
    return {"ndcg_at_10": ndcg}


def test_the_first_model_is_promoted_when_it_beats_popularity() -> None:
    decision = decide(figures(0.2), None, figures(0.1), SETTINGS)
    assert decision.promote
    assert decision.reasons == ("ndcg_at_10 0.2000 against 0.1000 of popularity: better",)


def test_no_better_than_popularity_is_refused_even_without_a_champion() -> None:
    decision = decide(figures(0.1), None, figures(0.1), SETTINGS)
    assert not decision.promote
    assert "popularity: not better" in decision.reasons[0]


def test_worse_than_the_champion_is_refused_and_only_that_is_named() -> None:
    decision = decide(figures(0.2), figures(0.3), figures(0.1), SETTINGS)
    assert decision.reasons == ("ndcg_at_10 0.2000 against 0.3000 of champion: not better",)


def test_a_tie_with_the_champion_passes_only_on_newer_data() -> None:
    assert not decide(figures(0.2), figures(0.2), figures(0.1), SETTINGS).promote
    assert decide(figures(0.2), figures(0.2), figures(0.1), SETTINGS, is_fresher=True).promote
    assert not decide(figures(0.1), None, figures(0.1), SETTINGS, is_fresher=True).promote


def test_a_gain_that_settings_ask_for_must_be_reached() -> None:
    asked = EvaluateSettings(min_gain_over_champion=0.05)
    assert not decide(figures(0.24), figures(0.2), figures(0.1), asked).promote
    assert decide(figures(0.26), figures(0.2), figures(0.1), asked).promote


def test_figures_that_are_not_numbers_are_refused_and_become_null_in_json() -> None:
    decision = decide(figures(math.nan), figures(0.1), figures(0.0), SETTINGS)
    assert decision.reasons == ("candidate ndcg_at_10 is not a number",)
    assert decision.document()["figures"]["candidate"] is None


def test_constant_scores_are_refused_however_lucky_their_lists() -> None:
    decision = decide(figures(0.9), None, figures(0.1), SETTINGS, constant_share=0.8)
    assert not decision.promote
    assert "constant for 80%" in decision.reasons[0]


def test_popular_lists_leave_out_what_was_seen_and_break_ties_by_number() -> None:
    seen = sp.csr_matrix(np.array([[0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]], dtype=np.float32))
    lists = popular_lists(np.array([2, 5, 2, 0]), seen, 3)
    assert lists.tolist() == [[0, 2, 3], [1, 0, 2], [3, -1, -1]]


def test_plots_have_a_bar_for_each_figure() -> None:
    plot = metrics_figure({"blend": {"ndcg": 0.2, "recall": 0.3}, "popularity": {"ndcg": 0.1, "recall": 0.1}}, "test")
    assert len(plot.axes[0].patches) == 4
    assert len(weights_figure({"social": 0.4, "content": 0.6}, "blend").axes[0].patches) == 2
