"""Lists of all users with reasons, from the pinned model and the night's fresh evidence, under Spark."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import COMMENT_INSIGHTS, LIST_INPUTS, MODEL_DECISIONS, RECOMMENDATIONS, TEXT_EMBEDDINGS
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.features.context import ScoringSnapshot, Stamp, build_context
from socialrec.features.inputs import NIGHT_TABLES, comment_days, read_night
from socialrec.recommend.lists.input_hashes import facts_of, hash_inputs
from socialrec.recommend.lists.keeping import EarlierNight, ReusedLists, keep_lists, last_night
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
        days = comment_days(run.lake, run.ds)
        partitions: dict[Table, Sequence[str] | None] = {table: [run.ds] for table in NIGHT_TABLES}
        partitions |= {SILVER_COMMENTS: days, TEXT_EMBEDDINGS: [pins["encoder_version"]]}
        partitions |= {COMMENT_INSIGHTS: [day for day in run.lake.partitions(COMMENT_INSIGHTS) if day in days]}
        if keeps and (day := last_night(run.lake, run.ds)):
            partitions |= {RECOMMENDATIONS: [day]}
        fingerprint = run.lake.fingerprint(partitions, versions, pins["trained_run"], run.settings.recommend)
        if publishes and run.lake.up_to_date(RECOMMENDATIONS, [run.ds], fingerprint):
            run.done(status="up_to_date", **versions)
            return 0
        model = require_below(run.settings.models, Path(pins["recommender_folder"]))
        require_unchanged(run.lake.read(MODEL_DECISIONS), pins["recommender_version"], model)
        context, kept = read_context(run, model, Stamp(run.ds, **versions), keeps=keeps)
        counts = score(run, model, context, kept, fingerprint, publishes=publishes)
        status = "written" if publishes else "dry_run" if args.dry_run else "sample"
        run.done(status=status, counts=counts, **versions)
    return 0


def read_context(
    run: job.Run, model: Path, stamp: Stamp, *, keeps: bool = False
) -> tuple[ScoringSnapshot, ReusedLists | None]:
    """Build the night's evidence over the model's catalogue, for users without a kept list; also returns the kept
    lists.
    """
    import pyarrow as pa

    night = read_night(run.lake, run.ds, stamp.encoder_version)
    catalogue = pa.array(read_document(model)["products"], pa.string())
    context = build_context(night, catalogue=catalogue, stamp=stamp, settings=run.settings, sample=run.args.sample)
    if not keeps:
        return context, None
    facts = facts_of(stamp, run.settings)
    inputs = hash_inputs(night.affinities, night.ties, night.profiles, night.comments, facts=facts)
    offered = context.features.products.filter(pa.array(context.active))
    kept = keep_lists(EarlierNight.before(run.lake, run.ds), inputs, offered, run.settings.recommend.keep_lists_days)
    return context.without(kept.users), kept


def score(
    run: job.Run, model: Path, context: ScoringSnapshot, kept: ReusedLists | None, fingerprint: str, *, publishes: bool
) -> dict[str, int]:
    """Stage the lists, check them, and commit them where they are to be published; returns the counts."""
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.etl.schemas import spark_schema
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import commit_stage, count_staged, write_stage
    from socialrec.recommend.lists.scoring import block_scorer, total_removed

    counts = {"users": len(context.target_rows)}
    with (
        scratch_folder(run.settings.scratch, NAME) as folder,
        run.lake.stage(RECOMMENDATIONS, job=NAME, partitions=[run.ds]) as stage,
        spark_session(NAME, run.settings) as spark,
    ):
        context.save(folder)
        tasks = max(1, min(context.n_blocks, 2 * spark.sparkContext.defaultParallelism))
        blocks = spark.range(0, context.n_blocks, 1, tasks).withColumnRenamed("id", "block")
        rows = blocks.mapInArrow(block_scorer(model, folder), spark_schema(RECOMMENDATIONS))
        write_stage(rows, stage)
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
    sys.exit(job.guarded(main))
