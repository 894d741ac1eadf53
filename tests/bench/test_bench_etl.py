"""The ETL benchmark, for real and tiny."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialrec.bench.etl import benchmark
from socialrec.bench.etl.agreement import agree
from socialrec.bench.etl.benchmark import run
from socialrec.bench.etl.landing import LandingSizes, generate
from socialrec.contracts.silver import SILVER_FOLLOWS
from socialrec.errors import UserError


@pytest.mark.slow
def test_our_jobs_and_duckdb_make_the_same_tables_and_the_figures_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its figures are not what is tested: start Spark once to measure that, and compile with one tier.
    monkeypatch.setattr(benchmark, "_N_STARTS", 1)
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
    said: list[str] = []
    found = json.loads(run(tmp_path, scale=0.0005, shares=(1.0,), progress=said.append).to_json())
    assert set(found) >= {"name", "metrics", "seconds", "peak_mib", "peers", "ratio", "versions", "machine"}
    assert set(found["seconds"]) == {"ingest", "silver", "gold", "total_at_1", "start_up_a_job"}
    assert set(found["peers"]["duckdb"]["seconds"]) == {"ingest", "silver", "gold"}
    assert found["peak_mib"] > found["peers"]["duckdb"]["peak_mib"] > 0
    ours, theirs = found["seconds"]["total_at_1"], sum(found["peers"]["duckdb"]["seconds"].values())
    assert found["ratio"] == pytest.approx(theirs / ours, rel=0.1, abs=0.001)
    rows = {name: number for name, number in found["metrics"].items() if name.startswith("rows_")}
    assert found["metrics"]["tables_agree"]
    assert rows["rows_bronze.interactions"] + rows["rows_quarantine.interactions"] >= 5000
    assert min(rows[f"rows_gold.{noun}"] for noun in ("user_product_affinity", "social_ties", "texts")) > 0
    assert said[-1] == "comparing the tables"
    assert list(tmp_path.iterdir()) == []


def test_generated_days_are_the_same_each_time_and_as_many_as_asked_for(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        generate(tmp_path / name, LandingSizes(1000, 100, 500, 50, 20))
        files.append(sorted((tmp_path / name).glob("*/*/interactions.parquet")))
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
    assert sum(pq.read_metadata(file).num_rows for file in files[0]) == 1000


def test_tables_that_differ_are_named(tmp_path: Path) -> None:
    for name, user in (("ours", "a"), ("peer", "b")):
        (tmp_path / name).mkdir()
        columns = {column.name: [user] for column in SILVER_FOLLOWS.columns if column.type == "string"}
        times = {name: pa.nulls(1, pa.timestamp("us", tz="UTC")) for name in ("since_ts", "until_ts")}
        pq.write_table(pa.table(columns | times), tmp_path / name / "rows.parquet")
    ours = [str(tmp_path / "ours" / "rows.parquet")]
    assert agree([(SILVER_FOLLOWS, ours, tmp_path / "ours")]) == {"silver.follows": 1}
    with pytest.raises(UserError, match=r"differ in silver.follows \(1 rows, there 1\)"):
        agree([(SILVER_FOLLOWS, ours, tmp_path / "peer")])
