"""Files of every entity and format, with odd values at random: `check` and ingest give one verdict on every record."""

import csv
import gzip
import io
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.bronze.ingest import judged_records
from socialrec.etl.bronze.judging import FAULTS, list_faults
from socialrec.etl.landing.files import find_days
from socialrec.etl.landing.layouts import find_layouts

DAY = "2026-01-02"
KEY = ("source_file", "source_line")
N_RECORDS = 60
SHARE_ODD = 0.05
VALID = {"string": "kit", "int64": "1999", "float64": "4.5", "bool": "true", "timestamp": "2026-01-01T10:00:00Z"}
"""A valid value by type; lists are LISTED."""
LISTED = '["images/kit.png"]'
ODD = (
    *("", " ", "null", "NaN", "N/A", "-", "\\N", "None", "[]", "{}"),
    *("0", "-1", "6", "1.0", "1e3", "0x3", "3,0", "1d", "inf", "99999999999999999999", "three", "TRUE", "yes"),
    *("2026-01-01", "20260101T100000Z", "2026-01-01T10:00", "01.01.2026", "2026-01-01 10:00:00 CST", "1767261600"),
    *("1767261600000", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "2026-01-09T00:00:00Z", "2026-13-01"),
    *("U1", "u 1", "u\t1", "u\n1", "x" * 300, "à", "很好", "👍", 'say "so"', "a,b", "=1+1", "<b></b>", "\u2028"),
)
"""Values as they come: right in one column, wrong in another."""
TYPED: dict[pa.DataType, tuple[object, ...]] = {
    pa.float64(): (1.0, 1.5, -1.0, float("nan"), float("inf"), 1767261600.0, None),
    pa.int64(): (0, 3, -1, 6, 1767261600, 1 << 62, None),
    pa.bool_(): (True, False, None),
    pa.timestamp("us"): (0, 1767261600000000, 253402214400000000, None),
    pa.timestamp("ns"): (0, 1767261600000000000, None),
}
"""Types of Parquet columns, with values."""


def records(rng: random.Random, entity: Entity) -> list[dict[str, str]]:
    """Records of an entity as text; about one value in twenty is an odd one."""
    found = []
    for number in range(N_RECORDS):
        record = {}
        for column in ENTITIES[entity].columns:
            sound = rng.choice(sorted(column.choices)) if column.choices else VALID.get(column.type, LISTED)
            if column.form:
                sound = "en"
            if column.name.endswith("_id"):
                sound = f"{column.name}-{number}"
            record[column.name] = rng.choice(ODD) if rng.random() < SHARE_ODD else str(sound)
        found.append(record)
    return found


def as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_jsonl(rng: random.Random, rows: list[dict[str, str]]) -> bytes:
    """Each value as text or, where it can be, as JSON's own number, flag, list or nothing."""

    def value(text: str) -> object:
        try:
            return json.loads(text) if rng.random() < 0.5 else text
        except ValueError:
            return text

    return "".join(json.dumps({name: value(text) for name, text in row.items()}) + "\n" for row in rows).encode()


def as_parquet(rng: random.Random, entity: Entity, rows: list[dict[str, str]]) -> bytes:
    """Columns of text; where the contract has another type often columns of one that may become it."""
    columns = {}
    for column in ENTITIES[entity].columns:
        values: list[object] = [row[column.name] for row in rows]
        kind = pa.string()
        if column.type in VALID.keys() - {"string"} and rng.random() < 0.7:
            kind = rng.choice([kind for kind in TYPED if fits(kind, column.type)])
            values = [rng.choice(TYPED[kind]) for _ in rows]
        columns[column.name] = pa.array(values, kind)
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def fits(kind: pa.DataType, contract: str) -> bool:
    """A time is no number, and no other type may become a flag but a number."""
    if pa.types.is_timestamp(kind):
        return contract == "timestamp"
    if pa.types.is_boolean(kind):
        return contract == "bool"
    return pa.types.is_integer(kind) or contract != "bool"


@pytest.mark.parametrize("entity", list(Entity))
def test_check_and_ingest_give_one_verdict_on_every_record(spark: SparkSession, tmp_path: Path, entity: Entity) -> None:
    rng = random.Random(f"verdicts of {entity}")
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    for number in range(3):
        rows = records(rng, entity)
        (folder / f"{entity}-{number}.csv").write_bytes(as_csv(rows))
        (folder / f"{entity}-{number}.jsonl.gz").write_bytes(gzip.compress(as_jsonl(rng, rows), mtime=0))
        (folder / f"{entity}-{number}.parquet").write_bytes(as_parquet(rng, entity, rows))
    layouts = find_layouts(file for day in find_days(tmp_path, DAY) for file in day.files)
    judged = judged_records(spark, entity, layouts.files, {})
    listed = judged_records(spark, entity, layouts.files, {}, list_faults)
    assert judged is not None
    assert listed is not None
    decided = {(row.source_file, row.source_line): row.reason for row in judged.select(*KEY, "reason").collect()}
    faults = {
        (row.source_file, row.source_line): {fault.reason for fault in row[FAULTS]}
        for row in listed.select(*KEY, FAULTS).collect()
    }
    assert len(decided) == 9 * N_RECORDS
    assert decided.keys() == faults.keys()
    n_valid = sum(reason is None for reason in decided.values())
    assert 0.1 < n_valid / len(decided) < 0.9, "the files hold both kinds of record"
    for place, reason in decided.items():
        assert reason in faults[place] if reason else not faults[place], place
