"""Landing files that mean harm: links out of the folder, pipes, files without end, gzip bombs, files that grow."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.check.delivery import files_to_check, read_delivery
from socialrec.etl.landing.files import LandingFile, find_days
from socialrec.etl.landing.layouts import find_layouts
from socialrec.etl.landing.lines import open_bytes
from socialrec.settings.etl import EtlSettings
from socialrec.sources.landing import deliver

DAY = "2026-01-02"
EDGES = "follower_id,followee_id\na,b\n"
GIB = 1 << 30


def put(file: Path, text: str = EDGES) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return put(tmp_path / "home" / "secrets" / "identity.key", "0" * 64)


def link(landing: Path, key: Path, kind: str) -> None:
    day = landing / "shop" / DAY
    put(day / "products.csv", "product_id,title\np,Kite\n")
    outside = put(key.parents[1] / "elsewhere" / DAY / "follows.csv").parent
    match kind:
        case "file":
            (day / "follows.csv").symlink_to(key)
        case "relative":
            (day / "follows.csv").symlink_to("../../../secrets/identity.key")
        case "dangling":
            (day / "follows.csv").symlink_to(landing / "nothing")
        case "chain":
            (day / ".hidden").symlink_to(key)
            (day / "follows.csv").symlink_to(".hidden")
        case "day":
            (landing / "shop" / "2026-01-01").symlink_to(outside)
        case "platform":
            (landing / "app").symlink_to(outside.parent)


KINDS = ["file", "relative", "dangling", "chain", "day", "platform"]


@pytest.mark.parametrize("kind", KINDS)
def test_links_in_the_landing_folder_are_refused_with_one_line(key: Path, kind: str) -> None:
    landing = key.parents[1] / "landing"
    link(landing, key, kind)
    with pytest.raises(UserError, match="is a symbolic link: only real files and folders are read") as error:
        find_days(landing, DAY)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        *((given, kind) for given in ("", "shop", f"shop/{DAY}") for kind in KINDS),
        # In the others this file is not there, or not the link.
        *((f"shop/{DAY}/follows.csv", kind) for kind in ("file", "relative", "chain")),
    ],
)
def test_a_check_refuses_the_links_that_a_night_would_refuse(key: Path, kind: str, given: str) -> None:
    landing = key.parents[1] / "landing"
    link(landing, key, kind)
    sees_it = {"day": given in ("", "shop"), "platform": given == ""}.get(kind, True)
    if not sees_it:
        with files_to_check(landing / given, DAY, EtlSettings()) as files:
            assert [file.entity for file in files] == [Entity.PRODUCTS]
        return
    with (
        pytest.raises(UserError, match="is a symbolic link"),
        files_to_check(landing / given, DAY, EtlSettings()),
    ):
        pass


def test_a_link_that_takes_a_files_place_after_it_was_listed_is_not_followed(key: Path) -> None:
    landing = key.parents[1] / "landing"
    file = put(landing / "shop" / DAY / "follows.csv")
    [day] = find_days(landing, DAY)
    assert day.files[0].is_as_seen
    file.unlink()
    file.symlink_to(key)
    assert not day.files[0].is_as_seen
    for read in (lambda: open_bytes(file), lambda: find_layouts(day.files), day.content):
        with pytest.raises(UserError, match="is a symbolic link"):
            read()
    # The folder above it in place of the file itself.
    file.unlink()
    put(key.parent / "follows.csv")
    file.parent.rmdir()
    file.parent.symlink_to(key.parent)
    with pytest.raises(UserError, match=f"{DAY} is a symbolic link"):
        open_bytes(file)


def test_a_landing_folder_that_is_a_link_itself_is_the_accounts_own(tmp_path: Path) -> None:
    put(tmp_path / "disk" / "shop" / DAY / "follows.csv")
    (tmp_path / "landing").symlink_to(tmp_path / "disk")
    [day] = find_days(tmp_path / "landing", DAY)
    assert find_layouts(day.files).n_lines == {Entity.FOLLOWS: 1}


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_pipes_and_folders_are_refused_at_once(tmp_path: Path, kind: str) -> None:
    file = put(tmp_path / "landing" / "shop" / DAY / "follows.csv")
    [day] = find_days(tmp_path / "landing", DAY)
    file.unlink()
    os.mkfifo(file) if kind == "pipe" else file.mkdir()
    for read in (lambda: find_days(tmp_path / "landing", DAY), lambda: open_bytes(day.files[0].path)):
        with pytest.raises(UserError, match="is a folder, a pipe or a device: deliver a real file"):
            read()
    with (
        pytest.raises(UserError, match="a pipe or a device|nothing has landed"),
        files_to_check(file, DAY, EtlSettings()),
    ):
        pass


def test_an_import_writes_through_no_link(tmp_path: Path) -> None:
    landing, outside = tmp_path / "landing", tmp_path / "outside"
    landing.mkdir()
    outside.mkdir()
    (landing / "demo").symlink_to(outside)
    with pytest.raises(UserError, match="demo is a symbolic link: nothing is written through one"):
        deliver(landing, "demo", lambda name: {})
    (landing / "demo").unlink()
    (landing / ".demo.partial").symlink_to(outside)
    with pytest.raises(UserError, match="cannot take the import"):
        deliver(landing, "demo", lambda name: {})
    assert list(outside.iterdir()) == []


def refusal(file: Path, form: str) -> str:
    """The one line that ingest ends with, and `check` says; both take little of the processor."""
    begun = time.process_time()
    with pytest.raises(UserError) as error:
        find_layouts([LandingFile(file, Entity.FOLLOWS, form)])
    with files_to_check(file, DAY, EtlSettings()) as files:
        [said] = read_delivery(files).problems.values()
    assert said in str(error.value)
    assert "\n" not in said
    assert time.process_time() - begun < 20
    return said


@pytest.mark.parametrize("name", ["follows.csv", "follows.jsonl"])
def test_a_sparse_file_of_six_gib_is_refused_after_a_few_of_them(tmp_path: Path, name: str) -> None:
    file = put(tmp_path / name, EDGES if name.endswith("csv") else '{"follower_id": "a", "followee_id": "b"}\n')
    os.truncate(file, 6 * GIB)
    assert "is longer than 16 MiB: write one record on each line" in refusal(file, file.suffix[1:])


@pytest.mark.parametrize("name", ["follows.csv", "follows.jsonl"])
def test_a_line_of_a_gib_is_refused_with_its_number(tmp_path: Path, name: str) -> None:
    file = put(tmp_path / name, EDGES + '{"follower_id": "')
    os.truncate(file, GIB)
    assert refusal(file, file.suffix[1:]).startswith("line 3 is longer than 16 MiB")


def test_twenty_thousand_columns_are_refused_in_linear_time(tmp_path: Path) -> None:
    names = ["follower_id", "followee_id", *(f"column_{n}" for n in range(20_000))]
    csv = put(tmp_path / "follows.csv", ",".join(names) + "\n")
    jsonl = put(tmp_path / "follows.jsonl", "{" + ",".join(f'"{name}": 1' for name in names) + "}\n")
    parquet = tmp_path / "follows.parquet"
    pq.write_table(pa.table({name: ["a"] for name in names}), parquet)
    for file in (csv, jsonl, parquet):
        assert "20,002 columns, at most 16,384 may be there" in refusal(file, file.suffix[1:])


@pytest.mark.parametrize("content", [b"a,b\n", b"\0"])
def test_a_gzip_bomb_is_refused_before_it_is_unpacked_whole(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "follows.csv.gz"
    file.write_bytes(gzip.compress(EDGES.encode()) + gzip.compress(content * (GIB // 2 // len(content)), 1))
    assert file.stat().st_size < 5 << 20
    said = refusal(file, "csv")
    assert "unpacks to more than 100 times its size" in said or "is longer than 16 MiB" in said


def test_a_parquet_file_of_millions_of_empty_rows_is_refused_by_its_footer(tmp_path: Path) -> None:
    file = tmp_path / "follows.parquet"
    nothing = pa.nulls(1 << 22, pa.string())
    pq.write_table(pa.table({"follower_id": nothing, "followee_id": nothing}), file, compression="zstd")
    assert file.stat().st_size < 1 << 15
    assert "declares 4,194,304 rows" in refusal(file, "parquet")


def test_a_parquet_file_that_declares_more_than_it_can_hold_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "follows.parquet"
    zeros = pa.array(["0" * (1 << 27)])
    pq.write_table(pa.table({"follower_id": zeros, "followee_id": zeros}), file, compression="zstd")
    assert file.stat().st_size < 1 << 20
    assert "bytes unpacked, but has" in refusal(file, "parquet")
