"""Stage, audit, commit: what readers see, what is refused, and what survives killed and competing writers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pyarrow as pa
import pytest
from lake_writer import start_writer, wait_for

from socialrec.contracts.gold import TEXT_EMBEDDINGS, TEXTS
from socialrec.contracts.silver import SILVER_TEMPLATES
from socialrec.errors import UserError
from socialrec.lake import AuditError, CommitConflict, Lake

DAY, NEXT_DAY = "2026-01-01", "2026-01-02"


def texts(ds: str, *hashes: str, kind: str = "product") -> pa.Table:
    n = len(hashes)
    return pa.table(
        {
            "text_hash": list(hashes),
            "kind": [kind] * n,
            "text": [f"text {value}" for value in hashes],
            "language": ["en"] * n,
            "platform": ["demo"] * n,
            "ds": [ds] * n,
        }
    )


def write(lake: Lake, rows: pa.Table, *partitions: str, fingerprint: str = "") -> None:
    with lake.stage(TEXTS, job="test", partitions=partitions) as stage:
        stage.write(rows)
        stage.commit(fingerprint=fingerprint, counts={"published": rows.num_rows})


def hashes(lake: Lake, *partitions: str, version: int | None = None) -> list[str]:
    return sorted(lake.read(TEXTS, partitions or None, version=version).column("text_hash").to_pylist())


def test_a_table_that_was_never_written_is_empty(lake: Lake) -> None:
    assert lake.version(TEXTS) is None
    assert lake.read(TEXTS).num_rows == 0
    assert lake.partitions(TEXTS) == []


def test_staged_rows_are_invisible_until_the_commit(lake: Lake) -> None:
    with lake.stage(TEXTS, job="test", partitions=[DAY]) as stage:
        stage.write(texts(DAY, "a", "b"))
        assert hashes(lake) == []
        stage.commit()
    assert hashes(lake) == ["a", "b"]


def test_leaving_without_a_commit_removes_what_was_staged(lake: Lake) -> None:
    with lake.stage(TEXTS, job="test", partitions=[DAY]) as stage:
        stage.write(texts(DAY, "a"))
    assert not list(lake.path(TEXTS).glob("stage-*"))


def test_a_day_is_replaced_whole_and_no_other_day_changes(lake: Lake) -> None:
    write(lake, pa.concat_tables([texts(DAY, "a", "b"), texts(NEXT_DAY, "c")]), DAY, NEXT_DAY)
    write(lake, texts(DAY, "d"), DAY)
    assert hashes(lake, DAY) == ["d"]
    assert hashes(lake, NEXT_DAY) == ["c"]


def test_replacing_a_day_with_nothing_leaves_it_committed_and_empty(lake: Lake) -> None:
    write(lake, texts(DAY, "a"), DAY)
    write(lake, texts(DAY), DAY)
    assert hashes(lake) == []
    assert lake.partitions(TEXTS) == [DAY]


def test_an_old_version_reads_as_it_was(lake: Lake) -> None:
    write(lake, texts(DAY, "a"), DAY)
    version = lake.version(TEXTS)
    write(lake, texts(DAY, "b"), DAY)
    assert hashes(lake, version=version) == ["a"]
    assert hashes(lake) == ["b"]


def test_a_version_that_does_not_exist_is_a_one_line_error(lake: Lake) -> None:
    write(lake, texts(DAY, "a"), DAY)
    with pytest.raises(UserError, match="gold.texts has no version 99"):
        lake.read(TEXTS, version=99)


def test_history_tells_who_wrote_what_newest_first(lake: Lake) -> None:
    write(lake, texts(DAY, "a"), DAY, fingerprint="one")
    write(lake, texts(NEXT_DAY, "b", "c"), NEXT_DAY, fingerprint="two")
    newest, oldest = lake.history(TEXTS)
    assert (newest.partitions, newest.counts, newest.fingerprint) == ((NEXT_DAY,), {"published": 2}, "two")
    assert (oldest.partitions, oldest.job) == ((DAY,), "test")


def test_a_day_is_up_to_date_only_under_the_fingerprint_it_was_written_with(lake: Lake) -> None:
    write(lake, texts(DAY, "a"), DAY, fingerprint="one")
    assert lake.up_to_date(TEXTS, [DAY], "one")
    assert not lake.up_to_date(TEXTS, [DAY], "two")
    assert not lake.up_to_date(TEXTS, [DAY, NEXT_DAY], "one")


def test_a_fingerprint_changes_with_inputs_and_settings_and_not_otherwise(lake: Lake) -> None:
    write(lake, texts(DAY, "a"), DAY)
    before = lake.fingerprint({TEXTS: [DAY]}, 30.0)
    assert lake.fingerprint({TEXTS: [DAY]}, 30.0) == before
    assert lake.fingerprint({TEXTS: [DAY]}, 31.0) != before
    write(lake, texts(NEXT_DAY, "b"), NEXT_DAY)
    assert lake.fingerprint({TEXTS: [DAY]}, 30.0) == before
    write(lake, texts(DAY, "a"), DAY)
    assert lake.fingerprint({TEXTS: [DAY]}, 30.0) != before


def test_the_newest_day_is_found_up_to_a_given_one(lake: Lake) -> None:
    write(lake, texts(DAY, "a"), DAY)
    write(lake, texts("2026-01-05", "b"), "2026-01-05")
    assert lake.last_partition(TEXTS) == "2026-01-05"
    assert lake.last_partition(TEXTS, until="2026-01-04") == DAY
    assert lake.last_partition(TEXTS, until="2025-12-31") is None


def test_appending_keeps_what_the_partition_held(lake: Lake) -> None:
    for name in ("a", "b"):
        rows = pa.table({"text_hash": [name], "embedding": [[1.0, 0.0]], "encoder_version": ["mini"]})
        with lake.stage(TEXT_EMBEDDINGS, job="test", partitions=["mini"], append=True) as stage:
            stage.write(rows)
            stage.commit()
    assert sorted(lake.read(TEXT_EMBEDDINGS, ["mini"]).column("text_hash").to_pylist()) == ["a", "b"]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1.0, 0.0], [1.0]], "column embedding has 1 lengths too many"),
        ([[1.0, None], [0.0, 1.0]], "column embedding has 1 rows with null elements"),
    ],
)
def test_vectors_of_one_partition_are_whole_and_equally_long(
    lake: Lake, vectors: list[list[float | None]], message: str
) -> None:
    rows = pa.table({"text_hash": ["a", "b"], "embedding": vectors, "encoder_version": ["mini"] * 2})
    with (
        lake.stage(TEXT_EMBEDDINGS, job="test", partitions=["mini"]) as stage,
        pytest.raises(AuditError, match=message),
    ):
        stage.write(rows)
        stage.commit()


def test_vectors_of_two_encoders_may_differ_in_length(lake: Lake) -> None:
    rows = pa.table({"text_hash": ["a", "a"], "embedding": [[1.0, 0.0], [1.0]], "encoder_version": ["mini", "nano"]})
    with lake.stage(TEXT_EMBEDDINGS, job="test", partitions=["mini", "nano"]) as stage:
        stage.write(rows)
        stage.commit()
    assert lake.read(TEXT_EMBEDDINGS, ["nano"])["embedding"].to_pylist() == [[1.0]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (texts(DAY, "a", "a"), r"key \(text_hash\) is repeated in 1 rows"),
        (texts(DAY, "a", kind="poem"), "column kind has 1 unknown values"),
        (texts(DAY, "a").set_column(2, "text", pa.array([None], pa.string())), "column text has 1 nulls"),
    ],
)
def test_rows_that_break_the_contract_are_not_committed(lake: Lake, rows: pa.Table, message: str) -> None:
    write(lake, texts(DAY, "old"), DAY)
    with pytest.raises(AuditError, match=message):
        write(lake, rows, DAY)
    assert hashes(lake) == ["old"]


def test_texts_of_another_form_are_not_committed(lake: Lake) -> None:
    said = {"text": ["It costs {price}.", "It costs {price"], "template_id": ["a", "b"], "platform": ["shop"] * 2}
    rows = pa.table({**said, "intent": ["price"] * 2, "language": ["en"] * 2, "is_active": [True] * 2, "ds": [DAY] * 2})
    rows = rows.append_column("updated_ts", pa.nulls(2, pa.timestamp("us", "UTC")))
    with (
        lake.stage(SILVER_TEMPLATES, job="test", partitions=[DAY]) as stage,
        pytest.raises(AuditError, match="column text has 1 values of another form"),
    ):
        stage.write(rows)
        stage.commit()


def test_files_with_other_columns_are_refused_with_every_mismatch_named(lake: Lake, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    with (
        pytest.raises(AuditError, match=r"mood is not in the contract.*text is int64, not string.*ds is missing"),
        lake.stage(TEXTS, job="test", partitions=[DAY]) as stage,
    ):
        (stage.path / f"part={DAY}").mkdir()
        rows = texts(DAY, "a").drop_columns(["ds", "text"])
        rows = rows.append_column("text", pa.array([3])).append_column("mood", pa.array(["good"]))
        pq.write_table(rows, stage.path / f"part={DAY}" / "x.parquet")
        stage.commit()


def test_rows_of_a_day_that_was_not_announced_are_refused(lake: Lake) -> None:
    with pytest.raises(UserError, match="rows of ds="):
        write(lake, texts(NEXT_DAY, "a"), DAY)


def test_of_two_writers_of_one_empty_day_the_second_is_refused(lake: Lake) -> None:
    with (
        lake.stage(TEXTS, job="first", partitions=[DAY]) as first,
        lake.stage(TEXTS, job="second", partitions=[DAY]) as second,
    ):
        first.write(texts(DAY, "a"))
        second.write(texts(DAY, "a", "b"))
        first.commit()
        with pytest.raises(CommitConflict, match="another run wrote it first"):
            second.commit()
    assert hashes(lake) == ["a"]


def test_writers_of_different_days_do_not_disturb_each_other(lake: Lake) -> None:
    with (
        lake.stage(TEXTS, job="first", partitions=[DAY]) as first,
        lake.stage(TEXTS, job="second", partitions=[NEXT_DAY]) as second,
    ):
        first.write(texts(DAY, "a"))
        second.write(texts(NEXT_DAY, "b"))
        first.commit()
        second.commit()
    assert hashes(lake) == ["a", "b"]


@pytest.mark.parametrize("pause", ["0", "2", "committed"])
def test_a_writer_killed_at_any_point_leaves_a_whole_version_and_the_next_write_repairs(lake: Lake, pause: str) -> None:
    write(lake, texts(DAY, "old"), DAY)
    writer = start_writer(lake.root, DAY, "killed", pause)
    wait_for(writer, "committed" if pause == "committed" else f"wrote {pause}")
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()

    expected = ["killed0", "killed1", "killed2"] if pause == "committed" else ["old"]
    assert hashes(lake) == expected

    write(lake, texts(NEXT_DAY, "new"), NEXT_DAY)
    assert hashes(lake, DAY) == expected
    live = {Path(file).relative_to(lake.path(TEXTS)).parts[0] for file in lake.files(TEXTS)}
    superseded = {commit.attempt for commit in lake.history(TEXTS)} - live
    assert {folder.name for folder in lake.path(TEXTS).glob("stage-*")} == live | superseded
    assert not list(lake.path(TEXTS).glob("stage-*/_owner.json"))


def test_of_two_writing_processes_one_wins_and_the_other_fails_with_a_clear_error(lake: Lake) -> None:
    writers = [start_writer(lake.root, DAY, name, "2") for name in ("left", "right")]
    for writer in writers:
        wait_for(writer, "wrote 2")
    outcomes = [writer.communicate("go\n") for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 2]
    assert "another run wrote it first" in outcomes[1][1]
    assert len(outcomes[1][1].strip().splitlines()) == 1
    assert hashes(lake) == ["left0", "left1", "left2"]


def test_a_living_writers_files_are_not_swept(lake: Lake) -> None:
    writer = start_writer(lake.root, DAY, "alive", "1")
    wait_for(writer, "wrote 1")
    write(lake, texts(NEXT_DAY, "new"), NEXT_DAY)
    writer.communicate("go\n")
    assert writer.returncode == 0
    assert hashes(lake) == ["alive0", "alive1", "alive2", "new"]
