"""Files outside the lake with data of the users: exports, reports, planted records, leftovers of killed jobs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.vocabulary import Entity
from socialrec.lake import Lake
from socialrec.privacy.erasure.lists import ListCleaner
from socialrec.privacy.erasure.plan import Plan
from socialrec.recommend.explain.sentences import SHORT_KEY
from socialrec.recommend.lists.publishing import (
    FILE,
    PRODUCT_PLATFORM,
    SENTENCES,
    titles_of,
    with_lake_ids,
    with_sentences,
    with_source_ids,
)
from socialrec.report.facts import read_facts
from socialrec.report.page import PAGE, write_report
from socialrec.settings import Settings


def clean_exports(settings: Settings, lake: Lake, cleaner: Callable[[str], ListCleaner], *, dry_run: bool) -> int:
    """Remove the users from the published lists of all days; returns the number of removed rows."""
    is_shared = Entity.PRODUCTS in settings.etl.shared_ids
    n_gone = 0
    for file in sorted(settings.export.glob(f"*/{FILE}")):
        rows = pq.ParquetFile(file).read()
        lists = with_lake_ids(rows, is_shared=is_shared)
        kept = cleaner(file.parent.name).clean(lists)
        if kept.equals(lists):
            continue
        n_gone += rows.num_rows - kept.num_rows
        if not dry_run:
            if SENTENCES in rows.column_names:
                kept = with_sentences(kept, titles_of(lake, file.parent.name))
            if PRODUCT_PLATFORM in rows.column_names:
                kept = with_source_ids(kept, is_shared=is_shared)
            partial = file.with_name(f".{FILE}.{os.getpid()}")
            pq.write_table(kept, partial, compression="zstd")
            partial.replace(file)
    return n_gone


def clean_truth(settings: Settings, plan: Plan, *, dry_run: bool) -> int:
    """Remove planted records of the users and of their comments; returns the number of removed rows."""
    theirs = {(platform, comment) for platform, _, comment in (said.split(" ", 2) for said in plan.comments)}
    ids = pa.array(plan.ids, pa.string())
    truth, n_gone = settings.home / "truth", 0
    for file in sorted(truth.rglob("*.parquet")):
        rows = pq.ParquetFile(file).read()
        own = file.relative_to(truth).parts[0]
        comments = pa.array(sorted(comment for platform, comment in theirs if platform == own), pa.string())
        for column, values in (("user_id", ids), ("comment_id", comments)):
            if column in rows.column_names:
                kept = rows.filter(pc.invert(pc.is_in(rows[column], value_set=values)))
                n_gone += rows.num_rows - kept.num_rows
                rows = kept
        if not dry_run:
            pq.write_table(rows, file)
    return n_gone


def days_to_render(settings: Settings, plan: Plan) -> list[str]:
    """Days whose report shows one of the users, by the beginning of their pseudonym."""
    short = re.compile("|".join(rf"(?<!\w){key[:SHORT_KEY]}(?!\w)" for key in plan.keys))
    pages = sorted(settings.reports.glob(f"*/{PAGE}"))
    return [page.parent.name for page in pages if short.search(page.read_text(encoding="utf-8"))]


def render_again(settings: Settings, lake: Lake, days: Collection[str]) -> None:
    """Render the reports of these days again from the current tables."""
    for day in days:
        folder = settings.reports / day
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        write_report(folder, summary, read_facts(lake, day, settings.lists.language))
