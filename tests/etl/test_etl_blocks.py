"""Users to score come in blocks that do not need more of the shop where it is larger."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

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
