"""Tables at a glance."""

from __future__ import annotations

import pyarrow as pa
import pytest

from socialrec.contracts import TABLES
from socialrec.contracts.gold import TEXTS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.glance import glance_at_all, look_at

DAY, NEXT_DAY = "2026-01-01", "2026-01-02"


def write(lake: Lake, ds: str, *texts: str) -> None:
    rows = [
        {"text_hash": text, "kind": "product", "text": text, "language": "en", "platform": "x", "ds": ds}
        for text in texts
    ]
    with lake.stage(TEXTS, job="test", partitions=[ds]) as stage:
        stage.write(pa.Table.from_pylist(rows))
        stage.commit(counts={"published": len(rows)})


def test_every_table_is_listed_written_or_not(lake: Lake) -> None:
    write(lake, DAY, "a", "b")
    write(lake, NEXT_DAY, "c")
    found = {glance.name: glance for glance in glance_at_all(lake)}
    assert list(found) == list(TABLES)
    texts, other = found["gold.texts"], found["gold.recommendations"]
    assert (texts.rows, texts.partitions, texts.newest_partition, texts.version) == (3, 2, NEXT_DAY, 2)
    assert (other.rows, other.partitions, other.newest_partition, other.version) == (0, 0, None, None)


def test_a_table_shows_the_first_rows_of_its_newest_partition_or_of_the_one_asked_for(lake: Lake) -> None:
    write(lake, DAY, "a", "b")
    write(lake, NEXT_DAY, "c")
    newest, asked = look_at(lake, "gold.texts", None, None, 5), look_at(lake, "gold.texts", DAY, None, 1)
    assert ([row["text"] for row in newest.rows], newest.partition, newest.n_rows) == (["c"], NEXT_DAY, 1)
    assert ([row["text"] for row in asked.rows], asked.n_rows) == (["a"], 2)
    assert [(commit.version, commit.counts) for commit in asked.commits] == [
        (2, {"published": 1}),
        (1, {"published": 2}),
    ]


def test_an_older_version_is_shown_as_it_was(lake: Lake) -> None:
    write(lake, DAY, "a")
    write(lake, DAY, "b")
    assert [row["text"] for row in look_at(lake, "gold.texts", DAY, 1, 5).rows] == ["a"]


def test_what_there_is_not_is_named_with_what_there_is(lake: Lake) -> None:
    with pytest.raises(UserError, match=r"no table 'texts'; there are bronze\.products, "):
        look_at(lake, "texts", None, None, 5)
    with pytest.raises(UserError, match=r"gold\.texts was never written"):
        look_at(lake, "gold.texts", None, None, 5)
    write(lake, DAY, "a")
    write(lake, NEXT_DAY, "b")
    with pytest.raises(UserError) as partition:
        look_at(lake, "gold.texts", "2025-12-31", None, 5)
    assert str(partition.value) == f"gold.texts has nothing for ds=2025-12-31; it has {DAY}, {NEXT_DAY}"
    for version in (0, 99):
        with pytest.raises(UserError) as error:
            look_at(lake, "gold.texts", None, version, 5)
        assert str(error.value) == f"gold.texts has no version {version}; it has 1 to 2"


def test_many_partitions_are_named_by_the_first_and_the_last(lake: Lake) -> None:
    for day in range(1, 7):
        write(lake, f"2026-01-0{day}", "a")
    with pytest.raises(UserError, match=r"for ds=2026-01-09; it has 6, from 2026-01-01 to 2026-01-06"):
        look_at(lake, "gold.texts", "2026-01-09", None, 5)
