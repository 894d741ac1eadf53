"""Lists of all users with reasons, from the pinned model and the night's fresh evidence, under Spark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    LIST_INPUTS,
    MODEL_DECISIONS,
    RECOMMENDATIONS,
    SOCIAL_TIES,
    USER_FEATURES,
    USER_PRODUCT_AFFINITY,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.errors import UserError
from socialrec.features.context import Stamp
from socialrec.features.inputs import FEATURE_TABLES, NIGHT_TABLES, comment_days, read_comments
from socialrec.recommend.lists.input_hashes import facts_of, hash_inputs
from socialrec.recommend.lists.keeping import EarlierNight, ReusedLists, keep_lists, last_night
from socialrec.recommend.lists.night import Night
from socialrec.recommend.model import read_document
from socialrec.recommend.model_files import require_unchanged
from socialrec.runtime import job
from socialrec.runtime.scratch import scratch_folder
from socialrec.settings.paths import require_below

NAME = "score_recommendations"


def main(argv: list[str] | None = None) -> int:
    """Score with the model that `pin_models` of the same run pinned; a sample or a dry run is checked but not
    committed.

    With `recommend.keep_lists_days` unchanged lists are kept; a sample is always computed.
    """
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        pins = job.receipt(run.settings, run.run_id, "pin_models")
        versions = {name: pins[name] for name in ("recommender_version", "encoder_version", "model_kind")}
        publishes = args.sample == 1 and not args.dry_run
        keeps = bool(run.settings.recommend.keep_lists_days) and args.sample == 1
        if missing := [table.name for table in FEATURE_TABLES if run.ds not in run.lake.partitions(table)]:
            raise UserError(f"{', '.join(missing)} has no rows of {run.ds}: run build_features of that day first")
        partitions: dict[Table, Sequence[str] | None] = {table: [run.ds] for table in FEATURE_TABLES}
        if keeps:
            partitions |= {table: [run.ds] for table in NIGHT_TABLES}
            partitions |= {SILVER_COMMENTS: comment_days(run.lake, run.ds)}
            if day := last_night(run.lake, run.ds):
                partitions |= {RECOMMENDATIONS: [day]}
        fingerprint = run.lake.fingerprint(partitions, versions, pins["trained_run"], run.settings.recommend)
        if publishes and run.lake.up_to_date(RECOMMENDATIONS, [run.ds], fingerprint):
            run.done(status="up_to_date", **versions)
            return 0
        model = require_below(run.settings.models, Path(pins["recommender_folder"]))
        require_unchanged(run.lake.read(MODEL_DECISIONS), pins["recommender_version"], model)
        catalogue = read_document(model)["products"]
        night = Night.read(run.lake, catalogue, Stamp(run.ds, **versions), run.settings.recommend)
        kept = kept_lists(run, night) if keeps else None
        counts = score(run, model, night, kept, fingerprint, publishes=publishes)
        status = "written" if publishes else "dry_run" if args.dry_run else "sample"
        run.done(status=status, counts=counts, **versions)
    return 0


def kept_lists(run: job.Run, night: Night) -> ReusedLists:
    """Find the lists of the night before that are kept, and hash the inputs of all."""
    import pyarrow as pa

    affinities, ties, profiles = (
        run.lake.read(table, [run.ds]) for table in (USER_PRODUCT_AFFINITY, SOCIAL_TIES, USER_PROFILES)
    )
    facts, comments = facts_of(night.stamp, run.settings), read_comments(run.lake, run.ds)
    inputs = hash_inputs(affinities, ties, profiles, comments, facts=facts)
    offered = night.products.products.filter(pa.array(night.products.active))
    return keep_lists(EarlierNight.before(run.lake, run.ds), inputs, offered, run.settings.recommend.keep_lists_days)


def score(
    run: job.Run, model: Path, night: Night, kept: ReusedLists | None, fingerprint: str, *, publishes: bool
) -> dict[str, int]:
    """Stage the lists, check them, and commit them where they are to be published; returns the counts."""
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.etl.gold.blocks import decode_few_users, in_sample, user_blocks, without
    from socialrec.etl.schemas import spark_schema
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import commit_stage, count_staged, read_table, write_stage
    from socialrec.recommend.lists.scoring import rows_scorer, total_removed

    with (
        scratch_folder(run.settings.scratch, NAME) as folder,
        run.lake.stage(RECOMMENDATIONS, job=NAME, partitions=[run.ds]) as stage,
        spark_session(NAME, run.settings) as spark,
    ):
        night.save(folder)
        decode_few_users(spark)
        users = in_sample(read_table(spark, run.lake, USER_FEATURES, [run.ds]), run.args.sample)
        if kept:
            users = without(users, kept.users)
        counts = {"users": users.where("platform IS NOT NULL").count()}
        n_blocks = night.n_blocks(counts["users"])
        blocks = user_blocks(users, n_blocks, min(n_blocks, 2 * spark.sparkContext.defaultParallelism))
        write_stage(blocks.mapInArrow(rows_scorer(model, folder), spark_schema(RECOMMENDATIONS)), stage)
        if kept:
            counts |= {"users": kept.inputs.num_rows, "kept": len(kept.users)}
            stage.write(kept.lists)
            note_inputs(run, kept, fingerprint, publishes=publishes)
        counts |= {"published": count_staged(stage)}
        commit_stage(stage, fingerprint=fingerprint, counts=counts, dry_run=not publishes)
        removed = {f"removed_{rule}": n for rule, n in total_removed(folder).items()}
    return counts | removed


def note_inputs(run: job.Run, kept: ReusedLists, fingerprint: str, *, publishes: bool) -> None:
    """Write the input hashes before the lists: without lists of the same fingerprint they are ignored."""
    with run.lake.stage(LIST_INPUTS, job=NAME, partitions=[run.ds]) as stage:
        stage.write(kept.inputs)
        if publishes:
            stage.commit(fingerprint=fingerprint, counts={"published": kept.inputs.num_rows})


if __name__ == "__main__":
    job.end(main)
