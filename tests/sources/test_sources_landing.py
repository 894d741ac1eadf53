"""The landing format's writer, and what finds its way among sources and days."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.sources import SOURCES, import_source, newest_day
from socialrec.sources.landing import deliver, write_day

FOLLOWS = pa.table({"follower_id": ["ann", "bob"], "followee_id": ["bob", None]})
PRODUCTS = pa.table({"title": ["Lamp"], "price_cents": [995], "product_id": ["p1"]})


def test_a_parquet_file_holds_the_contracts_columns_in_its_order(tmp_path: Path) -> None:
    path = write_day(tmp_path, "shop", "2026-01-31", Entity.PRODUCTS, PRODUCTS, form="parquet")
    assert path == tmp_path / "shop" / "2026-01-31" / "products.parquet"
    assert pq.read_table(path, partitioning=None).to_pylist() == [
        {"product_id": "p1", "title": "Lamp", "price_cents": 995}
    ]


def test_a_csv_file_has_a_header_and_leaves_unknown_values_empty(tmp_path: Path) -> None:
    path = write_day(tmp_path, "shop", "2026-01-31", Entity.FOLLOWS, FOLLOWS, form="csv")
    assert path.read_text() == '"follower_id","followee_id"\n"ann","bob"\n"bob",\n'


def test_raw_lines_are_written_as_they_are_and_gzipped_alike_each_time(tmp_path: Path) -> None:
    lines = ['{"event_id": "1"}', '{"event_id": ']
    files = [
        write_day(tmp_path, shop, "2026-01-31", Entity.INTERACTIONS, lines, form="jsonl.gz") for shop in ("one", "two")
    ]
    assert gzip.decompress(files[0].read_bytes()).decode() == '{"event_id": "1"}\n{"event_id": \n'
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_finished_day_holds_no_partial_files(tmp_path: Path) -> None:
    write_day(tmp_path, "shop", "2026-01-31", Entity.FOLLOWS, FOLLOWS, form="csv.gz")
    assert [path.name for path in (tmp_path / "shop" / "2026-01-31").iterdir()] == ["follows.csv.gz"]


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"follower_id": ["a"]}, r"missing \['followee_id'\]"),
        ({"follower_id": ["a"], "followee_id": ["b"], "colour": ["red"]}, r"unknown columns \['colour'\]"),
        ({"follower_id": ["a"], "followee_id": [7]}, r"of a wrong type \['followee_id'\]"),
    ],
)
def test_a_table_that_is_not_of_the_contract_is_refused(tmp_path: Path, columns: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        write_day(tmp_path, "shop", "2026-01-31", Entity.FOLLOWS, pa.table(columns), form="csv")
    assert not (tmp_path / "shop").exists()


def test_a_day_in_the_wrong_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="31.01.2026"):
        write_day(tmp_path, "shop", "31.01.2026", Entity.FOLLOWS, FOLLOWS, form="csv")


def test_a_delivery_that_breaks_off_shows_nothing_and_is_begun_anew(tmp_path: Path) -> None:
    def half(platform: str) -> dict[str, int]:
        write_day(tmp_path, platform, "2026-01-30", Entity.FOLLOWS, FOLLOWS, form="csv")
        raise KeyboardInterrupt

    def whole(platform: str) -> dict[str, int]:
        write_day(tmp_path, platform, "2026-01-31", Entity.FOLLOWS, FOLLOWS, form="csv")
        return {"follows": 2}

    with pytest.raises(KeyboardInterrupt):
        deliver(tmp_path, "shop", half)
    assert newest_day(tmp_path) is None
    done = deliver(tmp_path, "shop", whole)
    assert (done.status, done.first_day, done.counts) == ("written", "2026-01-31", {"follows": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_the_newest_day_is_found_over_all_platforms(tmp_path: Path) -> None:
    assert newest_day(tmp_path / "none") is None
    for name in ("shop/2026-01-30", "app/2026-02-01", "app/2025-12-31", ".app.partial/2027-01-01"):
        (tmp_path / name).mkdir(parents=True)
    assert newest_day(tmp_path) == "2026-02-01"


@pytest.mark.parametrize("name", ["2026-1-3", "2026-02-30", "today"])
def test_a_folder_that_is_no_day_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "shop" / name).mkdir(parents=True)
    with pytest.raises(UserError, match=f"shop/{name}: a day's folder is named YYYY-MM-DD"):
        newest_day(tmp_path)


def test_an_unknown_source_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    assert list(SOURCES) == ["demo", "lastfm", "amazon", "recbole"]
    with pytest.raises(UserError, match="no source 'netflix'; there are: demo, lastfm, amazon, recbole"):
        import_source("netflix", tmp_path, None, "2026-01-31")


def test_sources_are_told_when_data_are_missing_or_of_no_use(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="DATA=<folder>"):
        import_source("lastfm", tmp_path, None, "2026-01-31")
    with pytest.raises(UserError, match="makes its own data"):
        import_source("demo", tmp_path, tmp_path, "2026-01-31")


def test_a_landing_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "landing").write_text("")
    with pytest.raises(UserError, match="landing cannot take the import"):
        deliver(tmp_path / "landing", "shop", lambda _: {})
