"""Which day a run works on, however it was started."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.orchestration.run_date import folder_name, newest_published, resolve
from socialrec.settings.paths import below

LATER = datetime(2027, 6, 1, 12, tzinfo=UTC)
KOLKATA = timezone(timedelta(hours=5, minutes=30))
NEW_YORK = timezone(timedelta(hours=-5))


def test_the_day_a_person_gives_wins_over_every_date_of_the_run() -> None:
    assert resolve("2026-01-31", datetime(2026, 3, 1, tzinfo=UTC), LATER) == "2026-01-31"


def test_a_scheduled_run_works_on_its_logical_date() -> None:
    assert resolve(None, datetime(2026, 3, 1, 2, tzinfo=UTC), LATER) == "2026-03-01"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 1, 5, 29, tzinfo=KOLKATA), "2026-02-28"),
        (datetime(2026, 3, 1, 5, 30, tzinfo=KOLKATA), "2026-03-01"),
        (datetime(2026, 12, 31, 18, 59, tzinfo=NEW_YORK), "2026-12-31"),
        (datetime(2026, 12, 31, 19, 0, tzinfo=NEW_YORK), "2027-01-01"),
    ],
)
def test_a_logical_date_in_another_time_zone_counts_in_utc(moment: datetime, day: str) -> None:
    assert resolve(None, moment, LATER) == day


@pytest.mark.parametrize(
    ("run_after", "day"),
    [
        (datetime(2026, 5, 17, 0, 0, tzinfo=UTC), "2026-05-16"),
        (datetime(2026, 5, 17, 23, 59, 59, tzinfo=UTC), "2026-05-16"),
        (datetime(2026, 3, 1, 9, tzinfo=UTC), "2026-02-28"),
        (datetime(2028, 3, 1, 9, tzinfo=UTC), "2028-02-29"),
        (datetime(2026, 1, 1, 9, tzinfo=UTC), "2025-12-31"),
        (datetime(2026, 3, 2, 5, 29, tzinfo=KOLKATA), "2026-02-28"),
    ],
)
def test_a_run_made_by_hand_works_on_the_day_before_it_may_start_in_utc(run_after: datetime, day: str) -> None:
    assert resolve(None, None, run_after) == day


def test_the_forms_own_moment_means_the_last_day_that_is_over() -> None:
    now = datetime(2026, 5, 17, 22, 28, tzinfo=UTC)
    assert resolve(None, now, now) == "2026-05-16"


def test_an_empty_field_of_the_form_is_no_day() -> None:
    assert resolve("", None, datetime(2026, 5, 17, tzinfo=UTC)) == "2026-05-16"


def test_the_last_day_of_february_is_a_day_in_leap_years_alone() -> None:
    assert resolve("2024-02-29", None, LATER) == "2024-02-29"
    with pytest.raises(UserError, match="2026-02-29"):
        resolve("2026-02-29", None, LATER)


@pytest.mark.parametrize("text", ["2026-1-5", "20260105", "05.01.2026", "2026-13-01", "yesterday", "2026-01-05T00:00"])
def test_a_day_in_the_wrong_form_is_refused_in_one_line_with_an_example(text: str) -> None:
    with pytest.raises(UserError) as error:
        resolve(text, None, LATER)
    assert str(error.value) == f"Param ds {text!r} is not a day in the form YYYY-MM-DD, such as 2026-01-31"


def test_a_day_in_the_future_is_refused_and_today_is_not() -> None:
    now = datetime(2026, 5, 17, 23, 59, tzinfo=UTC)
    assert resolve("2026-05-17", None, now) == "2026-05-17"
    with pytest.raises(UserError, match="2026-05-18 is in the future: choose a landing day up to 2026-05-17"):
        resolve("2026-05-18", None, now)


def test_a_runs_folder_is_named_by_its_id_without_signs_that_folders_cannot_have() -> None:
    assert folder_name("manual__2026-01-31T04:05:06.789+00:00") == "manual__2026-01-31T04-05-06.789-00-00"
    assert (folder_name("../up"), folder_name("..")) == ("_.-up", "_.")


@pytest.mark.parametrize(
    "run_id", ["", "..", "/etc", "a/../../b", "a\nb", "\x1b[2J", "\u202ex", "-rf", "$(id)", "x" * 250]
)
def test_whatever_a_run_is_called_its_folder_lies_below_that_of_runs(tmp_path: Path, run_id: str) -> None:
    name = folder_name(run_id)
    assert len(name) == len(run_id)
    if run_id:
        assert below(tmp_path, name).parent == tmp_path
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name)


def test_a_rollback_works_on_the_newest_published_day(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("2026-01-31\n")
    assert newest_published(tmp_path) == "2026-01-31"


def test_without_published_lists_there_is_nothing_to_publish_again(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run the socialrec_nightly DAG first"):
        newest_published(tmp_path)
