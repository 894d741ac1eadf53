"""RecBole's atomic files, written by hand."""

from __future__ import annotations

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
