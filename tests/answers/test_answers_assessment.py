"""The training of answers from the shop's past, and the decision about what came out, by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from socialrec.answers.assessment import Outcome, decide, split_by_time
from socialrec.answers.days import day_before, open_days
from socialrec.answers.material import answers_by_question, judge, own_pairs
from socialrec.settings import EvaluateSettings
from socialrec.settings.answers import AnswersSettings

SETTINGS, EVALUATE = AnswersSettings(), EvaluateSettings()
GIVEN = ["The string is 30 metres long."]


@pytest.mark.parametrize(
    ("passage", "verdict"),
    [
        ("Its string is 30 metres long, it says.", True),
        ("The string is 20 metres long.", False),
        ("The string is not 30 metres long.", False),
        ("It flies well in light wind.", False),
        ("The string is red and strong.", None),
    ],
)
def test_a_passage_is_right_if_it_says_what_an_answer_says(passage: str, verdict: bool | None) -> None:
    assert judge(passage, GIVEN) is verdict


def test_one_of_several_answers_is_enough_and_what_is_open_stays_open() -> None:
    assert judge("Wipe it with a damp cloth.", [*GIVEN, "Please wipe it with a damp cloth."]) is True
    assert judge("The string is red and strong.", [*GIVEN, "It flies well."]) is None


def test_the_shops_answer_comes_first_then_the_one_with_most_votes() -> None:
    rows = [("q1", "few", "customer", 1), ("q1", "many", "customer", 5), ("q1", "ours", "shop", None)]
    table = pa.table(dict(zip(("question_id", "text", "author_kind", "n_votes"), zip(*rows, strict=True), strict=True)))
    known = answers_by_question(table)
    assert known == {"q1": ["ours", "many", "few"]}
    asked = [{"question_id": "q1", "product_id": "p", "text": "Which?"}]
    assert own_pairs(asked, known)["passage"].to_pylist() == ["ours", "many", "few"]


def test_the_newest_questions_are_held_out_and_undated_ones_are_old() -> None:
    asked = [
        {"text": text, "asked_ts": ts}
        for text, ts in (("a", "2026-03"), ("b", None), ("c", "2026-01"), ("d", "2026-02"))
    ]
    older, newer = split_by_time(asked, 0.25)
    assert ([one["text"] for one in older], [one["text"] for one in newer]) == (["b", "c", "d"], ["a"])


def outcome(n_right: int, n_wrong: int, n_silent: int) -> Outcome:
    """A wrong answer costs 19 right ones at a precision of .95."""
    utilities = np.array([1.0] * n_right + [-19.0] * n_wrong + [0.0] * n_silent)
    return Outcome(utilities, n_right, n_wrong, 0)


def test_a_candidate_that_answers_rightly_where_the_model_in_use_is_silent_is_promoted() -> None:
    decision = decide(outcome(20, 0, 20), outcome(0, 0, 40), SETTINGS, EVALUATE)
    assert decision.promote
    assert decision.reasons == ("right among the answered 100.0%, 50.0% of the held-out questions answered",)
    assert decision.test.p_better < 0.001


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        (outcome(0, 0, 40), outcome(0, 0, 40), "it answers none of the held-out questions"),
        (outcome(18, 2, 20), outcome(0, 0, 40), "90.0% of its answers to held-out questions are right"),
        (outcome(2, 0, 38), outcome(1, 0, 39), "not more useful than those of the model in use"),
    ],
)
def test_a_candidate_that_is_silent_wrong_or_no_better_is_refused(ours: Outcome, theirs: Outcome, why: str) -> None:
    decision = decide(ours, theirs, SETTINGS, EVALUATE)
    assert not decision.promote
    assert why in "; ".join(decision.reasons)


def test_outcomes_of_parts_add_up() -> None:
    whole = Outcome.together([outcome(1, 0, 1), outcome(2, 1, 0)])
    assert (whole.n_right, whole.n_wrong, whole.coverage, whole.precision) == (3, 1, 0.8, 0.75)
    assert whole.figures("test/")["test/utility"] == pytest.approx((3 - 19) / 5)
    assert np.isnan(outcome(0, 0, 3).precision)


def test_a_question_is_open_for_so_many_landing_days() -> None:
    assert open_days(["2026-02-27", "2026-03-01", "2026-02-28", "2026-03-02"], "2026-03-01", 2) == [
        "2026-02-28",
        "2026-03-01",
    ]
    assert day_before("2026-03-01") == "2026-02-28"
