"""Settings: one default each, environment over file, and errors that name the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.settings import load_settings


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(home).recommend.list_length == 20
    (home / "settings.toml").write_text("[recommend]\nlist_length = 5\nridge = 7.0\n")
    monkeypatch.setenv("SOCIALREC_RECOMMEND__LIST_LENGTH", "3")
    settings = load_settings(home)
    assert (settings.recommend.list_length, settings.recommend.ridge) == (3, 7.0)


def test_the_home_comes_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_HOME", str(home))
    assert load_settings().home == home


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("SOCIALREC_TEXT__MODLE", "SOCIALREC_TEXT__MODLE is not a setting; known here: model, max_tokens"),
        ("SOCIALREC_TEXTT__MODEL", "SOCIALREC_TEXTT__MODEL is not a setting; known here: etl, text"),
        ("SOCIALREC_MODEL", "SOCIALREC_MODEL is not a setting; settings are SOCIALREC_<SECTION>__<NAME>"),
        ("SOCIALREC_TEXT__MAX_TOKENS", "SOCIALREC_TEXT__MAX_TOKENS: Input should be a valid integer"),
    ],
)
def test_a_wrong_variable_is_named_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, message: str
) -> None:
    monkeypatch.setenv(variable, "x")
    with pytest.raises(UserError) as error:
        load_settings(home)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_name_in_the_file_is_named_with_the_file(home: Path) -> None:
    (home / "settings.toml").write_text("[etl]\nhalf_life = 3\n")
    with pytest.raises(UserError, match=r"settings\.toml: etl\.half_life is not a setting; known here: max_quarantine"):
        load_settings(home)


def test_a_file_that_is_not_toml_is_named(home: Path) -> None:
    (home / "settings.toml").write_text("[etl\n")
    with pytest.raises(UserError, match=r"settings\.toml is not valid TOML"):
        load_settings(home)


def test_settings_cannot_be_changed_after_they_were_read(home: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(home).text.model = "other"  # type: ignore[misc]
