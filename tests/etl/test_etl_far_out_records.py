"""Records made to break their readers: deep, endless or huge ones go to quarantine, and those beside them stay."""

from __future__ import annotations

import json
from pathlib import Path

from pyspark.sql import SparkSession

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.bronze.ingest import judged_records
from socialrec.etl.landing.files import find_days
from socialrec.etl.landing.layouts import find_layouts

DAY = "2026-01-02"
EVENT = {"event_id": "e", "user_id": "u", "product_id": "p", "event_type": "view"}
DEEP, LONG = 100_000, 5_000
FAR_OUT = {
    "never closed": '{"event_id": ' + "[" * DEEP,
    "deep": '{"event_id": ' + "[" * DEEP + "]" * DEEP + "}",
    "deep below an id": json.dumps({**EVENT, "user_id": "?"}).replace('"?"', "[" * 900 + "]" * 900),
    "an int of 5,000 digits": json.dumps(EVENT | {"user_id": 7}).replace("7", "9" * LONG),
    "a float beyond all": json.dumps(EVENT | {"quantity": 7}).replace("7", "1e999"),
    "an exponent of nine digits": json.dumps(EVENT | {"quantity": "1e999999999"}),
    "a zone without end": json.dumps(EVENT | {"event_ts": "2026-01-02T10:00:00 A" + "/a" * DEEP}),
    "a time of digits": json.dumps(EVENT | {"event_ts": "9" * DEEP}),
    "backslashes": json.dumps(EVENT | {"event_id": "\\" * DEEP}),
    "an id of brackets": json.dumps(EVENT | {"event_id": "[" * DEEP}),
}


def test_records_made_to_break_a_reader_go_to_quarantine_and_no_other_does(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    sound = json.dumps(EVENT)
    (folder / "interactions.jsonl").write_text("\n".join([sound, *FAR_OUT.values(), sound]) + "\n")
    layouts = find_layouts(file for day in find_days(tmp_path, DAY) for file in day.files)
    judged = judged_records(spark, Entity.INTERACTIONS, layouts.files, {})
    assert judged is not None
    rows = judged.orderBy("source_line").collect()
    assert len(rows) == len(FAR_OUT) + 2
    assert [row.source_line for row in rows if row.reason is None] == [1, len(rows)]
    assert all(len(row.detail) < 200 for row in rows[1:-1])
