"""Damage by chance to a lake: every flipped bit is noticed or changes nothing, and no log ends early in silence."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from socialrec.contracts.gold import TEXT_EMBEDDINGS, TEXTS
from socialrec.errors import UserError
from socialrec.etl.tables import read_table, write_stage
from socialrec.lake import Lake
from socialrec.lake import lake as lake_module
from socialrec.lake.integrity import checksums
from socialrec.lake.integrity.checksums import DamagedFileError
from socialrec.lake.integrity.committed import DamagedLogError
from socialrec.lake.integrity.verify import SHARES, share_of, verify_share
from socialrec.lake.upkeep import compact
from socialrec.privacy.erasure.rotation import rotate_identity_key
from socialrec.settings import Settings

N_FLIPS = 60
DAYS = [f"2026-01-{number:02}" for number in range(1, 9)]


def texts(ds: str, n: int = 40) -> pa.Table:
    columns: dict[str, Any] = {"text_hash": [f"{ds} {number}" for number in range(n)], "kind": ["product"] * n}
    columns |= {"text": [f"kite {number} of {ds}" for number in range(n)], "language": ["en"] * n}
    return pa.table({**columns, "platform": ["demo"] * n, "ds": [ds] * n})


@pytest.fixture
def filled(lake: Lake) -> Lake:
    """Two tables in several commits, one file of them merged."""
    for ds in DAYS:
        with lake.stage(TEXTS, job="test", partitions=[ds]) as stage:
            stage.write(texts(ds))
            stage.commit(counts={"published": 40})
    for number in range(4):
        rows = pa.table({"text_hash": [f"t{number}"], "embedding": [[0.5, number]], "encoder_version": ["mini"]})
        with lake.stage(TEXT_EMBEDDINGS, job="test", partitions=["mini"], append=True) as stage:
            stage.write(rows)
            stage.commit()
    compact(lake, TEXT_EMBEDDINGS, 3, job="test")
    return lake


def content(root: Path) -> list[Any]:
    """All that a night reads of the lake."""
    lake = Lake(root)
    return [
        (table.name, lake.partitions(table), lake.read(table).to_pydict(), lake.fingerprint({table: None}))
        for table in (TEXTS, TEXT_EMBEDDINGS)
    ]


def flip(file: Path, place: int) -> None:
    """Flip one bit, counted from the file's first."""
    whole = bytearray(file.read_bytes())
    whole[place // 8] ^= 1 << place % 8
    file.write_bytes(whole)


def log_file(lake: Lake, version: int) -> Path:
    return lake.path(TEXTS) / "_delta_log" / f"{version:020}.json"


@pytest.mark.parametrize("seed", range(3))
def test_every_flipped_bit_is_noticed_or_changes_nothing(filled: Lake, seed: int) -> None:
    before, chance, silent = content(filled.root), random.Random(seed), []
    files = sorted(file for file in filled.root.rglob("*") if file.is_file())
    for _ in range(N_FLIPS):
        file = chance.choice(files)
        place = chance.randrange(file.stat().st_size * 8)
        flip(file, place)
        try:
            if content(filled.root) != before:
                silent.append((file.name, place))
        except UserError as error:
            assert "\n" not in str(error)
            assert "backup" in str(error)
        finally:
            flip(file, place)
    assert silent == []
    assert content(filled.root) == before


def test_a_large_file_is_checked_page_by_page_by_arrow_and_by_spark(
    lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that Spark wrote, too large to be read whole first."""
    monkeypatch.setattr(lake_module, "WHOLE_BYTES", 0)
    with lake.stage(TEXTS, job="test", partitions=[DAYS[0]]) as stage:
        write_stage(spark.createDataFrame(texts(DAYS[0], 500).to_pandas()).coalesce(1), stage)
        stage.commit()
    [file] = lake.files(TEXTS)
    before, column = lake.read(TEXTS).to_pydict(), pq.read_metadata(file).row_group(0).column(2)
    flip(Path(file), (column.data_page_offset + column.total_compressed_size // 2) * 8)
    for crc in Path(file).parent.glob(".*.crc"):  # the local file system's own, which no other one has
        crc.unlink()
    with pytest.raises(DamagedFileError, match=r"gold\.texts: \S+\.parquet cannot be read"):
        Lake(lake.root).read(TEXTS)
    with pytest.raises(Exception, match=r"(?i)crc|checksum"):
        read_table(spark, Lake(lake.root), TEXTS).collect()
    assert len(before["text"]) == 500


DELETED: dict[str, tuple[Callable[[Lake], Path], str]] = {
    "the newest": (
        lambda lake: log_file(lake, 8),
        r"version 8 was committed, the log ends with 7: restore \S+08\.json",
    ),
    "one in the middle": (lambda lake: log_file(lake, 3), "the log lacks version 3: restore"),
    "the first": (lambda lake: log_file(lake, 0), "the log lacks version 0: restore"),
    "the whole log": (lambda lake: log_file(lake, 0).parent, "version 8 was committed, the log is gone: restore"),
    "the table": (lambda lake: lake.path(TEXTS), "version 8 was committed, the log is gone: restore"),
}


@pytest.mark.parametrize(("victim", "message"), DELETED.values(), ids=DELETED.keys())
def test_a_deleted_log_file_is_named_and_no_older_version_is_read_in_silence(
    filled: Lake, victim: Callable[[Lake], Path], message: str
) -> None:
    path = victim(filled)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    found = Lake(filled.root)
    for use in (found.version, found.read, found.partitions, lambda table: found.stage(table, job="x", partitions=[])):
        with pytest.raises(DamagedLogError, match=message):
            use(TEXTS)
    assert found.log_problem(TEXTS)
    assert found.log_problem(TEXT_EMBEDDINGS) is None


def test_a_deleted_file_of_rows_is_named(filled: Lake) -> None:
    file = filled.files(TEXTS, [DAYS[2]])[0]
    Path(file).unlink()
    with pytest.raises(DamagedFileError, match=rf"gold\.texts: {file} is gone"):
        Lake(filled.root).read(TEXTS)


def test_a_lake_of_an_earlier_version_loads_and_is_remembered_from_its_next_write(filled: Lake) -> None:
    before = content(filled.root)
    shutil.rmtree(filled.root / "committed")
    for file in filled.root.rglob("_delta_log/*.json"):
        entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for entry in entries:
            entry.get("commitInfo", {}).pop("checksums", None)
        file.write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    lake = Lake(filled.root)
    assert (content(lake.root), lake.checksums(TEXTS)) == (before, {})
    with lake.stage(TEXTS, job="test", partitions=[DAYS[0]]) as stage:
        stage.write(texts(DAYS[0]))
        stage.commit()
    assert len(lake.checksums(TEXTS)) == 1
    log_file(lake, 4).unlink()
    assert "lacks version 4" in str(Lake(filled.root).log_problem(TEXTS))


def test_in_four_weeks_every_file_is_verified_and_damage_is_named(filled: Lake) -> None:
    files = filled.files(TEXTS)
    weeks = [f"2026-03-{day:02}" for day in (1, 8, 15, 22)]
    assert sorted(str(file) for ds in weeks for file in share_of(files, ds)) == files
    assert sum(verify_share(filled, TEXTS, ds, 1 << 30)[0] for ds in weeks) == len(files)
    assert verify_share(filled, TEXTS, weeks[0], 10) == (0, 0)
    ds = next(ds for ds in weeks if share_of(files, ds))
    [victim, *_] = share_of(files, ds)
    flip(victim, 1000)
    with pytest.raises(DamagedFileError, match=f"{victim} was changed since it was committed"):
        verify_share(filled, TEXTS, ds, 1 << 30)


def test_files_without_a_checksum_are_verified_by_reading_them(filled: Lake) -> None:
    file = Path(filled.files(TEXTS)[0])
    column = pq.read_metadata(file).row_group(0).column(2)
    checksums.require_readable(TEXTS, [file])
    flip(file, (column.data_page_offset + column.total_compressed_size - 4) * 8)
    with pytest.raises(DamagedFileError, match=f"{file} cannot be read"):
        checksums.require_readable(TEXTS, [file])


def test_a_table_that_is_dropped_on_purpose_is_missed_by_nobody(settings: Settings, filled: Lake) -> None:
    assert "gold.user_profiles" in rotate_identity_key(settings, filled)
    filled.drop(TEXTS)
    assert Lake(filled.root).version(TEXTS) is None
    assert SHARES > 1
