"""Where a source lands, and which day a night works on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.local_stack.home.shop import bring_in, night_of, require_version, shop_of
from socialrec.settings import Settings

D1, D2 = "2026-01-01", "2026-01-02"


def land(settings: Settings, platform: str, *days: str) -> None:
    for ds in days:
        folder = settings.landing / platform / ds
        folder.mkdir(parents=True)
        (folder / "follows.jsonl").write_text('{"follower_id": "ann", "followee_id": "bob"}\n')


def test_a_source_lands_in_a_home_that_is_empty_or_already_its_own(settings: Settings) -> None:
    assert shop_of(settings, "lastfm") == settings
    land(settings, "lastfm", D1)
    assert shop_of(settings, "lastfm") == settings


def test_a_second_source_gets_a_home_of_its_own_inside_so_that_two_shops_are_not_mixed(settings: Settings) -> None:
    land(settings, "demo", D1)
    assert shop_of(settings, "lastfm").home == settings.home / "lastfm"
    land(settings, "lastfm", D1)
    assert shop_of(settings, "demo").home == settings.home / "demo"


def test_without_a_source_the_home_is_taken_as_it_is(settings: Settings) -> None:
    land(settings, "mine", D1)
    land(settings, "partner", D1)
    assert shop_of(settings, None) == settings


def test_an_upload_under_way_is_no_other_shop(settings: Settings) -> None:
    land(settings, ".demo.partial", D1)
    assert shop_of(settings, "lastfm") == settings


def test_a_night_works_on_the_newest_day_of_all_platforms(settings: Settings) -> None:
    land(settings, "mine", D1, D2)
    land(settings, "partner", D1)
    assert night_of(settings) == D2


def test_a_night_without_anything_landed_says_how_to_get_something(settings: Settings) -> None:
    with pytest.raises(UserError, match=r"nothing has landed in \S+landing: deliver files, or run `socialrec import"):
        night_of(settings)


def test_a_night_of_a_day_that_a_person_names_works_on_that_day(settings: Settings) -> None:
    land(settings, "mine", D1, "2026-01-03")
    assert night_of(settings, D2) == D2


def test_a_night_of_a_day_before_anything_landed_or_in_the_future_is_refused(settings: Settings) -> None:
    land(settings, "mine", D1, D2)
    land(settings, "partner", D2)
    with pytest.raises(UserError, match=rf"nothing has landed up to 2025-12-31: the days in \S+ are {D1} to {D2}"):
        night_of(settings, "2025-12-31")
    with pytest.raises(UserError, match="2999-01-01 is in the future"):
        night_of(settings, "2999-01-01")


def test_a_models_version_is_a_number(settings: Settings) -> None:
    assert (require_version(None), require_version("12")) == (None, "12")
    for text in ("newest", "0", "1.5", "-1", ""):
        with pytest.raises(UserError, match=f"model version '{text}' is not a version's number, such as 3"):
            require_version(text)


def test_a_persons_own_files_are_left_alone_when_no_source_is_named(settings: Settings) -> None:
    land(settings, "mine", D1)
    assert bring_in(settings, None, None) is None
    assert [folder.name for folder in settings.landing.iterdir()] == ["mine"]


def test_data_without_a_source_is_a_question_that_lists_the_sources(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"which source is \S+\? name it with SOURCE=<name>, one of: demo, lastfm, "):
        bring_in(settings, None, tmp_path)


def test_an_unknown_source_is_named_with_those_there_are(settings: Settings) -> None:
    with pytest.raises(UserError, match="no source 'ebay'; there are: demo, lastfm, amazon, recbole"):
        bring_in(settings, "ebay", None)


def test_a_source_whose_data_are_missing_names_what_it_needs(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs the folder with the HetRec 2011 files: name it with DATA=<folder>"):
        bring_in(settings, "lastfm", None)
    with pytest.raises(UserError, match=r"nowhere is not a folder"):
        bring_in(settings, "lastfm", tmp_path / "nowhere")
    assert not settings.landing.exists() or not list(settings.landing.glob("lastfm"))


def test_a_day_in_the_wrong_form_lands_nothing(settings: Settings) -> None:
    with pytest.raises(UserError, match="not in the form YYYY-MM-DD"):
        bring_in(settings, "demo", None, "1.1.2026")
    assert not settings.landing.exists()


def test_a_source_that_has_landed_before_is_kept(settings: Settings) -> None:
    land(settings, "demo", D1, D2)
    imported = bring_in(settings, "demo", None, "2026-06-01")
    assert imported is not None
    assert (imported.status, imported.first_day, imported.last_day) == ("kept", D1, D2)


def test_an_empty_home_gets_the_demo_world_up_to_yesterday(settings: Settings) -> None:
    imported = bring_in(settings, None, None)
    assert imported is not None
    assert (imported.platform, imported.status) == ("demo", "written")
    assert imported.last_day == night_of(settings)
    # Two days where midnight passes in between.
    assert datetime.now(UTC).date() - date.fromisoformat(imported.last_day) in (timedelta(days=1), timedelta(days=2))
