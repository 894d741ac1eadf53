"""The gate, the baseline it uses, and the plots beside its decision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.evaluate.baselines import popular_lists
from socialrec.evaluate.gate import Decision, decide, n_users_missing
from socialrec.evaluate.plots import metrics_figure, weights_figure
from socialrec.settings import EvaluateSettings

SETTINGS = EvaluateSettings()
RINGS = {
    "ring_climb": 0.2,
    "ring_lists": 0.01,
    "ring_lists_low": 0.0,
    "ring_lists_high": 0.02,
    "ring_members": 15,
    "rings": 20,
}
FACTS: dict[str, Any] = {
    "popularity_overlap": 0.1,
    "reasons": {"reasons_valid_share": 0.95, "reasons_tested": 40},
    "manipulation": RINGS,
    "cost": {"fit_seconds": 2.0, "score_milliseconds_per_user": 0.5},
}


def paired(difference: float, n_users: int = 100, p_better: float = 0.001, p_worse: float = 0.999) -> dict[str, float]:
    return {"difference": difference, "n_users": n_users, "p_better": p_better, "p_worse": p_worse}


def evaluation(ndcg: float = 0.2, champion: float | None = None, **changes: Any) -> dict[str, Any]:
    """A candidate that is sound and twice as good as popularity (0.1), beside a champion where one is given."""
    shown = {"coverage_at_10": 0.5, "gini_at_10": 0.8, "n_users": 100.0}
    measured: dict[str, Any] = {
        "candidate": {"ndcg_at_10": ndcg, **shown},
        "popularity": {"ndcg_at_10": 0.1},
        "champion": None,
        "champion_facts": None,
        "paired": {"popularity": {"everyone": paired(ndcg - 0.1)}},
        "leaked_pairs": 0,
        "constant_share": 0.0,
        "n_tested": 100,
        "n_products": 500,
        **FACTS,
    }
    if champion is not None:
        better, worse = (0.001, 0.999) if ndcg > champion else (0.999, 0.001)
        measured["champion"] = {"ndcg_at_10": champion, **shown}
        measured["champion_facts"] = FACTS
        measured["paired"]["champion"] = {"everyone": paired(ndcg - champion, p_better=better, p_worse=worse)}
    return measured | changes


def failed(found: Decision) -> list[str]:
    """Names of the checks that refuse."""
    return [check.name for check in found.checks if check.decides and not check.is_passed]


def warned(found: Decision) -> list[str]:
    return [check.name for check in found.warnings]


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


def test_a_slice_that_loses_more_than_the_margin_to_the_champion_refuses_and_to_popularity_warns() -> None:
    line = "slice users/cold is worse than with {} by 0.0300, more than 0.02"
    beside_champion = decide(with_slice(paired(-0.03, p_worse=0.01)), SETTINGS)
    assert beside_champion.reasons == (line.format("champion"),)
    first = decide(with_slice(paired(-0.03, p_worse=0.01), "popularity"), SETTINGS)
    assert first.promote
    assert [check.line for check in first.warnings] == [line.format("popularity")]
    assert first.warnings[0].remedy == "accept it with evaluate.max_slice_loss = 0.03"


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
        ({"n_tested": 19}, "tested_users"),
        ({"faults": ["model.json is missing"]}, "whole"),
    ],
)
def test_a_broken_candidate_is_refused_with_and_without_a_champion(changes: dict[str, Any], check: str) -> None:
    for champion in (None, 0.1):
        assert failed(decide(evaluation(champion=champion, **changes), SETTINGS)) == [check]


OUT_OF_BOUNDS = [
    ({"popularity_overlap": 0.95}, "popularity_overlap"),
    ({"reasons": {"reasons_valid_share": 0.8, "reasons_tested": 40}}, "reasons"),
    ({"manipulation": {**RINGS, "ring_lists": 0.07}}, "ring_lists"),
    ({"cost": {"fit_seconds": 4000.0, "score_milliseconds_per_user": 0.5}}, "fit_seconds"),
    ({"cost": {"fit_seconds": 1.0, "score_milliseconds_per_user": 101.0}}, "score_milliseconds_per_user"),
]


@pytest.mark.parametrize(("changes", "check"), OUT_OF_BOUNDS)
def test_without_a_champion_a_figure_out_of_bounds_warns_with_a_remedy_and_refuses_nothing(
    changes: dict[str, Any], check: str
) -> None:
    decision = decide(evaluation(**changes), SETTINGS)
    assert decision.promote
    assert warned(decision) == [check]
    assert (
        "recommend." in decision.warnings[0].remedy
        or "evaluate." in decision.warnings[0].remedy
        or "land more" in (decision.warnings[0].remedy)
    )
    assert decision.document()["warnings"] == list(decision.warning_lines)


def test_a_fit_of_seconds_that_a_busy_machine_draws_out_refuses_nothing() -> None:
    """The champion took 2 s, which count as 60: three times that are allowed."""
    for seconds, is_promoted in ((180.0, True), (181.0, False)):
        cost = {"fit_seconds": seconds, "score_milliseconds_per_user": 0.5}
        assert decide(evaluation(0.3, champion=0.2, cost=cost), SETTINGS).promote is is_promoted


@pytest.mark.parametrize(("changes", "check"), OUT_OF_BOUNDS)
def test_with_a_champion_the_same_figure_refuses_where_the_champion_does_better(
    changes: dict[str, Any], check: str
) -> None:
    assert failed(decide(evaluation(0.3, champion=0.2, **changes), SETTINGS)) == [check]


@pytest.mark.parametrize(("changes", "check"), OUT_OF_BOUNDS)
def test_with_a_champion_that_is_alike_no_absolute_bound_refuses(changes: dict[str, Any], check: str) -> None:
    alike = evaluation(0.3, champion=0.2, champion_facts=FACTS | changes, **changes)
    decision = decide(alike, SETTINGS)
    assert decision.promote
    assert not warned(decision)


def test_the_value_that_a_remedy_names_lets_the_same_figures_pass() -> None:
    attacked = evaluation(manipulation={**RINGS, "ring_lists": 0.0712})
    assert "evaluate.max_ring_lists = 0.08" in decide(attacked, SETTINGS).warnings[0].remedy
    assert not warned(decide(attacked, EvaluateSettings(max_ring_lists=0.08)))


def test_the_rank_climb_of_a_ring_decides_nothing() -> None:
    assert not warned(decide(evaluation(manipulation={**RINGS, "ring_climb": 0.9}), SETTINGS))


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
    assert decision.promote == (rival == "popularity")
    line = f"small sellers are shown 38% less than with {rival}, at most 0.3"
    assert line in (*decision.reasons, *(check.line for check in decision.warnings))
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
    assert warned(decide(narrow, SETTINGS)) == ["coverage", "evenness"]
    # 100 lists of 10 places reach at most a hundredth of 100,000 products: 0.0001 is a hundredth of that.
    wide = evaluation(n_products=100_000)
    wide["candidate"] |= {"coverage_at_10": 0.005, "gini_at_10": 0.9999}
    assert not warned(decide(wide, SETTINGS))


def test_coverage_may_lose_three_tenths_of_the_champions_and_no_more() -> None:
    narrower = evaluation(0.3, champion=0.2)
    narrower["candidate"] |= {"coverage_at_10": 0.36}
    assert decide(narrower, SETTINGS).promote
    narrower["candidate"] |= {"coverage_at_10": 0.34}
    assert failed(decide(narrower, SETTINGS)) == ["coverage"]


def test_figures_that_are_not_numbers_are_refused_and_become_null_in_json() -> None:
    measured = evaluation()
    measured["candidate"]["ndcg_at_10"] = None
    decision = decide(measured, SETTINGS)
    assert decision.reasons == ("candidate ndcg_at_10 is not a number",)
    assert decision.document()["checks"][0]["figure"] is None


def test_a_candidate_with_faults_is_refused_for_each_of_them_unmeasured() -> None:
    decision = decide({"n_tested": 100, "faults": ["model.json is missing", "its weights x are not numbers"]}, SETTINGS)
    assert decision.reasons == ("model.json is missing", "its weights x are not numbers")


def test_users_that_are_missing_are_counted_from_those_that_can_be_tested() -> None:
    assert [n_users_missing({"n_tested": n}, SETTINGS) for n in (0, 8, 20, 50)] == [20, 12, 0, 0]


def test_popular_lists_leave_out_what_was_seen_and_break_ties_by_number() -> None:
    seen = sp.csr_matrix(np.array([[0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]], dtype=np.float32))
    lists = popular_lists(np.array([2, 5, 2, 0]), seen, 3)
    assert lists.tolist() == [[0, 2, 3], [1, 0, 2], [3, -1, -1]]


def test_plots_have_a_bar_for_each_figure() -> None:
    plot = metrics_figure({"blend": {"ndcg": 0.2, "recall": 0.3}, "popularity": {"ndcg": 0.1, "recall": 0.1}}, "test")
    assert len(plot.axes[0].patches) == 4
    assert len(weights_figure({"social": 0.4, "content": 0.6}, "blend").axes[0].patches) == 2
