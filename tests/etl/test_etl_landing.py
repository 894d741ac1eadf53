"""Finding landing files and looking inside, before Spark starts."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.landing.files import LandingFile, find_days, require_day
from socialrec.etl.landing.layouts import NANOSECONDS, find_layouts
from socialrec.settings.etl import PlatformSettings

DAY = "2026-01-02"


def put(landing: Path, name: str, text: str = "") -> Path:
    file = landing / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def landed(file: Path, entity: Entity = Entity.FOLLOWS) -> list[LandingFile]:
    return [LandingFile(file, entity, file.name.split(".")[1])]


def test_days_up_to_the_night_are_found_oldest_first_over_all_platforms(tmp_path: Path) -> None:
    put(tmp_path, "shop/2026-01-02/follows.csv")
    put(tmp_path, "app/2026-01-01/follows-part_2.jsonl.gz")
    put(tmp_path, "app/2026-01-02/products.parquet")
    put(tmp_path, "app/2026-01-03/products.parquet")
    put(tmp_path, "app/2026-01-02/.products.parquet.upload")
    days = find_days(tmp_path, DAY)
    assert [day.ds for day in days] == ["2026-01-01", DAY]
    assert [file.name for file in days[1].files] == ["app/2026-01-02/products.parquet", "shop/2026-01-02/follows.csv"]
    assert (days[0].files[0].entity, days[0].files[0].format) == (Entity.FOLLOWS, "jsonl")


def test_without_a_landing_folder_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no landing folder .*: run `socialrec import demo` or deliver files"):
        find_days(tmp_path / "landing", DAY)


@pytest.mark.parametrize("name", ["2026-1-2", "20260102", "2026-02-30", "today"])
def test_a_day_in_the_wrong_form_is_named(tmp_path: Path, name: str) -> None:
    put(tmp_path, f"shop/{name}/follows.csv")
    with pytest.raises(UserError, match=f"shop/{name}: a day's folder is named YYYY-MM-DD"):
        find_days(tmp_path, DAY)


@pytest.mark.parametrize("name", ["follows.xlsx", "friends.csv", "follows.csv.zip", "follows2.csv"])
def test_a_file_of_unknown_name_is_named(tmp_path: Path, name: str) -> None:
    put(tmp_path, f"shop/{DAY}/{name}")
    with pytest.raises(UserError, match=f"{name}: not a landing file"):
        find_days(tmp_path, DAY)


def test_a_night_without_its_own_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no landing day .*2026-01-02: deliver it .* etl.require_landing_day"):
        require_day(tmp_path, ["2026-01-01"], DAY)


def test_touching_a_file_changes_the_stamp_but_not_the_content(tmp_path: Path) -> None:
    file = put(tmp_path, f"shop/{DAY}/follows.csv", "a")
    [before] = find_days(tmp_path, DAY)
    stamp, content = before.stamp(), before.content()
    file.touch()
    assert (before.stamp() != stamp, before.content()) == (True, content)
    file.write_text("b", encoding="utf-8")
    assert before.content() != content


def test_a_truncated_parquet_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "follows.parquet"
    pq.write_table(pa.table({"follower_id": ["a"], "followee_id": ["b"]}), file)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"follows.parquet: not a whole parquet file .*; deliver it again"):
        find_layouts(landed(file))


def test_a_column_of_an_unfit_type_is_named(tmp_path: Path) -> None:
    file = tmp_path / "follows.parquet"
    pq.write_table(pa.table({"follower_id": [["a"]], "followee_id": ["b"]}), file)
    with pytest.raises(
        UserError, match=r"column follower_id has type list<.*>, which cannot become string; deliver it"
    ):
        find_layouts(landed(file))
    pq.write_table(pa.table({"follower_id": ["a"], "followee_id": ["b"], "since_ts": [True]}), file)
    with pytest.raises(UserError, match="column since_ts has type bool, which cannot become timestamp"):
        find_layouts(landed(file))


@pytest.mark.parametrize(
    ("name", "text"), [("follows.csv", "follower_id,since_ts\na,\n"), ("follows.jsonl", '{"follower_id": "a"}\n')]
)
def test_a_missing_required_column_is_named(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(UserError, match=f"{name}: required column followee_id is missing"):
        find_layouts(landed(put(tmp_path, name, text)))


def test_unknown_columns_are_told_and_empty_text_files_left_out(tmp_path: Path) -> None:
    file = put(tmp_path, f"shop/{DAY}/follows.csv", "mood,follower_id,followee_id\n")
    empty = tmp_path / "follows.csv.gz"
    empty.write_bytes(gzip.compress(b""))
    layouts = find_layouts([*landed(file), *landed(empty)])
    assert layouts.unknown == {("follows", "mood"): f"shop/{DAY}/follows.csv"}
    [layout] = layouts.files
    assert layout.columns == ((None, "string"), ("follower_id", "string"), ("followee_id", "string"))


def test_nanoseconds_of_parquet_are_recognised(tmp_path: Path) -> None:
    file = tmp_path / "follows.parquet"
    ts = pa.array([1_700_000_000_000_000_000], pa.timestamp("ns"))
    pq.write_table(pa.table({"follower_id": ["a"], "followee_id": ["b"], "since_ts": ts}), file)
    [layout] = find_layouts(landed(file)).files
    assert layout.kinds["since_ts"] == NANOSECONDS


def test_settings_of_a_platform_change_the_days_that_it_delivered_to_and_no_others(tmp_path: Path) -> None:
    for platform, ds in (("shop", "2026-01-01"), ("app", "2026-01-02")):
        file = tmp_path / platform / ds / "follows.csv"
        file.parent.mkdir(parents=True)
        file.write_text("follower_id,followee_id\na,b\n")

    def facts(platforms: dict[str, PlatformSettings]) -> list[tuple[str, str]]:
        return [(day.stamp(), day.content()) for day in find_days(tmp_path, DAY, platforms)]

    before = facts({})
    assert facts({"shop": PlatformSettings(), "other": PlatformSettings(time_zone="Europe/Paris")}) == before
    after = facts({"shop": PlatformSettings(time_zone="Europe/Paris")})
    assert [new == old for new, old in zip(after, before, strict=True)] == [False, True]
    assert after[0][1] != before[0][1], "files that were read by other settings are read again"


@pytest.mark.parametrize("name", ["mood` string, `user_id", "a`b", "x string) --", "mood\nforged", "$(id)"])
def test_the_name_of_an_unknown_column_reaches_no_schema_of_spark(tmp_path: Path, name: str) -> None:
    file = tmp_path / "follows.parquet"
    pq.write_table(pa.table({"follower_id": ["a"], "followee_id": ["b"], name: ["c"]}), file)
    [layout] = find_layouts(landed(file)).files
    assert layout.columns == (("followee_id", "string"), ("follower_id", "string"))
