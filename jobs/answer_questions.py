"""Answers to the questions that the shop has not answered yet, from the pinned model, under Spark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from socialrec.answers.days import day_before, open_days
from socialrec.answers.night import GENERAL, AnsweringNight, AnswersStamp, block_answerer
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import ANSWERS, PASSAGES, PRODUCT_ATTRIBUTES, RECOMMENDATIONS
from socialrec.contracts.silver import SILVER_ANSWERS, SILVER_PRODUCTS, SILVER_QUESTIONS, SILVER_TEMPLATES
from socialrec.encoders.prompts import Role, vectors_version
from socialrec.errors import UserError
from socialrec.runtime import job
from socialrec.runtime.scratch import scratch_folder
from socialrec.settings.paths import require_below

NAME = "answer_questions"
SNAPSHOTS = (PASSAGES, SILVER_TEMPLATES, SILVER_PRODUCTS, PRODUCT_ATTRIBUTES, RECOMMENDATIONS)


def main(argv: list[str] | None = None) -> int:
    """Answer every open question of the day; answers of the day before are kept where nothing they rest on changed.

    A dry run is checked but not committed. Sampling does not apply.
    """
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        pins = job.receipt(run.settings, run.run_id, "pin_answers")
        stamp = AnswersStamp(run.ds, pins["answers_version"], pins["encoder_version"], pins["generator_version"])
        if run.ds not in run.lake.partitions(PASSAGES):
            raise UserError(f"gold.passages has no snapshot of {run.ds}: run build_passages of that day first")
        days = open_days(run.lake.partitions(SILVER_QUESTIONS), run.ds, run.settings.answers.open_days)
        earlier = run.lake.last_partition(ANSWERS, until=day_before(run.ds))
        inputs: dict[Table, Sequence[str] | None] = {table: [run.ds] for table in SNAPSHOTS}
        inputs |= {SILVER_QUESTIONS: days, ANSWERS: [earlier] if earlier else []}
        inputs |= {SILVER_ANSWERS: [day for day in run.lake.partitions(SILVER_ANSWERS) if day <= run.ds]}
        fingerprint = run.lake.fingerprint(inputs, vars(stamp), run.settings.answers)
        if run.lake.up_to_date(ANSWERS, [run.ds], fingerprint):
            run.done(status="up_to_date", answers_version=stamp.answers_version)
            return 0
        if run.lake.dataset(SILVER_QUESTIONS, days).count_rows():
            counts = answer(run, stamp, days, earlier, fingerprint)
        else:
            counts = answer_nothing(run, fingerprint)
        status = "dry_run" if args.dry_run else "written"
        run.done(status=status, counts=counts, answers_version=stamp.answers_version)
    return 0


def answer_nothing(run: job.Run, fingerprint: str) -> dict[str, int]:
    """Commit an empty snapshot, without Spark, where nobody asked anything lately."""
    with run.lake.stage(ANSWERS, job=NAME, partitions=[run.ds]) as stage:
        if not run.args.dry_run:
            stage.commit(fingerprint=fingerprint, counts={"published": 0})
    return {"questions": 0}


def answer(
    run: job.Run, stamp: AnswersStamp, days: Sequence[str], earlier: str | None, fingerprint: str
) -> dict[str, int]:
    """Stage the answers, check and commit them; returns how many questions there were, and by decision."""
    # Spark is imported only here, so that a night without questions does not pay for it.
    from socialrec.etl.gold.questions import QuestionBlocks, answered
    from socialrec.etl.keys import Keys
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import commit_stage, count_staged, read_staged, write_stage
    from socialrec.text.understanding.intents import has_intents, intent_reader

    pins = job.receipt(run.settings, run.run_id, "pin_answers")
    model, encoder = (
        require_below(run.settings.models, Path(pins[name])) for name in ("answers_folder", "encoder_folder")
    )
    templates = run.lake.read(SILVER_TEMPLATES, [run.ds])
    with (
        scratch_folder(run.settings.scratch, NAME) as night,
        run.lake.stage(ANSWERS, job=NAME, partitions=[run.ds]) as stage,
        spark_session(NAME, run.settings) as spark,
    ):
        keys = Keys.sharing(run.settings.etl.shared_ids)
        intents = intent_reader(encoder) if has_intents(encoder) else None
        asked, said = (vectors_version(encoder, role) for role in (Role.QUERY, Role.PASSAGE))
        blocks = QuestionBlocks(spark, run.lake, run.ds, asked, said, keys, intents)
        active = templates.filter(templates["is_active"])
        AnsweringNight.save(night, active, blocks.attribute_names(), stamp, run.settings.answers)
        blocks.general().write.parquet(str(night / GENERAL))
        threads = int(spark.conf.get("spark.task.cpus", "1") or 1)
        answer_block = block_answerer(model, night, run.settings.text, threads)
        # Blocks to read and blocks to answer both follow from them.
        questions = blocks.questions(days, earlier).persist()
        write_stage(answered(questions, blocks.passages(), answer_block), stage)
        n_questions = count_staged(stage)
        decided = read_staged(spark, stage).groupBy("decision").count().collect()
        commit_stage(stage, fingerprint=fingerprint, counts={"published": n_questions}, dry_run=run.args.dry_run)
    return {"questions": n_questions, **{row["decision"]: row["count"] for row in decided}}


if __name__ == "__main__":
    job.end(main)
