"""RecBole's atomic files, written by hand."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from socialrec.errors import UserError
from socialrec.sources import import_source

DS = "2026-01-31"


def landed(landing: Path, entity: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(
        landing / "recbole" / DS / f"{entity}.parquet", partitioning=None
    ).to_pylist()
    return rows


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "kites.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\treview_text:token_seq\n"
        "u1\ti1\t4.0\t1393545600.5\tFlies well\n"
    )
    (folder / "kites.item").write_text(
        "item_id:token\tmovie_title:token_seq\tclass:token_seq\ni1\tRed kite\ttoys\ni2\tBlue kite\ttoys\n"
    )
    (folder / "kites.net").write_text("source_id:token\ttarget_id:token\nu1\tu2\n")
    return folder


def test_interactions_items_and_the_net_land_as_the_four_entities(raw: Path, tmp_path: Path) -> None:
    done = import_source("recbole", tmp_path / "landing", raw, DS)
    assert done.counts == {"products": 2, "interactions": 1, "comments": 1, "follows": 1}
    when = datetime(2014, 2, 28, microsecond=500_000, tzinfo=UTC)
    [event] = landed(tmp_path / "landing", "interactions")
    key = "u1-i1-1393545600.5"
    assert event == {"event_id": key, "user_id": "u1", "product_id": "i1", "event_type": "view", "event_ts": when}
    [comment] = landed(tmp_path / "landing", "comments")
    assert (comment["text"], comment["rating"], comment["created_ts"]) == ("Flies well", "4.0", when)
    assert landed(tmp_path / "landing", "products")[0] == {"product_id": "i1", "title": "Red kite", "category": "toys"}
    assert landed(tmp_path / "landing", "follows") == [{"follower_id": "u1", "followee_id": "u2"}]


def test_interactions_alone_are_enough_and_a_weight_is_the_quantity(raw: Path, tmp_path: Path) -> None:
    for kind in ("item", "net"):
        (raw / f"kites.{kind}").unlink()
    (raw / "kites.inter").write_text("user_id:token\titem_id:token\tweight:float\nu1\ti1\t3\nu2\ti1\t1\n")
    done = import_source("recbole", tmp_path / "landing", raw, DS)
    assert done.counts == {"products": 1, "interactions": 2}
    assert [row["quantity"] for row in landed(tmp_path / "landing", "interactions")] == ["3", "1"]
    assert landed(tmp_path / "landing", "products") == [{"product_id": "i1", "title": "i1"}]


def test_what_is_missing_is_named(raw: Path, tmp_path: Path) -> None:
    (raw / "kites.inter").write_text("user_id:token\tproduct:token\nu1\ti1\n")
    with pytest.raises(UserError, match=r"kites\.inter lacks the columns item_id \(it has user_id, product\)"):
        import_source("recbole", tmp_path / "landing", raw, DS)
    (raw / "kites.inter").unlink()
    with pytest.raises(UserError, match=r"has no \.inter file"):
        import_source("recbole", tmp_path / "landing", raw, DS)
    with pytest.raises(UserError, match=r"needs the folder with RecBole's atomic files"):
        import_source("recbole", tmp_path / "landing", None, DS)


def interactions(raw: Path, tmp_path: Path, content: str | bytes) -> list[dict[str, Any]]:
    """What the importer makes of an `.inter` file, alone in its folder."""
    for file in raw.iterdir():
        file.unlink()
    (raw / "kites.inter").write_bytes(content if isinstance(content, bytes) else content.encode())
    import_source("recbole", tmp_path / "landing", raw, DS)
    return landed(tmp_path / "landing", "interactions")


def test_a_record_that_is_there_again_is_an_event_of_its_own(raw: Path, tmp_path: Path) -> None:
    rows = "u1\tk\t1\nu1\tk\t1\nu2\tk\t1\nu1\tk\t4\n"
    events = interactions(raw, tmp_path, f"user_id:token\titem_id:token\tcount:float\n{rows}")
    assert [row["event_id"] for row in events] == ["u1-k", "u1-k#2", "u2-k", "u1-k#3"]
    assert [row["quantity"] for row in events] == ["1", "1", "1", "4"]


def test_ids_that_join_to_the_same_text_stay_apart(raw: Path, tmp_path: Path) -> None:
    """User a-b with item c, and user a with item b-c; an item that is named like a running number."""
    rows = "a-b\tc\na\tb-c\nu\tk#2\nu\tk\nu\tk\n"
    events = interactions(raw, tmp_path, f"user_id:token\titem_id:token\n{rows}")
    assert [row["event_id"] for row in events] == ["a-b-c", "a-b-c#2", "u-k#2", "u-k", "u-k#2#2"]


def test_a_mark_at_the_start_other_line_ends_and_blank_lines_change_nothing(raw: Path, tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfuser_id:token\titem_id:token\r\n\r\nu1\tk\r\n\nu2\tk\ru3\tk\n\n"
    assert [row["user_id"] for row in interactions(raw, tmp_path, content)] == ["u1", "u2", "u3"]


def test_gzipped_files_are_read_whatever_their_name(raw: Path, tmp_path: Path) -> None:
    assert len(interactions(raw, tmp_path, gzip.compress(b"user_id:token\titem_id:token\nu1\tk\n"))) == 1


def test_a_sequence_of_items_is_an_interaction_each(raw: Path, tmp_path: Path) -> None:
    header = "user_id:token\titem_id_list:token_seq\ttimestamp:float_seq\n"
    events = interactions(raw, tmp_path, f"{header}u1\tk l k\t10 20 30\nu2\tl\t10\n")
    assert [(row["user_id"], row["product_id"], row["event_ts"].second) for row in events] == [
        ("u1", "k", 10), ("u1", "l", 20), ("u1", "k", 30), ("u2", "l", 10)
    ]  # fmt: skip


def test_times_are_seconds_or_milliseconds_and_may_be_absent(raw: Path, tmp_path: Path) -> None:
    rows = "u1\ta\t1393545600\nu1\tb\t1393545600000\nu1\tc\t\nu1\td\tnan\n"
    events = interactions(raw, tmp_path, f"user_id:token\titem_id:token\ttimestamp:float\n{rows}")
    when = datetime(2014, 2, 28, tzinfo=UTC)
    assert [row["event_ts"] for row in events] == [when, when, None, None]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", r"kites\.inter is empty: name the folder with one <name>\.inter"),
        (b"user_id:token\titem_id:token\n", r"kites\.inter has a header and no records"),
        (b"user_id:token\titem_id:token\nu1\tk\tx\n", r"kites\.inter: line 2 has 3 columns, the header 2"),
        (b"user_id:token\titem_id:token\n\nu1\n", r"kites\.inter: line 3 has 1 columns, the header 2"),
        (b"user_id:token,item_id:token\nu1,k\n", r"kites\.inter lacks the columns item_id .*tab-separated"),
        (b"user_id:token\titem_id:token\nu1\tk\nu\xe9\tk\n", r"line 3, byte 2 is 0xE9, which is no UTF-8"),
        (b"user_id:token\titem_id:token\ttimestamp:float\nu\tk\tMay\n", r"line 2 has timestamp 'May', which is no"),
        (b"user_id:token\titem_id:token\ttimestamp:float\nu\tk\t1e400\n", r"line 2 has timestamp '1e400'"),
        (b"user_id:token\titem_id_list:token_seq\ttimestamp:float_seq\nu\tk l\t1\n", "line 2 has not as many times"),
        (
            gzip.compress(b"user_id:token\titem_id:token\n" + b"u1\tk\n" * 99, mtime=0)[:-9],
            "gzip data are cut",
        ),
    ],
)
def test_a_fault_is_one_line_with_the_file_and_the_line(
    raw: Path, tmp_path: Path, content: bytes, complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint) as caught:
        interactions(raw, tmp_path, content)
    assert "\n" not in str(caught.value)
