"""Housekeeping of real tables: fewer files and old versions gone, and nobody downstream has anything to do again."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from socialrec.contracts.gold import SUSPECTS, TEXT_EMBEDDINGS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.lake.upkeep import compact, forget_days, sweep, vacuum

OLD = 40 * 86_400


def append(lake: Lake, *names: str, version: str = "mini") -> None:
    n = len(names)
    rows = pa.table({"text_hash": list(names), "embedding": [[1.0, 0.0]] * n, "encoder_version": [version] * n})
    with lake.stage(TEXT_EMBEDDINGS, job="test", partitions=[version], append=True) as stage:
        stage.write(rows)
        stage.commit(fingerprint=f"until {names[-1]}", counts={"published": n})


def replace(lake: Lake, *names: str) -> None:
    rows = pa.table(
        {"text_hash": list(names), "embedding": [[1.0]] * len(names), "encoder_version": ["mini"] * len(names)}
    )
    with lake.stage(TEXT_EMBEDDINGS, job="test", partitions=["mini"]) as stage:
        stage.write(rows)
        stage.commit()


def hashes(lake: Lake, version: int | None = None) -> list[str]:
    found: list[str] = lake.read(TEXT_EMBEDDINGS, version=version)["text_hash"].to_pylist()
    return found


def age(folder: Path) -> None:
    """Make everything below a folder 40 days old, and Delta's log with it, of which the lake then remembers nothing."""
    for remembered in (folder.parent.parent / "committed").glob("*"):
        remembered.unlink()
    for file in folder.rglob("*"):
        if file.suffix == ".json" and file.parent.name == "_delta_log":
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            for removed in (line["remove"] for line in lines if "remove" in line):
                removed["deletionTimestamp"] -= OLD * 1000
            file.write_text("\n".join(map(json.dumps, lines)))
        if file.is_file():
            os.utime(file, (time.time() - OLD,) * 2)


def write_day(lake: Lake, ds: str) -> None:
    row = dict.fromkeys(arrow_schema(SUSPECTS).names, "ring") | {"ds": ds}
    with lake.stage(SUSPECTS, job="test", partitions=[ds]) as stage:
        stage.write(pa.Table.from_pylist([row], schema=arrow_schema(SUSPECTS)))
        stage.commit(fingerprint="made", counts={"published": 1})


def test_days_long_before_the_newest_are_emptied_once_and_made_again_by_a_run_of_them(lake: Lake) -> None:
    for ds in ("2026-02-27", "2026-02-28", "2026-03-14"):
        write_day(lake, ds)
    assert forget_days(lake, SUSPECTS, 14, job="tidy", dry_run=True) == ["2026-02-27"]
    assert lake.read(SUSPECTS).num_rows == 3
    assert forget_days(lake, SUSPECTS, 14, job="tidy") == ["2026-02-27"]
    assert sorted(lake.read(SUSPECTS)["ds"].to_pylist()) == ["2026-02-28", "2026-03-14"]
    assert not lake.up_to_date(SUSPECTS, ["2026-02-27"], "made")
    assert lake.up_to_date(SUSPECTS, ["2026-02-28"], "made")
    version = lake.version(SUSPECTS)
    assert forget_days(lake, SUSPECTS, 14, job="tidy") == []
    assert lake.version(SUSPECTS) == version


def n_files(lake: Lake) -> int:
    return len(list(lake.path(TEXT_EMBEDDINGS).glob("stage-*/part=*/*.parquet")))


