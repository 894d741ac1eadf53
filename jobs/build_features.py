"""Feature tables of the day under the pinned encoder: all that lists and their reasons read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    ALIGNED_PICTURES,
    COMMENT_INSIGHTS,
    PICTURE_EMBEDDINGS,
    PRODUCT_ATTRIBUTES,
    TEXT_EMBEDDINGS,
)
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.errors import UserError
from socialrec.features.inputs import FEATURE_SETTINGS, FEATURE_TABLES, NIGHT_TABLES, comment_days
from socialrec.features.pictures import picture_version
from socialrec.runtime import job
from socialrec.runtime.scratch import scratch_folder

NAME = "build_features"


def main(argv: list[str] | None = None) -> int:
    """Build the features from gold and silver of the day, and from the vectors and insights of one encoder."""
    parser = job.parser(__doc__)
    parser.add_argument("--encoder-version", required=True, help="encoder whose vectors to use, from pin_models")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        if missing := [table.name for table in NIGHT_TABLES if run.ds not in run.lake.partitions(table)]:
            raise UserError(f"{', '.join(missing)} has no rows of {run.ds}: run the ETL of that day first")
        fingerprint = fingerprint_of(run)
        if all(run.lake.up_to_date(table, [run.ds], fingerprint) for table in FEATURE_TABLES):
            run.done(status="up_to_date")
            return 0
        counts = build(run, fingerprint)
        run.done(status="dry_run" if args.dry_run else "written", counts=counts)
    return 0


def fingerprint_of(run: job.Run) -> str:
    """Fingerprint of all inputs: tables, the encoder, and the settings of features."""
    days, encoder = comment_days(run.lake, run.ds), run.args.encoder_version
    partitions: dict[Table, Sequence[str] | None] = {table: [run.ds] for table in NIGHT_TABLES}
    partitions |= {SILVER_COMMENTS: days, ALIGNED_PICTURES: [encoder]}
    partitions |= {COMMENT_INSIGHTS: [day for day in run.lake.partitions(COMMENT_INSIGHTS) if day in days]}
    partitions |= {PRODUCT_ATTRIBUTES: [run.ds]}
    partitions |= {PICTURE_EMBEDDINGS: [version for version in (picture_version(run.lake),) if version]}
    recommend, etl = run.settings.recommend, run.settings.etl
    read = {name: getattr(recommend, name) for name in FEATURE_SETTINGS}
    weights = (etl.follow_weight, etl.mutual_weight, etl.reply_weight)
    return run.lake.fingerprint(partitions, encoder, vectors_attempt(run), read, *weights)


def vectors_attempt(run: job.Run) -> str | None:
    """Newest attempt at the encoder's vectors that is not of passages and questions, which no feature reads."""
    commits = run.lake.history(TEXT_EMBEDDINGS)
    own = (commit for commit in commits if run.args.encoder_version in commit.partitions)
    return next((commit.attempt for commit in own if commit.job != "embed_passages"), None)


def build(run: job.Run, fingerprint: str) -> dict[str, int]:
    """Stage the tables, then commit; returns their rows."""
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.etl.gold.features import FeatureBuilder
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import commit_stage, count_staged

    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder(run.settings.scratch, NAME))
        stages = [stack.enter_context(run.lake.stage(table, job=NAME, partitions=[run.ds])) for table in FEATURE_TABLES]
        spark = stack.enter_context(spark_session(NAME, run.settings))
        FeatureBuilder(spark, run.lake, run.settings, run.ds, run.args.encoder_version, folder).build(*stages)
        counts = {table.noun: count_staged(stage) for table, stage in zip(FEATURE_TABLES, stages, strict=True)}
        for table, stage in zip(FEATURE_TABLES, stages, strict=True):
            commit_stage(
                stage, fingerprint=fingerprint, counts={"published": counts[table.noun]}, dry_run=run.args.dry_run
            )
    return counts


if __name__ == "__main__":
    job.end(main)
