"""Export the day's answers as plain Parquet for other systems, and show them on a page."""

from __future__ import annotations

import sys

import pyarrow as pa

from socialrec.answers.days import open_days
from socialrec.contracts.gold import ANSWERS
from socialrec.contracts.product_ids import source_id
from socialrec.contracts.runs import PUBLISHED_ANSWERS
from socialrec.contracts.silver import SILVER_QUESTIONS
from socialrec.errors import UserError
from socialrec.lake.export import export_rows
from socialrec.lake.traffic import Amount
from socialrec.report.answers import read_answers
from socialrec.report.page import write_answers
from socialrec.runtime import job

NAME = "publish_answers"
FILE = "answers.parquet"
INTERNAL = ("user_key", "text_hash", "inputs_hash")
"""Columns that mean nothing outside the lake."""


def main(argv: list[str] | None = None) -> int:
    """Publish the committed answers of a day; a dry run publishes nothing and says so."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        if args.dry_run:
            run.log.info("nothing is published from a dry run")
            run.done(status="dry_run", changed_rows=0)
            return 0
        if run.ds not in run.lake.partitions(ANSWERS):
            raise UserError(f"gold.answers has nothing of {run.ds}: run answer_questions of that day first")
        answers, file = run.lake.dataset(ANSWERS, [run.ds]), run.settings.export / run.ds / FILE
        n_changed = export_rows(answers, file, ("platform", "question_id"), exported)
        n_published = answers.count_rows()
        if n_changed:
            run.lake.traffic.wrote(PUBLISHED_ANSWERS, Amount(n_published, file.stat().st_size))
        days = open_days(run.lake.partitions(SILVER_QUESTIONS), run.ds, run.settings.answers.open_days)
        facts = read_answers(run.lake, run.ds, days)
        page = write_answers(run.settings.reports / run.ds, facts)
        run.done(
            status="written" if n_changed else "up_to_date",
            counts={"published": n_published, "answered": facts.n_answered},
            changed_rows=n_changed,
            export=str(file),
            report=str(page),
            note=f"{facts.n_answered:,} of {facts.n_questions:,} open questions answered, the others handed over.",
        )
    return 0


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


if __name__ == "__main__":
    sys.exit(job.guarded(main))
