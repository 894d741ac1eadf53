"""Users to score come in blocks that do not need more of the shop where it is larger."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from socialrec.bench.children import run_child
from socialrec.contracts.gold import USER_FEATURES
from socialrec.etl.gold.blocks import user_blocks
from socialrec.etl.schemas import spark_schema


def user(number: int, community: int | None, *friends: int, platform: str | None = "shop") -> dict[str, Any]:
    ties = [{"neighbour_key": f"u{friend}", "share": 1.0, "is_follow": True} for friend in friends]
    lists: dict[str, list[Any]] = {name: [] for name in ("products", "words", "cares", "praise", "liked_aspects")}
    named = {"user_key": f"u{number}", "name": f"{number:024x}", "community": community, "platform": platform}
    return {**named, **lists, "ties": ties, "ds": "2026-01-01"}


def blocks_of(spark: SparkSession, n_blocks: int, *users: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    rows = spark.createDataFrame(list(users), spark_schema(USER_FEATURES))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in user_blocks(rows, n_blocks, 2).toArrow().to_pylist():
        found.setdefault(row["block"], []).append(row)
    return found


def test_each_user_gets_a_list_in_one_block_and_a_block_holds_few_communities(spark: SparkSession) -> None:
    """Of 10 communities of 20 users a block of 20 users overlaps two at most, and those without one are the first."""
    communities = [None if number < 20 else number // 20 for number in range(200)]
    blocks = blocks_of(spark, 10, *(user(number, community) for number, community in enumerate(communities)))
    assert sorted(row["user_key"] for rows in blocks.values() for row in rows) == sorted(f"u{n}" for n in range(200))
    assert sorted(blocks) == list(range(10))
    assert {len({row["community"] for row in rows}) for rows in blocks.values()} == {1}


def test_neighbours_come_to_a_block_once_and_bare(spark: SparkSession) -> None:
    """One of another community, and one who gets no list."""
    users = [user(0, 0, 1, 2), user(1, 0, 2), user(2, 1, 0), user(3, 1), user(4, None, platform=None)]
    users[3] = user(3, 1, 4)
    blocks = blocks_of(spark, 2, *users)
    found = {
        block: sorted((row["user_key"], row["platform"], len(row["ties"])) for row in rows)
        for block, rows in blocks.items()
    }
    assert found == {
        0: [("u0", "shop", 2), ("u1", "shop", 1), ("u2", None, 0)],
        1: [("u0", None, 0), ("u2", "shop", 1), ("u3", "shop", 1), ("u4", None, 0)],
    }


def test_a_shop_where_nobody_gets_a_list_has_no_blocks(spark: SparkSession) -> None:
    assert blocks_of(spark, 1, user(0, 0, platform=None)) == {}


READER = """
import sys
from pathlib import Path
from socialrec.etl.gold.blocks import decode_few_users
from socialrec.etl.session import spark_session
from socialrec.settings import load_settings

with spark_session("heavy users", load_settings(Path(sys.argv[1]))) as spark:
    if sys.argv[2] == "few":
        decode_few_users(spark)
    rows = spark.read.parquet(str(Path(sys.argv[1]) / "users.parquet"))
    print(rows.selectExpr("sum(liked[0])").first()[0])
"""


@pytest.mark.slow
def test_users_who_did_much_are_read_in_a_small_java_a_few_at_a_time(tmp_path: Path) -> None:
    """4,096 users with 40,000 numbers each take 655 MB at once, and 41 MB by 256."""
    (tmp_path / "settings.toml").write_text('[spark]\nmaster = "local[1]"\ndriver_memory = "600m"\n')
    starts = np.arange(0, 257 * 40_000, 40_000, dtype=np.int32)
    some = pa.ListArray.from_arrays(starts, np.full(256 * 40_000, 7, dtype=np.int32))
    table = pa.table({"liked": pa.chunked_array([some] * 16)})
    pq.write_table(table, tmp_path / "users.parquet", row_group_size=len(table))
    tmp_path.chmod(0o700)
    command = [sys.executable, "-c", READER, str(tmp_path)]
    assert run_child([*command, "few"]).output == f"{4096 * 7}\n"
    # Without it Java ends, out of memory, and says so in one line.
    wanted = r"UserError: Spark's Java program ran out of memory: set spark.driver_memory \(now 600m\) higher"
    with pytest.raises(RuntimeError, match=wanted):
        run_child([*command, "many"])
