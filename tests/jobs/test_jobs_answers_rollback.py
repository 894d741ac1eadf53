"""Models of answers that a person goes back from: to the champion before, and to no trained one at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_shop import DS, call, forget_models

from socialrec import tracking
from socialrec.answers.model import CHAMPION_BEFORE, FILES, GATE, PROMOTED, REASONS, REFUSED, AnswersModel, digest_of
from socialrec.errors import UserError
from socialrec.settings import Settings, load_settings
from socialrec.tracking import ANSWERS


@pytest.fixture
def desk(mlflow_server: str, tmp_path: Path) -> Settings:
    """A home whose third model of answers is champion, after the first; the gate refused the second."""
    forget_models(mlflow_server)
    (tmp_path / "settings.toml").write_text(f'services.mlflow_uri = "{mlflow_server}"\n')
    settings = load_settings(tmp_path)
    register(settings, PROMOTED, "untrained")
    register(settings, REFUSED, "1")
    tracking.connect(settings).promote(ANSWERS, register(settings, PROMOTED, "1"))
    return settings


def register(settings: Settings, gate: str, before: str) -> str:
    tracker = tracking.connect(settings)
    mlflow_run = tracker.start_training("answers", {}, {})
    folder = settings.home / mlflow_run
    AnswersModel.untrained("encoder-1", settings.answers).save(folder)
    tracker.log_folder(mlflow_run, folder, "answers")
    tags = {GATE: gate, REASONS: "a reason", CHAMPION_BEFORE: before, FILES: digest_of(folder), "ds": DS}
    return tracker.register(mlflow_run, "answers", ANSWERS, tags)


def go_back(settings: Settings, *arguments: str) -> dict[str, Any]:
    return call(settings, "roll_back_answers", "--reason", "answers about batteries were wrong", *arguments)


def champion(settings: Settings) -> str | None:
    found = tracking.connect(settings).champion(ANSWERS)
    return found.version if found else None


def test_a_rollback_goes_to_the_champion_before_and_then_to_the_untrained_model_and_says_so(desk: Settings) -> None:
    first = go_back(desk)
    assert (first["status"], first["answers_version"], champion(desk)) == ("rolled_back", "1", "1")
    assert first["note"] == "Version 1 in place of version 3: answers about batteries were wrong"
    tags = tracking.connect(desk).model(ANSWERS, "3").tags
    assert (tags["rolled_back_to"], tags["rollback_reason"]) == ("1", "answers about batteries were wrong")
    second = go_back(desk)
    assert (second["answers_version"], champion(desk)) == ("untrained", None)
    assert second["note"].startswith("The untrained model in place of version 1: ")
    with pytest.raises(UserError, match="no champion of socialrec-answers to go back from"):
        go_back(desk)


def test_a_dry_run_moves_no_champion(desk: Settings) -> None:
    assert go_back(desk, "--dry-run")["answers_version"] == "1"
    assert champion(desk) == "3"
    assert "rolled_back_to" not in tracking.connect(desk).model(ANSWERS, "3").tags


def test_a_version_that_may_not_serve_is_not_gone_back_to(desk: Settings) -> None:
    with pytest.raises(UserError, match=r"the gate refused it \(a reason\); versions to go back to: 1"):
        go_back(desk, "--model-version", "2")
    tracker = tracking.connect(desk)
    folder = tracker.fetch(ANSWERS, "1")
    document = (folder / "answers.json").read_text()
    (folder / "answers.json").write_text(document + "\n")
    with pytest.raises(UserError, match="files of version 1 of socialrec-answers changed or went"):
        go_back(desk)
    (folder / "answers.json").write_text(document)
    tracker.tag(ANSWERS, "1", {tracking.ERASED: "trained on erased users"})
    with pytest.raises(UserError, match="version 1 was trained on users who were erased since"):
        go_back(desk)
    with pytest.raises(UserError, match="--reason is empty"):
        call(desk, "roll_back_answers", "--reason", " ")
    assert champion(desk) == "3"
