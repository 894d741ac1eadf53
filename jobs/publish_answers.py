"""Export the day's answers as plain Parquet for other systems, and show them on a page."""

from __future__ import annotations

from socialrec.answers.days import open_days
from socialrec.answers.publishing import FILE, export_answers
from socialrec.contracts.gold import ANSWERS
from socialrec.contracts.runs import PUBLISHED_ANSWERS
from socialrec.contracts.silver import SILVER_QUESTIONS
from socialrec.errors import UserError
from socialrec.lake.traffic import Amount
from socialrec.report.answers import AnswersFacts, read_answers
from socialrec.report.page import write_answers
from socialrec.runtime import job

NAME = "publish_answers"


def main(argv: list[str] | None = None) -> int:
    """Publish the committed answers of a day; a dry run publishes nothing and says so."""
    parser = job.parser(__doc__)
    parser.add_argument("--note", default="", help="text before the run's note, such as the reason of a rollback")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        if args.dry_run:
            run.log.info("nothing is published from a dry run")
            run.done(status="dry_run", changed_rows=0)
            return 0
        if run.ds not in run.lake.partitions(ANSWERS):
            raise UserError(f"gold.answers has nothing of {run.ds}: run answer_questions of that day first")
        n_changed, file = export_answers(run.lake, run.settings.export, run.ds), run.settings.export / run.ds / FILE
        n_published = run.lake.dataset(ANSWERS, [run.ds]).count_rows()
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
            note=f"{args.note} {said(facts)}".strip(),
        )
    return 0


def said(facts: AnswersFacts) -> str:
    """Counts of the day in one sentence, for the run's page."""
    others = ", the others handed over" if facts.n_answered < facts.n_questions else ""
    return f"{facts.n_answered:,} of {facts.n_questions:,} open questions answered{others}."


if __name__ == "__main__":
    job.end(main)
