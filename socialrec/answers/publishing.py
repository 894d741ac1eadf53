"""Publication of answers: plain Parquet for other systems."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from socialrec.contracts.gold import ANSWERS
from socialrec.contracts.product_ids import source_id
from socialrec.lake import Lake
from socialrec.lake.export import export_rows

FILE = "answers.parquet"
INTERNAL = ("user_key", "text_hash", "inputs_hash")
"""Columns that mean nothing outside the lake."""


def export_answers(lake: Lake, folder: Path, ds: str) -> int:
    """Write `<folder>/<ds>/answers.parquet`, sorted by question; see `export_rows`. Returns the number of new rows."""
    return export_rows(lake.dataset(ANSWERS, [ds]), folder / ds / FILE, ("platform", "question_id"), exported)


def exported(answers: pa.Table) -> pa.Table:
    """Rows of gold.answers with the sources' ids of products, without what means nothing outside the lake."""
    platforms = answers["platform"].to_pylist()
    for name in ("product_id", "products"):
        ids = zip(answers[name].to_pylist(), platforms, strict=True)
        place, field = answers.schema.get_field_index(name), answers.schema.field(name)
        answers = answers.set_column(place, field, pa.array([_source_ids(*one) for one in ids], field.type))
    return answers.drop_columns(list(INTERNAL))


def _source_ids(ids: str | list[str] | None, platform: str) -> str | list[str] | None:
    if isinstance(ids, list):
        return [source_id(product, platform) for product in ids]
    return None if ids is None else source_id(ids, platform)
