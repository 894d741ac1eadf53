"""The Last.fm importer, on a folder written by hand and on the real files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from socialrec.errors import UserError
from socialrec.sources import import_source
from socialrec.sources.lastfm import import_lastfm

RAW = {
    "artists": "id\tname\turl\tpictureURL\n1\tBj\u00f6rk\tu\tp\n2\tThe \"5.6.7.8's\tu\tp\n".encode(),
    "tags": "tagID\ttagValue\n10\tfran\u00e7ais\n11\tpop\n".encode("latin1"),
    "user_artists": b"userID\tartistID\tweight\n7\t1\t13883\n8\t2\t1\n",
    "user_friends": b"userID\tfriendID\n7\t8\n8\t7\n",
    "user_taggedartists": b"userID\tartistID\ttagID\tday\tmonth\tyear\n7\t1\t10\t1\t4\t2009\n8\t99\t12\t1\t6\t1956\n",
}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, content in RAW.items():
        if name == "tags":
            (folder / f"{name}.dat").write_bytes(content)
        else:
            (folder / f"{name}.dat.gz").write_bytes(gzip.compress(content))
    return folder


def _landed(landing: Path, entity: str) -> list[dict]:
    return pq.read_table(landing / "lastfm" / "2026-01-31" / f"{entity}.parquet", partitioning=None).to_pylist()


def test_listening_tags_friends_and_artists_land_as_the_four_entities(raw: Path, tmp_path: Path) -> None:
    done = import_lastfm(raw, tmp_path / "landing", "2026-01-31")
    assert done.counts == {"products": 2, "interactions": 2, "comments": 2, "follows": 2}
    assert _landed(tmp_path / "landing", "products")[0] == {"product_id": "1", "title": "Björk"}
    assert _landed(tmp_path / "landing", "interactions")[0] == {
        "event_id": "7-1", "user_id": "7", "product_id": "1", "event_type": "view", "quantity": "13883"
    }  # fmt: skip
    assert _landed(tmp_path / "landing", "follows") == [
        {"follower_id": "7", "followee_id": "8"},
        {"follower_id": "8", "followee_id": "7"},
    ]
    assert _landed(tmp_path / "landing", "comments")[0] == {
        "comment_id": "7-1-10", "user_id": "7", "product_id": "1", "text": "français", "created_ts": "2009-04-01"
    }  # fmt: skip


def test_quotation_marks_in_names_mean_nothing(raw: Path, tmp_path: Path) -> None:
    import_lastfm(raw, tmp_path / "landing", "2026-01-31")
    assert _landed(tmp_path / "landing", "products")[1]["title"] == "The \"5.6.7.8's"


def test_odd_records_are_passed_on_for_ingest_to_judge(raw: Path, tmp_path: Path) -> None:
    """An artist nobody listed, a tag without words and an absurd year stay in."""
    import_lastfm(raw, tmp_path / "landing", "2026-01-31")
    assert _landed(tmp_path / "landing", "comments")[1] == {
        "comment_id": "8-99-12", "user_id": "8", "product_id": "99", "text": None, "created_ts": "1956-06-01"
    }  # fmt: skip


def test_a_pair_that_is_there_again_is_an_event_of_its_own(raw: Path, tmp_path: Path) -> None:
    (raw / "user_artists.dat.gz").write_bytes(b"userID\tartistID\tweight\n7\t1\t5\n7\t1\t5\n8\t1\t1\n7\t1\t2\n")
    import_lastfm(raw, tmp_path / "landing", "2026-01-31")
    events = _landed(tmp_path / "landing", "interactions")
    assert [(row["event_id"], row["quantity"]) for row in events] == [
        ("7-1", "5"), ("7-1#2", "5"), ("8-1", "1"), ("7-1#3", "2")
    ]  # fmt: skip


def test_a_mark_at_the_start_other_line_ends_and_blank_lines_change_nothing(raw: Path, tmp_path: Path) -> None:
    import_lastfm(raw, tmp_path / "plain", "2026-01-31")
    for name, content in RAW.items():
        text = content.decode("latin1" if name == "tags" else "utf-8")
        for path in raw.glob(f"{name}.dat*"):
            path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n\r\n").encode())
    import_lastfm(raw, tmp_path / "odd", "2026-01-31")
    for entity in ("products", "interactions", "comments", "follows"):
        assert _landed(tmp_path / "odd", entity) == _landed(tmp_path / "plain", entity)


def test_a_second_import_keeps_what_has_landed(raw: Path, tmp_path: Path) -> None:
    import_lastfm(raw, tmp_path / "landing", "2026-01-31")
    again = import_source("lastfm", tmp_path / "landing", raw, "2026-02-01")
    assert (again.status, again.last_day) == ("kept", "2026-01-31")


def test_a_missing_file_or_folder_is_named_with_the_remedy(raw: Path, tmp_path: Path) -> None:
    (raw / "user_friends.dat.gz").unlink()
    with pytest.raises(UserError, match=r"raw has no user_friends\.dat or user_friends\.dat\.gz: name the folder"):
        import_lastfm(raw, tmp_path / "landing", "2026-01-31")
    with pytest.raises(UserError, match="nowhere is not a folder"):
        import_lastfm(tmp_path / "nowhere", tmp_path / "landing", "2026-01-31")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"tagID\tword\n1\tpop\n", r"tags\.dat lacks the columns tagValue \(it has tagID, word\)"),
        (b"tagID\ttagValue\n1\tpop\n2\n", r"tags\.dat: line 3 has 1 columns, the header 2: get the"),
        (b"tagID\ttagValue\n", r"tags\.dat has a header and no records"),
        (b"tagID\ttagID\ttagValue\n", r"tags\.dat: line 1 has the column tagID twice"),
        (b"", r"tags\.dat is empty: get the"),
    ],
)
def test_a_file_of_another_shape_is_named(raw: Path, tmp_path: Path, content: bytes, complaint: str) -> None:
    (raw / "tags.dat").write_bytes(content)
    with pytest.raises(UserError, match=complaint) as caught:
        import_lastfm(raw, tmp_path / "landing", "2026-01-31")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "landing" / "lastfm").exists()


def test_a_file_cut_short_in_its_gzip_is_named(raw: Path, tmp_path: Path) -> None:
    (raw / "user_artists.dat.gz").write_bytes(gzip.compress(RAW["user_artists"] * 100)[:-20])
    with pytest.raises(UserError, match=r"artists\.dat\.gz: the gzip data are cut or damaged after line \d+"):
        import_lastfm(raw, tmp_path / "landing", "2026-01-31")


@pytest.mark.skipif("SOCIALREC_DATA_DIR" not in os.environ, reason="SOCIALREC_DATA_DIR names no real data")
def test_the_real_files_land_whole(tmp_path: Path) -> None:
    done = import_lastfm(Path(os.environ["SOCIALREC_DATA_DIR"]) / "lastfm" / "raw", tmp_path, "2026-01-31")
    assert done.counts == {"products": 17_632, "interactions": 92_834, "comments": 186_479, "follows": 25_434}
    assert len({row["user_id"] for row in _landed(tmp_path, "interactions")}) == 1_892
    assert len({row["comment_id"] for row in _landed(tmp_path, "comments")}) == 186_479
