"""A shop whose candidate may not serve: the baseline does, until a candidate is sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_shop import DS, ENCODER_VERSION, call, candidate, fill, forget_models, train, write

from socialrec import tracking
from socialrec.contracts.gold import MODEL_DECISIONS, RECOMMENDATIONS
from socialrec.contracts.silver import SILVER_INTERACTIONS
from socialrec.lake import Lake
from socialrec.settings import Settings, load_settings
from socialrec.tracking import RECOMMENDER

ASKED = "evaluate.min_tested_users = 30"
"""The tiny shop has 24 users."""


def settle(home: Path, *lines: str) -> Settings:
    """Settings of the shop with these lines."""
    settings = [f'services.mlflow_uri = "{home.joinpath("server").read_text()}"', "recommend.list_length = 5"]
    settings += ["recommend.block_users = 7", "recommend.regularization = 5.0", "evaluate.cutoff = 5", *lines]
    (home / "settings.toml").write_text("\n".join(settings))
    return load_settings(home)


@pytest.fixture
def young(mlflow_server: str, tmp_path: Path) -> Settings:
    """The tiny shop with its tables, before any training."""
    forget_models(mlflow_server)
    (tmp_path / "server").write_text(mlflow_server)
    settings = settle(tmp_path, ASKED)
    fill(Lake(settings.lake))
    return settings


def test_too_few_users_to_test_on_leave_the_baseline_as_champion_and_say_how_many_are_missing(young: Settings) -> None:
    decided = train(young, "first")
    assert decided["status"] == "refused"
    assert decided["missing"] == ("6 more users with 2 products each, one of them among the last 10% of the events")
    champion = tracking.connect(young).champion(RECOMMENDER)
    assert champion is not None
    assert (champion.version, champion.tags["kind"]) == (decided["baseline_version"], "baseline")
    rows = {row["recommender_version"]: row for row in Lake(young.lake).read(MODEL_DECISIONS).to_pylist()}
    assert [(row["kind"], row["is_champion"]) for _, row in sorted(rows.items())] == [
        ("gate", False),
        ("baseline", True),
    ]
    pins = call(young, "pin_models", run_id="night")
    assert (pins["model_kind"], pins["missing"], pins["chosen_by"]) == ("baseline", decided["missing"], "champion")


def test_the_baseline_gives_everyone_a_whole_list_that_carries_its_name(young: Settings) -> None:
    train(young, "first")
    call(young, "pin_models", run_id="night")
    call(young, "build_features", "--encoder-version", ENCODER_VERSION, run_id="night")
    call(young, "score_recommendations", run_id="night")
    lists = Lake(young.lake).read(RECOMMENDATIONS, [DS]).to_pylist()
    assert {row["model_kind"] for row in lists} == {"baseline"}
    places: dict[str, int] = {}
    for row in lists:
        places[row["user_key"]] = places.get(row["user_key"], 0) + 1
    assert set(places.values()) == {5}
    assert len(places) == 25


def test_a_night_trains_again_only_where_data_or_settings_changed(young: Settings) -> None:
    train(young, "first")
    assert call(young, "pin_models", "--check", run_id="again")["trains_first"] is False
    settle(young.home, "evaluate.min_tested_users = 24")
    assert call(young, "pin_models", "--check", run_id="settings")["trains_first"] is True
    settle(young.home, ASKED)
    row = {"event_id": "new", "user_key": "user01", "product_id": "p29", "event_type": "click", "quantity": 1.0}
    write(
        Lake(young.lake),
        SILVER_INTERACTIONS,
        "2026-03-30",
        [{**row, "is_late": False, "platform": "shop", "ds": "2026-03-30"}],
    )
    assert call(young, "pin_models", "--check", run_id="data")["trains_first"] is True


def test_a_changed_setting_of_the_gate_decides_again_on_the_same_fit_and_the_sound_candidate_takes_its_place(
    young: Settings,
) -> None:
    settings = settle(young.home, "evaluate.min_gain_over_popularity = 0.9")
    about, encoder = candidate(settings, "first")

    def gate(settings: Settings, run_id: str) -> list[str]:
        fitted = call(settings, "fit_recommender", *about, run_id=run_id)["status"]
        measured = call(settings, "evaluate_recommender", *about, run_id=run_id)["status"]
        decided = call(settings, "promote_model", *about, "--encoder-model-version", encoder, run_id=run_id)
        return [fitted, measured, decided["status"]]

    assert gate(settings, "once") == ["up_to_date", "written", "refused"]
    assert call(settings, "pin_models", run_id="night")["model_kind"] == "baseline"
    settings = settle(young.home)
    assert gate(settings, "twice") == ["up_to_date", "up_to_date", "promoted"]
    pins = call(settings, "pin_models", run_id="next")
    assert (pins["model_kind"], pins["gate"], pins["missing"]) == ("trained", "promoted", "")


def test_a_refused_candidate_serves_where_a_person_names_it(young: Settings) -> None:
    decided = train(young, "first")
    pins = call(young, "pin_models", "--model-version", decided["recommender_version"], run_id="forced")
    assert (pins["model_kind"], pins["gate"], pins["chosen_by"]) == ("trained", "refused", "person")
    assert "24 users have held-out pairs, at least 30" in pins["gate_reasons"]
