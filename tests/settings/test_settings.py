"""Settings: one default each, environment over file, and errors that name the setting."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.settings import EvaluateSettings, Settings, load_settings
from socialrec.settings.names import RENAMED, setting_paths


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(home).recommend.list_length == 20
    (home / "settings.toml").write_text("[recommend]\nlist_length = 5\nridge = 7.0\n")
    monkeypatch.setenv("SOCIALREC_RECOMMEND__LIST_LENGTH", "3")
    settings = load_settings(home)
    assert (settings.recommend.list_length, settings.recommend.regularization) == (3, 7.0)


def test_the_home_comes_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_HOME", str(home))
    assert load_settings().home == home


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("SOCIALREC_TEXT__MODLE", "SOCIALREC_TEXT__MODLE is not a setting; did you mean SOCIALREC_TEXT__MODEL?"),
        ("SOCIALREC_TEXT__ZZZ", "SOCIALREC_TEXT__ZZZ is not a setting; known here: model, max_tokens"),
        ("SOCIALREC_ZZZ__MODLE", "SOCIALREC_ZZZ__MODLE is not a setting; known here: etl, text"),
        (
            "SOCIALREC_REGULARIZATION",
            "SOCIALREC_REGULARIZATION is not a setting; did you mean SOCIALREC_RECOMMEND__REGULARIZATION?",
        ),
        (
            "SOCIALREC_TEXT__REGULARIZATION",
            "SOCIALREC_TEXT__REGULARIZATION is not a setting; did you mean SOCIALREC_RECOMMEND__REGULARIZATION?",
        ),
        ("SOCIALREC_RECOMEND__LIST_LENGHT", "did you mean SOCIALREC_RECOMMEND__LIST_LENGTH?"),
        ("SOCIALREC_RECOMMEND_LIST_LENGTH", "did you mean SOCIALREC_RECOMMEND__LIST_LENGTH?"),
        ("SOCIALREC_ETL__MASK__MIAL", "did you mean SOCIALREC_ETL__MASK__MAIL?"),
        (
            "SOCIALREC_ZZZ",
            "SOCIALREC_ZZZ is not a setting; settings are SOCIALREC_<SECTION>__<NAME>, sections: etl, text",
        ),
        ("SOCIALREC_HOME__X", "SOCIALREC_HOME__X is not a setting; settings are SOCIALREC_<SECTION>__<NAME>"),
        ("SOCIALREC_TEXT__MAX_TOKENS", "SOCIALREC_TEXT__MAX_TOKENS: Input should be a valid integer"),
        ("SOCIALREC_ETL__EVENT_WEIGHTS__SIGH", "SOCIALREC_ETL__EVENT_WEIGHTS__SIGH: Input should be 'view', 'click'"),
        ("SOCIALREC_SPARK__CONF", "SOCIALREC_SPARK__CONF: Input should be a valid dictionary"),
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


def test_a_variable_of_a_list_or_of_names_with_values_is_json(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_TEXT__TASKS", '["retrieval", "topic"]')
    monkeypatch.setenv("SOCIALREC_SPARK__CONF", '{"spark.ui.enabled": "true"}')
    settings = load_settings(home)
    assert settings.text.tasks == ("retrieval", "topic")
    assert settings.spark.conf == {"spark.ui.enabled": "true"}
    monkeypatch.setenv("SOCIALREC_TEXT__TASKS", "[retrieval]")
    with pytest.raises(UserError, match="SOCIALREC_TEXT__TASKS is not valid JSON: Expecting value"):
        load_settings(home)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[etl]\nlife = 3\n", "etl.life is not a setting; known here: max_quarantine_share, "),
        ("[etl]\nfollow_wieght = 3\n", "etl.follow_wieght is not a setting; did you mean etl.follow_weight?"),
        ("[evaluate]\nlist_length = 5\n", "evaluate.list_length is not a setting; list_length belongs to [recommend]"),
        ("list_length = 5\n", "list_length is not a setting; list_length belongs to [recommend]"),
        ("[recomend]\nlist_length = 5\n", "recomend is not a setting; did you mean recommend?"),
        ("[etl.mask]\nmodel = 1\n", "etl.mask.model is not a setting; model belongs to [text]"),
        ("[etl.mask]\nmial = 1\n", "etl.mask.mial is not a setting; did you mean etl.mask.mail?"),
        (
            "[etl.mask]\nphone_countries = ['UK']\n",
            "etl.mask.phone_countries.0: Value error, UK is no country code of ISO 3166",
        ),
        (
            "[lists]\nlanguage = 'zh-CN'\n",
            "lists.language: Value error, unknown language; did you mean 'zh'? known: auto, en, zh (got 'zh-CN')",
        ),
        (
            "[lists]\nlanguage = 'Chinese'\n",
            "lists.language: Value error, unknown language; did you mean 'zh'?",
        ),
        (
            "[lists]\nlanguage = 'atuo'\n",
            "lists.language: Value error, unknown language; did you mean 'auto'?",
        ),
        (
            "[lists]\nlanguage = 'de'\n",
            "lists.language: Value error, unknown language; known: auto, en, zh (got 'de')",
        ),
    ],
)
def test_a_wrong_name_in_the_file_is_named_with_the_file_and_what_it_may_mean(
    home: Path, content: str, said: str
) -> None:
    (home / "settings.toml").write_text(content)
    with pytest.raises(UserError, match=re.escape(f"settings.toml: {said}")):
        load_settings(home)


def test_a_mistake_in_the_file_is_not_blamed_on_a_variable_beside_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "settings.toml").write_text("[text]\nmax_tokens = 0\n")
    monkeypatch.setenv("SOCIALREC_TEXT__MODEL", "other")
    with pytest.raises(UserError, match=r"settings\.toml: text\.max_tokens: Input should be greater"):
        load_settings(home)


def test_the_file_cannot_move_the_home(home: Path) -> None:
    (home / "settings.toml").write_text('home = "/elsewhere"\n')
    with pytest.raises(UserError, match=r"settings\.toml: home is not a setting"):
        load_settings(home)


def test_a_home_that_is_a_file_is_named(home: Path) -> None:
    (home / "note.txt").write_text("not a folder")
    with pytest.raises(UserError, match=r"note\.txt is not a folder"):
        load_settings(home / "note.txt")


@pytest.mark.parametrize("content", [b"[etl\n", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_named(home: Path, content: bytes) -> None:
    (home / "settings.toml").write_bytes(content)
    with pytest.raises(UserError, match=r"settings\.toml is not valid TOML"):
        load_settings(home)


def test_reading_settings_imports_nothing_heavy() -> None:
    """DAG files read settings whenever they are parsed."""
    heavy = ("numpy", "pandas", "pyarrow", "torch", "airflow", "pyspark", "mlflow")
    code = f"import sys, socialrec.settings; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_settings_cannot_be_changed_after_they_were_read(home: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(home).text.model = "other"  # type: ignore[misc]


def test_a_webhook_without_an_address_is_refused_where_it_is_set(home: Path) -> None:
    (home / "settings.toml").write_text('[alerts]\nsend_to = "webhook"\n')
    with pytest.raises(UserError, match=r"settings\.toml: alerts: .* needs alerts\.webhook_url"):
        load_settings(home)


def test_the_held_out_windows_leave_something_to_learn_from() -> None:
    with pytest.raises(ValueError, match=r"validation_share\n.*less than 0\.5"):
        EvaluateSettings(validation_share=0.5)


@pytest.mark.parametrize("place", ["file", "environment"])
def test_an_old_name_works_with_a_warning_that_names_the_new_one(
    home: Path, place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if place == "file":
        (home / "settings.toml").write_text("[recommend]\nridge = 7.0\n", encoding="utf-8")
    else:
        monkeypatch.setenv("SOCIALREC_RECOMMEND__RIDGE", "7.0")
    assert load_settings(home).recommend.regularization == 7.0
    (warning,) = [record.getMessage() for record in caplog.records if record.name.startswith("socialrec")]
    assert "has a new name, recommend.regularization" in warning


def test_the_current_name_wins_over_the_old_one(home: Path) -> None:
    (home / "settings.toml").write_text("[recommend]\nregularization = 3.0\nridge = 7.0\n", encoding="utf-8")
    assert load_settings(home).recommend.regularization == 3.0


def test_every_new_name_is_a_setting_and_no_old_one_is(home: Path) -> None:
    known = set(setting_paths(Settings))
    assert {(*path[:-1], new) for path, new in RENAMED.items()} <= known
    assert not RENAMED.keys() & known
