"""The gate as a program: what it keeps of a decision, and champions that learned from erased people."""

from __future__ import annotations

import importlib

import pytest
from mlflow import MlflowClient
from tiny_shop import DS, call, train

from socialrec import tracking
from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.settings import Settings
from socialrec.tracking import RECOMMENDER


def test_a_decision_is_kept_with_every_figure(shop: Settings) -> None:
    champion = tracking.connect(shop).champion(RECOMMENDER)
    assert champion is not None
    first = min(Lake(shop.lake).read(MODEL_DECISIONS).to_pylist(), key=lambda row: row["decided_ts"])
    assert (first["recommender_version"], first["is_champion"]) == (champion.version, True)
    assert {check["name"] for check in first["checks"]} >= {"popularity", "slices", "coverage", "leak", "fit_seconds"}
    figures = {figure["name"]: figure["value"] for figure in first["figures"]}
    assert figures == tracking.connect(shop).metrics(champion.run_id)
    assert {"test/novelty_at_5", "slice/users/warm/ndcg_at_5", "paired/popularity/p_better"} <= set(figures)


def test_a_champion_that_learned_from_erased_people_gives_way_to_one_as_good_and_is_not_gone_back_to(
    shop: Settings,
) -> None:
    """The same recipe on the same day ties with the champion: alone that is no reason to change."""
    tracker = tracking.connect(shop)
    champion = tracker.champion(RECOMMENDER)
    assert champion is not None
    assert train(shop, "tie")["status"] == "refused"
    tracker.mark_erased((RECOMMENDER,), champion.tags["ds"], dry_run=False)
    successor = train(shop, "successor")
    assert successor["status"] == "promoted"
    with pytest.raises(UserError, match=f"version {champion.version} was trained on users who were erased since"):
        call(shop, "roll_back_model", "--reason", "nostalgia", run_id="forbidden")
    after = tracker.champion(RECOMMENDER)
    assert after is not None
    assert after.version == successor["recommender_version"]


def test_a_training_that_was_killed_is_not_left_running_in_mlflow_and_its_receipts_stay_as_they_are(
    shop: Settings,
) -> None:
    killed = tracking.connect(shop).start_training("killed", {}, {"run_id": "killed"})
    close_training = importlib.import_module("close_training")
    assert close_training.main(["--ds", DS, "--home", str(shop.home), "--run-id", "killed"]) == 0
    assert MlflowClient(shop.services.mlflow_uri).get_run(killed).info.status == "FAILED"
    assert not (shop.runs / "killed").exists()
