"""Which model serves, what the gate refused, and the ways on."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest

from socialrec.lake import Lake
from socialrec.local_stack.home.commands import RunCommand
from socialrec.local_stack.nights.serving import NextStep, Serving, candidate_of, newest_candidate, next_steps, serving
from socialrec.recommend.decisions import record_decision, rollback_row
from socialrec.settings import Settings

DS = "2026-01-01"
MAKE = RunCommand(None, None)
WORSE = "ndcg_at_10 0.1000 against 0.2000 of popularity (p 0.900): not better"
NOT_BETTER = {"name": "popularity", "is_passed": False, "decides": True, "line": WORSE}
RULE = "train again when more has landed, or try other settings (recommend.tuning_trials = 20)"


def leave(settings: Settings, run_id: str, job: str, at: int, **said: Any) -> None:
    file = settings.runs / run_id / f"{job}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"ds": DS, **said}))
    os.utime(file, (at, at))


def refuse(settings: Settings, run_id: str, at: int, *checks: dict[str, Any], **said: Any) -> None:
    reasons = [check["line"] for check in checks if check["decides"]]
    told = {"status": "refused", "recommender_version": "1", "reasons": reasons, "checks": list(checks), **said}
    leave(settings, run_id, "promote_model", at, **told)


def pin(settings: Settings, version: str = "2", **said: Any) -> None:
    leave(settings, "night", "pin_models", 5, recommender_version=version, status="pinned", **said)


def test_a_home_without_a_gates_decision_has_no_candidate(settings: Settings) -> None:
    leave(settings, "for__night", "promote_model", 1, status="dry_run", recommender_version=None)
    assert newest_candidate(settings) is None
    assert candidate_of(settings, "for__night") is None
    assert candidate_of(settings, "for__another") is None


def test_the_newest_candidate_is_the_one_that_a_gate_decided_on_last(settings: Settings) -> None:
    refuse(settings, "for__night", 1, {**NOT_BETTER, "remedy": RULE}, missing="12 more users", baseline_version="2")
    found = newest_candidate(settings)
    assert found is not None
    assert (found.version, found.is_refused, found.reasons, found.remedies) == ("1", True, (WORSE,), (RULE,))
    assert (found.missing, found.baseline_version, found.is_broken) == ("12 more users", "2", False)
    leave(settings, "weekly", "promote_model", 2, status="promoted", recommender_version="3", reasons=["better"])
    newest = newest_candidate(settings)
    assert newest is not None
    assert (newest.version, newest.is_refused) == ("3", False)
    assert candidate_of(settings, "for__night") == found


def test_a_warning_that_decides_nothing_is_no_remedy_of_a_refusal(settings: Settings) -> None:
    warning = {"name": "exposure", "is_passed": False, "decides": False, "line": "less", "remedy": "evaluate.a = 1"}
    refuse(settings, "for__night", 1, NOT_BETTER, warning)
    found = candidate_of(settings, "for__night")
    assert found is not None
    assert found.remedies == ()


def test_after_a_refusal_one_can_take_the_version_change_a_setting_or_train_again(settings: Settings) -> None:
    refuse(settings, "for__night", 1, {**NOT_BETTER, "remedy": RULE})
    candidate = newest_candidate(settings)
    assert candidate is not None
    file = settings.home / "settings.toml"
    assert next_steps(candidate, None, MAKE, settings) == [
        NextStep("Take version 1 anyway, for this run alone", "make run MODEL=1"),
        NextStep(f"Put recommend.tuning_trials = 20 into {file}, then train again", "make run"),
        NextStep("Train again when records or settings have changed", "make run"),
    ]


def test_each_failed_check_names_its_settings(settings: Settings) -> None:
    sellers = (
        "recommend.max_small_seller_loss = 0.3 reserves places; or accept it with evaluate.max_exposure_loss = 0.35"
    )
    slices = {"name": "slices", "is_passed": False, "decides": True, "line": "worse"}
    checks = [{**slices, "remedy": sellers}, {**slices, "remedy": "accept it with evaluate.max_slice_loss = 0.03"}]
    refuse(settings, "for__night", 1, *checks)
    candidate = newest_candidate(settings)
    assert candidate is not None
    assert next_steps(candidate, None, MAKE, settings)[1].what == (
        "Put recommend.max_small_seller_loss = 0.3 or evaluate.max_exposure_loss = 0.35 and "
        f"evaluate.max_slice_loss = 0.03 into {settings.home / 'settings.toml'}, then train again"
    )


def test_a_broken_candidate_is_not_offered(settings: Settings) -> None:
    fault = {"name": "whole", "is_passed": False, "decides": True, "line": "model.json is missing"}
    refuse(settings, "for__night", 1, {**fault, "remedy": "this candidate cannot serve"})
    candidate = newest_candidate(settings)
    assert candidate is not None
    assert candidate.is_broken
    assert [step.command for step in next_steps(candidate, None, MAKE, settings)] == ["make run"]


def test_where_the_data_were_too_few_to_fit_a_candidate_there_is_none_to_take(settings: Settings) -> None:
    few = {"name": "tested_users", "is_passed": False, "decides": True, "line": "0 users have held-out pairs"}
    refuse(settings, "for__night", 1, few, recommender_version=None, baseline_version="1", missing="20 more users")
    candidate = newest_candidate(settings)
    assert candidate is not None
    assert (candidate.version, candidate.is_broken) == (None, False)
    assert [step.command for step in next_steps(candidate, None, MAKE, settings)] == ["make run"]


def test_while_a_trained_champion_serves_training_again_is_a_dag_of_its_own(settings: Settings) -> None:
    refuse(settings, "weekly", 1, NOT_BETTER)
    candidate = newest_candidate(settings)
    assert candidate is not None
    trained = Serving("7", "trained", "", "promoted", "", (), False, "")
    assert next_steps(candidate, trained, MAKE, settings)[1:] == [
        NextStep("Train again when records or settings have changed: trigger socialrec_train in Airflow")
    ]
    baseline = replace(trained, kind="baseline")
    assert next_steps(candidate, baseline, MAKE, settings)[1].command == "make run"


@pytest.mark.parametrize(
    ("pinned", "sentence"),
    [
        ({}, "version 2"),
        ({"model_kind": "trained", "gate": "promoted", "chosen_by": "champion"}, "version 2, promoted by the gate"),
        (
            {"model_kind": "baseline", "gate": "baseline", "missing": "12 more users with 2 products each"},
            "version 2, the baseline (popularity by what is known of each user); "
            "missing for a trained model: 12 more users with 2 products each",
        ),
        (
            {"model_kind": "trained", "gate": "refused", "gate_reasons": "not better", "chosen_by": "person"},
            "version 2, chosen by a person; the gate had refused it: not better",
        ),
        ({"model_kind": "trained", "gate": "promoted", "chosen_by": "person"}, "version 2, chosen by a person"),
    ],
)
def test_the_model_behind_lists_is_described_by_why_it_serves(
    settings: Settings, lake: Lake, pinned: dict[str, Any], sentence: str
) -> None:
    pin(settings, **pinned)
    assert serving(settings, lake, DS, "2").sentence == sentence


def test_a_version_that_a_rollback_brought_back_is_a_persons_choice_with_the_reason(
    settings: Settings, lake: Lake
) -> None:
    pin(settings, model_kind="trained", gate="promoted", chosen_by="champion")
    facts = {"champion_version": "3", "encoder_version": "e", "label": "", "mlflow_run": "r", "ds": DS}
    record_decision(lake, rollback_row("lists looked odd", recommender_version="2", **facts), "test")
    found = serving(settings, lake, DS, "2")
    assert found.by_person
    assert found.sentence == "version 2, chosen by a person in a rollback: lists looked odd"


def test_the_receipt_of_another_day_or_version_says_nothing_of_these_lists(settings: Settings, lake: Lake) -> None:
    pin(settings, "4", model_kind="baseline")
    assert serving(settings, lake, DS, "2").kind == ""
    assert serving(settings, lake, "2026-01-02", "4").kind == ""
