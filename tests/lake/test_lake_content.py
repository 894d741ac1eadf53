"""Whether two tables hold the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from socialrec.contracts.columns import DS, Column, Table
from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.lake.integrity.content import TableContent, content_of_all_runs
from socialrec.lake.schemas import arrow_schema

PRICES = Table(
    layer="gold",
    noun="prices",
    row="a price",
    columns=(
        Column("name", "string", "What"),
        Column("price", "float64", "How much", nullable=True),
        Column("ingested_ts", "timestamp", "When it was read"),
        DS,
    ),
    key=("name",),
    partition="ds",
    writers=(),
)


def write(file: Path, prices: dict[str, float | None], hour: int) -> str:
    rows = [
        {"name": name, "price": price, "ingested_ts": datetime(2026, 1, 2, hour, tzinfo=UTC), "ds": "2026-01-01"}
        for name, price in prices.items()
    ]
    schema = pa.schema([("name", pa.string()), ("price", pa.float64()), ("ingested_ts", pa.timestamp("us", "UTC"))])
    pq.write_table(pa.Table.from_pylist(rows, schema.append(pa.field("ds", pa.string()))), file)
    return str(file)


def test_neither_the_order_of_rows_nor_their_files_nor_the_clock_make_a_difference(tmp_path: Path) -> None:
    whole = [write(tmp_path / "a.parquet", {"kite": 1.5, "lamp": None, "boat": 2.0}, 3)]
    parts = [
        write(tmp_path / "b.parquet", {"boat": 2.0}, 4),
        write(tmp_path / "c.parquet", {"lamp": None, "kite": 1.5}, 5),
    ]
    assert content_of_all_runs(PRICES, whole) == content_of_all_runs(PRICES, parts)
    assert content_of_all_runs(PRICES, whole).n_rows == 3


def test_a_value_that_differs_in_its_last_bit_does(tmp_path: Path) -> None:
    one = content_of_all_runs(PRICES, [write(tmp_path / "a.parquet", {"kite": 0.3}, 3)])
    other = content_of_all_runs(PRICES, [write(tmp_path / "b.parquet", {"kite": 0.1 + 0.2}, 3)])
    assert (one.n_rows, one == other) == (1, False)


def test_a_row_too_many_does(tmp_path: Path) -> None:
    once, twice = ([write(tmp_path / "a.parquet", {"kite": 1.0}, 3)] * n for n in (1, 2))
    assert content_of_all_runs(PRICES, once) != content_of_all_runs(PRICES, twice)


def test_a_table_that_was_never_written_is_empty() -> None:
    assert content_of_all_runs(PRICES, []) == TableContent(0, 0)


def test_decisions_are_the_same_however_long_they_took_but_not_whatever_was_measured(tmp_path: Path) -> None:
    def decide(file: str, seconds: float, ndcg: float) -> str:
        figures = [{"name": "cost/fit_seconds", "value": seconds}, {"name": "test/ndcg_at_10", "value": ndcg}]
        row = dict.fromkeys(arrow_schema(MODEL_DECISIONS).names) | {"figures": figures, "label": "time cut"}
        pq.write_table(pa.Table.from_pylist([row], arrow_schema(MODEL_DECISIONS)), tmp_path / file)
        return str(tmp_path / file)

    first, slow, better = decide("a", 1.0, 0.2), decide("b", 9.0, 0.2), decide("c", 1.0, 0.3)
    assert content_of_all_runs(MODEL_DECISIONS, [first]) == content_of_all_runs(MODEL_DECISIONS, [slow])
    assert content_of_all_runs(MODEL_DECISIONS, [first]) != content_of_all_runs(MODEL_DECISIONS, [better])
