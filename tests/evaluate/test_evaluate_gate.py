"""The gate, the baseline it uses, and the plots beside its decision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.evaluate.baselines import popular_lists
from socialrec.evaluate.gate import Decision, decide
from socialrec.evaluate.plots import metrics_figure, weights_figure
from socialrec.settings import EvaluateSettings

SETTINGS = EvaluateSettings()


def paired(difference: float, n_users: int = 100, p_better: float = 0.001, p_worse: float = 0.999) -> dict[str, float]:
    return {"difference": difference, "n_users": n_users, "p_better": p_better, "p_worse": p_worse}


def evaluation(ndcg: float = 0.2, champion: float | None = None, **changes: Any) -> dict[str, Any]:
    """A candidate that is sound and twice as good as popularity (0.1), beside a champion where one is given."""
    measured: dict[str, Any] = {
        "candidate": {"ndcg_at_10": ndcg, "coverage_at_10": 0.5, "gini_at_10": 0.8, "n_users": 100.0},
        "popularity": {"ndcg_at_10": 0.1},
        "champion": None,
        "paired": {"popularity": {"everyone": paired(ndcg - 0.1)}},
        "leaked_pairs": 0,
        "constant_share": 0.0,
        "popularity_overlap": 0.1,
        "n_products": 500,
        "reasons": {"reasons_valid_share": 0.95, "reasons_tested": 40},
        "manipulation": {"ring_climb": 0.2, "ring_lists": 0.01, "ring_members": 15},
        "cost": {"fit_seconds": 2.0, "score_milliseconds_per_user": 0.5},
    }
    if champion is not None:
        better, worse = (0.001, 0.999) if ndcg > champion else (0.999, 0.001)
        measured["champion"] = {"ndcg_at_10": champion}
        measured["paired"]["champion"] = {"everyone": paired(ndcg - champion, p_better=better, p_worse=worse)}
    return measured | changes


def failed(found: Decision) -> list[str]:
    return [check.name for check in found.checks if not check.is_passed]


def test_the_first_model_is_promoted_when_it_beats_popularity() -> None:
    decision = decide(evaluation(), SETTINGS)
    assert decision.promote
    assert "ndcg_at_10 0.2000 against 0.1000 of popularity (p 0.001): better" in decision.reasons


def test_no_better_than_popularity_is_refused_even_without_a_champion() -> None:
    even = evaluation(0.1, paired={"popularity": {"everyone": paired(0.0, p_better=1.0)}})
    assert failed(decide(even, SETTINGS)) == ["popularity"]
    assert "popularity (p 1.000): not better" in decide(even, SETTINGS).reasons[0]


def test_a_gain_that_chance_would_give_as_well_is_no_gain() -> None:
    lucky = evaluation(paired={"popularity": {"everyone": paired(0.1, p_better=0.2)}})
    assert failed(decide(lucky, SETTINGS)) == ["popularity"]


def test_worse_than_the_champion_is_refused_and_only_that_is_named() -> None:
    decision = decide(evaluation(0.2, champion=0.3), SETTINGS)
    assert decision.reasons == ("ndcg_at_10 0.2000 against 0.3000 of champion (p 0.999): not better",)


def tie(difference: float = 0.0, p_worse: float = 1.0) -> dict[str, Any]:
    tests = {"popularity": {"everyone": paired(0.1)}, "champion": {"everyone": paired(difference, 100, 1.0, p_worse)}}
    return evaluation(0.2 + difference, champion=0.2, paired=tests)


def test_a_tie_with_the_champion_passes_only_on_newer_data() -> None:
    assert not decide(tie(), SETTINGS).promote
    assert decide(tie(), SETTINGS, is_fresher=True).promote


def test_newer_data_outweigh_a_loss_that_is_small_and_may_be_chance_and_no_other() -> None:
    assert decide(tie(-0.003, p_worse=0.3), SETTINGS, is_fresher=True).promote
    assert failed(decide(tie(-0.003, p_worse=0.01), SETTINGS, is_fresher=True)) == ["champion"]
    assert failed(decide(tie(-0.005, p_worse=0.3), SETTINGS, is_fresher=True)) == ["champion"]


def test_newer_data_do_not_excuse_from_beating_popularity() -> None:
    even = evaluation(0.1, paired={"popularity": {"everyone": paired(0.0, p_better=1.0)}})
    assert not decide(even, SETTINGS, is_fresher=True).promote


def test_a_gain_that_settings_ask_for_must_be_reached() -> None:
    asked = EvaluateSettings(min_gain_over_champion=0.05)
    assert not decide(evaluation(0.24, champion=0.2), asked).promote
    assert decide(evaluation(0.26, champion=0.2), asked).promote


def with_slice(test: dict[str, float], rival: str = "champion") -> dict[str, Any]:
    measured = evaluation(0.3, champion=0.2 if rival == "champion" else None)
    measured["paired"][rival]["users/cold"] = test
    return measured


@pytest.mark.parametrize("rival", ["champion", "popularity"])
def test_a_slice_that_loses_more_than_the_margin_is_named(rival: str) -> None:
    decision = decide(with_slice(paired(-0.03, p_worse=0.01), rival), SETTINGS)
    assert decision.reasons == (f"slice users/cold is worse than with {rival} by 0.0300, more than 0.02",)


@pytest.mark.parametrize(
    "test", [paired(-0.02, p_worse=0.01), paired(-0.3, n_users=29, p_worse=0.01), paired(-0.3, p_worse=0.2)]
)
def test_a_small_loss_a_small_slice_and_a_loss_by_chance_decide_nothing(test: dict[str, float]) -> None:
    assert decide(with_slice(test), SETTINGS).promote


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"leaked_pairs": 1}, "leak"),
        ({"constant_share": 0.8}, "constant_scores"),
        ({"popularity_overlap": 0.95}, "popularity_overlap"),
        ({"reasons": {"reasons_valid_share": 0.8, "reasons_tested": 40}}, "reasons"),
        ({"manipulation": {"ring_climb": 0.5, "ring_lists": 0.01, "ring_members": 15}}, "ring_climb"),
        ({"manipulation": {"ring_climb": 0.2, "ring_lists": 0.06, "ring_members": 15}}, "ring_lists"),
        ({"cost": {"fit_seconds": 4000.0, "score_milliseconds_per_user": 1.0}}, "fit_seconds"),
        ({"cost": {"fit_seconds": 1.0, "score_milliseconds_per_user": 101.0}}, "score_milliseconds_per_user"),
    ],
)
def test_a_candidate_out_of_bounds_is_refused_for_that_alone(changes: dict[str, Any], check: str) -> None:
    assert failed(decide(evaluation(**changes), SETTINGS)) == [check]


def test_a_shop_without_rings_is_asked_nothing_about_them() -> None:
    decision = decide(evaluation(manipulation={}), SETTINGS)
    assert decision.promote
    assert not [check.name for check in decision.checks if check.name.startswith("ring")]


@pytest.mark.parametrize("rival", ["champion", "popularity"])
def test_a_group_of_products_that_loses_its_exposure_is_named(rival: str) -> None:
    measured = evaluation(0.3, champion=0.2 if rival == "champion" else None)
    measured["candidate"] |= {"exposure_small_sellers_at_10": 0.5, "exposure_new_products_at_10": 1.2}
    measured[rival] |= {"exposure_small_sellers_at_10": 0.8, "exposure_new_products_at_10": 1.0}
    decision = decide(measured, SETTINGS)
    assert decision.reasons == (f"small sellers are shown 38% less than with {rival}, at most 0.3",)
    measured[rival]["exposure_small_sellers_at_10"] = 0.7
    assert decide(measured, SETTINGS).promote


@pytest.mark.parametrize("theirs", [None, 0.0])
def test_exposure_that_nobody_had_cannot_be_lost(theirs: float | None) -> None:
    measured = evaluation()
    measured["candidate"] |= {"exposure_small_sellers_at_10": 0.0}
    measured["popularity"] |= {"exposure_small_sellers_at_10": theirs}
    assert decide(measured, SETTINGS).promote


def test_coverage_and_evenness_are_held_against_what_so_few_lists_can_reach() -> None:
    narrow = evaluation()
    narrow["candidate"] |= {"coverage_at_10": 0.01, "gini_at_10": 0.998}
    assert failed(decide(narrow, SETTINGS)) == ["coverage", "evenness"]
    # 100 lists of 10 places reach at most a hundredth of 100,000 products: 0.0001 is a hundredth of that.
    wide = evaluation(n_products=100_000)
    wide["candidate"] |= {"coverage_at_10": 0.005, "gini_at_10": 0.9999}
    assert decide(wide, SETTINGS).promote


def test_figures_that_are_not_numbers_are_refused_and_become_null_in_json() -> None:
    measured = evaluation()
    measured["candidate"]["ndcg_at_10"] = None
    decision = decide(measured, SETTINGS)
    assert decision.reasons == ("candidate ndcg_at_10 is not a number",)
    assert decision.document()["checks"][0]["figure"] is None


def test_a_candidate_with_faults_is_refused_for_each_of_them_unmeasured() -> None:
    decision = decide({"faults": ["model.json is missing", "its weights x are not numbers"]}, SETTINGS)
    assert decision.reasons == ("model.json is missing", "its weights x are not numbers")


def test_popular_lists_leave_out_what_was_seen_and_break_ties_by_number() -> None:
    seen = sp.csr_matrix(np.array([[0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]], dtype=np.float32))
    lists = popular_lists(np.array([2, 5, 2, 0]), seen, 3)
    assert lists.tolist() == [[0, 2, 3], [1, 0, 2], [3, -1, -1]]


def test_plots_have_a_bar_for_each_figure() -> None:
    plot = metrics_figure({"blend": {"ndcg": 0.2, "recall": 0.3}, "popularity": {"ndcg": 0.1, "recall": 0.1}}, "test")
    assert len(plot.axes[0].patches) == 4
    assert len(weights_figure({"social": 0.4, "content": 0.6}, "blend").axes[0].patches) == 2
