"""Assignment of a text to its first day, also where that day's night runs after those of later days."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.gold import TEXTS
from socialrec.lake import Lake
from socialrec.lake.rewriting import replace_files, with_changes


def leave_to_first_day(lake: Lake, ds: str, *, job: str) -> None:
    """Remove the texts of day `ds` from later days, without invalidating their commits; no work on a newest day."""
    later = [day for day in lake.partitions(TEXTS) if day > ds]
    if not later:
        return
    first = lake.read(TEXTS, [ds], ["text_hash"])["text_hash"].combine_chunks()

    def is_repeated(rows: pa.Table) -> pa.ChunkedArray:
        return pc.is_in(rows["text_hash"], value_set=first)

    def affected(file: str) -> bool:
        return bool(pc.any(is_repeated(pq.read_table(file, columns=["text_hash"]))).as_py())

    fill = with_changes(lake, affected, lambda rows: rows.filter(pc.invert(is_repeated(rows))))
    repeating = [day for day in later if any(map(affected, lake.files(TEXTS, [day])))]
    replace_files(lake, TEXTS, dict.fromkeys(repeating, fill), job=job)