def test_many_small_files_become_one_with_the_same_rows_in_the_same_order(lake: Lake) -> None:
    for name in ("c", "a", "d", "b"):
        append(lake, name)
    before, stands = hashes(lake), lake.fingerprint({TEXT_EMBEDDINGS: None})
    assert compact(lake, TEXT_EMBEDDINGS, 3, job="test", dry_run=True) == 3
    assert len(lake.files(TEXT_EMBEDDINGS)) == 4
    assert compact(lake, TEXT_EMBEDDINGS, 3, job="test") == 3
    assert (hashes(lake), len(lake.files(TEXT_EMBEDDINGS))) == (before, 1)
    # Nobody who made something from these rows has to make it again.
    assert lake.fingerprint({TEXT_EMBEDDINGS: None}) == stands
    assert lake.up_to_date(TEXT_EMBEDDINGS, ["mini"], "until b")
    assert compact(lake, TEXT_EMBEDDINGS, 3, job="test") == 0
    append(lake, "e")
    assert sorted(hashes(lake)) == ["a", "b", "c", "d", "e"]
    assert lake.fingerprint({TEXT_EMBEDDINGS: None}) != stands


def test_a_partition_with_few_files_is_left_as_it_is(lake: Lake) -> None:
    append(lake, "a")
    append(lake, "b")
    version = lake.version(TEXT_EMBEDDINGS)
    assert compact(lake, TEXT_EMBEDDINGS, 2, job="test") == 0
    assert lake.version(TEXT_EMBEDDINGS) == version


def test_old_versions_go_and_those_of_the_last_days_or_that_a_model_needs_stay(lake: Lake) -> None:
    replace(lake, "first")
    replace(lake, "second")
    wanted = lake.version(TEXT_EMBEDDINGS)
    assert wanted is not None
    replace(lake, "third")
    age(lake.path(TEXT_EMBEDDINGS))
    replace(lake, "fourth")
    told = vacuum(lake, TEXT_EMBEDDINGS, 50, [], dry_run=True)
    assert told == []
    told = vacuum(lake, TEXT_EMBEDDINGS, 30, [wanted], dry_run=True)
    assert n_files(lake) == 4
    gone = vacuum(lake, TEXT_EMBEDDINGS, 30, [wanted])
    assert sorted(gone) == sorted(told)
    assert len(gone) == 1
    # The third was the newest until a moment ago: whoever reads it still may.
    assert [hashes(lake, version) for version in (wanted, wanted + 1, None)] == [["second"], ["third"], ["fourth"]]
    with pytest.raises(UserError, match=f"gold.text_embeddings version {wanted - 1} is past its retention"):
        hashes(lake, wanted - 1)


def test_what_a_dead_writer_left_is_told_first_and_then_swept(lake: Lake) -> None:
    append(lake, "a")
    left = lake.path(TEXT_EMBEDDINGS) / "stage-dead"
    (left / "part=mini").mkdir(parents=True)
    (left / "_owner.json").write_text(f'{{"host": "{os.uname().nodename}", "pid": 1, "started": 0}}')
    assert sweep(lake, TEXT_EMBEDDINGS, dry_run=True) == [left]
    assert left.exists()
    assert sweep(lake, TEXT_EMBEDDINGS) == [left]
    assert not left.exists()
    assert hashes(lake) == ["a"]


def test_the_folder_of_a_writer_that_was_killed_before_it_marked_it_is_swept(lake: Lake) -> None:
    append(lake, "a")
    left = lake.path(TEXT_EMBEDDINGS) / "stage-dead"
    left.mkdir()
    append(lake, "b")
    assert not left.exists()
    assert sorted(hashes(lake)) == ["a", "b"]


def test_the_history_that_planning_stands_on_is_never_forgotten(lake: Lake) -> None:
    append(lake, "a", version="one")
    DeltaTable(str(lake.path(TEXT_EMBEDDINGS))).alter.set_table_properties({"delta.checkpointInterval": "2"})
    for name in ("b", "c"):
        append(lake, name)
    age(lake.path(TEXT_EMBEDDINGS))
    for name in ("d", "e", "f"):
        append(lake, name)
    assert lake.partitions(TEXT_EMBEDDINGS) == ["mini", "one"]
    vacuum(lake, TEXT_EMBEDDINGS, 30, [])
    assert lake.partitions(TEXT_EMBEDDINGS) == ["mini", "one"]
