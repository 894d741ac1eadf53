"""What people read in MLflow about a night and about a model version."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import Any

import numpy as np

from socialrec.evaluate.gate import Decision, GateCheck
from socialrec.recommend.lists.published import Place, PublishedList
from socialrec.report.cards import baseline_card, encoder_card, night_card, samples, version_card
from socialrec.report.changes import Changes
from socialrec.report.facts import Exposure, NightFacts

BETTER = GateCheck(
    name="champion",
    is_passed=True,
    decides=True,
    figure=0.1,
    bound=0.0,
    line="ndcg_at_10 0.3000 against 0.2000 of champion (p 0.010): better",
)
NARROW = GateCheck(
    name="coverage",
    is_passed=False,
    decides=False,
    figure=0.05,
    bound=0.1,
    line="lists reach 5.0% of the products",
    remedy="evaluate.min_coverage = 0.05",
)
EVALUATION: dict[str, Any] = {
    "label": "time cut 2026-03-20",
    "candidate": {"ndcg_at_10": 0.3, "recall_at_10": 0.5, "miscalibration_at_10": 0.1, "novelty_at_10": None},
    "champion": {"ndcg_at_10": 0.2, "recall_at_10": 0.25, "miscalibration_at_10": 0.1, "novelty_at_10": 2.0},
    "popularity": {"ndcg_at_10": 0.125, "recall_at_10": 0.2, "miscalibration_at_10": 0.1, "novelty_at_10": 2.0},
    "champion_version": "6",
    "note": "champion 6 refitted on the same cut",
}
DOCUMENT: dict[str, Any] = {
    "info": {"ds": "2026-03-31", "encoder_version": "mini-1", "lake_versions": {"silver.products": 4}},
    "weights": {"collaborative": 0.75, "content": 0.25, "social": 0.0},
}
SUMMARY: dict[str, Any] = {
    "ds": "2026-03-31",
    "rows": {"comments": {"in": 1200, "quarantined": 3}, "follows": {"in": 4, "quarantined": 0}},
    "counts": {"publish_recommendations": {"users": 3, "published": 60}},
    "changed_rows": 8,
    "encoded": 7,
    "trained": False,
    "warnings": ["score has drifted"],
    "models": {"recommender_version": "7", "encoder_version": "mini-1"},
    "pages": {"version": "http://mlflow/7", "training": "http://mlflow/t"},
}


def facts(**values: Any) -> NightFacts:
    nothing = Exposure(0.0, np.zeros(0, np.int64), ())
    return NightFacts(
        **{
            "rejected": (),
            "growth": {},
            "said": {},
            "liked": (),
            "expected": {},
            "exposure": nothing,
            "samples": (),
            "changes": None,
            "suspects": (),
            "decision": None,
            **values,
        }
    )


def test_a_versions_card_says_what_was_decided_and_why_beside_what_and_on_which_data() -> None:
    card = version_card(Decision((BETTER,)), EVALUATION, DOCUMENT, "http://mlflow/t")
    assert card.startswith("**Promoted** to champion. [The training](http://mlflow/t)")
    assert f"| yes | {BETTER.line} |  |" in card
    assert "Warnings" not in card
    assert "|  | this version | version 6, the champion at that time | popularity |" in card
    assert "| ndcg_at_10 | 0.3000 | 0.2000 | 0.1250 |" in card
    assert "miscalibration" not in card
    assert "novelty" not in card  # the candidate has no figure
    assert "| silver.products | 4 |" in card
    assert "| collaborative | 0.750 |" in card
    assert "social" not in card  # it weighs nothing


def test_a_version_whose_files_are_broken_has_a_card_that_says_so() -> None:
    line, remedy = "model.json is missing", "train again"
    check = GateCheck(name="whole", is_passed=False, decides=True, figure=1.0, bound=0.0, line=line, remedy=remedy)
    broken = Decision((check,))
    card = version_card(broken, {"label": "time cut"}, {}, "http://mlflow/t")
    assert card.startswith("**Refused**.")
    assert "| **no** | model.json is missing | train again |" in card
    assert "Its files cannot be read." in card


def test_a_versions_card_lists_each_warning_with_its_remedy_below_the_checks_that_decide() -> None:
    card = version_card(Decision((BETTER, NARROW)), EVALUATION, DOCUMENT, "http://mlflow/t")
    assert card.startswith("**Promoted** to champion.")
    assert f"#### Warnings\n\n- {NARROW.line}: {NARROW.remedy}" in card
    assert f"| {NARROW.line}" not in card


def test_a_baselines_card_says_what_it_is_and_what_is_missing_for_a_trained_model() -> None:
    card = baseline_card("12 more users with 2 products each", "http://mlflow/t")
    assert card.startswith("**Baseline**: popularity by what is known of the user")
    assert "Missing for a trained model: 12 more users with 2 products each." in card


def test_a_nights_card_says_which_model_made_the_lists_why_that_one_and_on_which_data() -> None:
    moment = datetime(2026, 3, 29, 4, 5, tzinfo=UTC)
    decided = {"decided_ts": moment, "kind": "gate", "reasons": [BETTER.line]}
    card = night_card(SUMMARY, facts(decision=decided), {"gold.texts": 9})
    assert card.startswith(
        "8 of 60 recommendations for 3 users changed. 1,204 records came in, 3 of them went to quarantine; 7 texts "
        "were encoded. Lists by recommender 7. **score has drifted**"
    )
    assert "[socialrec-recommender version 7](http://mlflow/7), from [this training](http://mlflow/t)" in card
    assert f"Decided 2026-03-29 04:05 UTC (gate):\n\n- {BETTER.line}" in card
    assert "These are the first lists." in card
    assert "| gold.texts | 9 |" in card


def test_a_nights_card_compares_its_lists_with_those_of_the_day_before() -> None:
    changes = Changes("2026-03-30", 0.125, 2, True, ())
    card = night_card(SUMMARY, facts(changes=changes), {})
    assert "12.5% of the recommendations are of products that were not in the user's list of 2026-03-30" in card
    assert "which another model made; 2 users are new" in card
    assert "No decision about this version is recorded." in card


def test_sample_lists_are_a_row_a_place() -> None:
    place = Place(1, "p1", "Red kite", 0.5, ("because of Blue kite",), "because of Blue kite")
    shown = facts(samples=(PublishedList("a" * 64, "en", "Likes kites", "2026-03-31", "7", "mini-1", (place,)),))
    assert samples(shown) == [("a" * 64, 1, "p1", "Red kite", 0.5, "because of Blue kite")]


def test_an_encoders_card_has_its_figures() -> None:
    card = encoder_card({"val/pair_recall_at_10": 0.8}, "2026-03-31", 1234, "`a`: it knows 99%", "http://mlflow/t")
    assert "Fine-tuned on 1,234 examples up to 2026-03-31" in card
    assert "Its base model is `a`: it knows 99%." in card
    assert "| val/pair_recall_at_10 | 0.8000 |" in card


def test_names_break_neither_a_table_nor_a_line_of_a_card() -> None:
    evaluation = {**EVALUATION, "note": "\x1b[31mred"}
    check = dataclasses.replace(NARROW, line="a\n\n# forged", remedy="\u202e")
    weights = {"a|b": 0.5, "c\nd": 0.25, "x" * 10_000: 0.2, **{f"s{n}": 0.1 for n in range(10_000)}}
    card = version_card(Decision((BETTER, check)), evaluation, {**DOCUMENT, "weights": weights}, "http://mlflow/t")
    assert r"| a\|b | 0.500 |" in card
    assert r"| c\nd | 0.250 |" in card
    assert r"- a\n\n# forged: \u202e" in card
    assert "| and 9,803 more |" in card
    assert r"\x1b\[31mred" in card
    assert len(card) < 20_000


def test_names_in_a_card_lead_nowhere_and_load_nothing() -> None:
    away = "![x](https://evil.example/x) <img src=x> [y](//z)"
    check = dataclasses.replace(NARROW, line=away, remedy=away)
    evaluation = {**EVALUATION, "note": away}
    card = version_card(Decision((BETTER, check)), evaluation, {**DOCUMENT, "weights": {away: 0.5}}, "http://mlflow/t")
    card += baseline_card(away, "http://mlflow/t") + night_card({**SUMMARY, "warnings": [away]}, facts(), {away: 1})
    assert set(re.findall(r"(?<!\\)\[[^]]*\]\(([^)]*)\)", card)) == {"http://mlflow/t", "http://mlflow/7"}
    assert not re.search(r"(?<!\\)<", card)
    assert card.count(r"!\[x]") >= 6
