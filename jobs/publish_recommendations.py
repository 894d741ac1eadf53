"""Check the night's lists whole and export them as plain Parquet for other systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from socialrec.contracts.gold import RECOMMENDATIONS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.runs import PUBLISHED_LISTS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.evaluate.drift import drift
from socialrec.lake.export import Beside, Convert
from socialrec.lake.traffic import Amount
from socialrec.recommend.lists.publishing import (
    FILE,
    audit_lists,
    export_lists,
    titles_of,
    with_languages,
    with_sentences,
    with_source_ids,
)
from socialrec.recommend.lists.readers import Readers
from socialrec.recommend.training.reference import load_reference, watched_values
from socialrec.runtime import job
from socialrec.settings.paths import require_below

NAME = "publish_recommendations"


def main(argv: list[str] | None = None) -> int:
    """Publish the committed lists of a day; a sample or a dry run publishes nothing and says so."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        if args.dry_run or args.sample < 1:
            run.log.info("nothing is published from a sample or a dry run; yesterday's lists stay")
            run.done(status="dry_run" if args.dry_run else "sample", changed_rows=0)
            return 0
        if run.ds not in run.lake.partitions(RECOMMENDATIONS):
            raise UserError(f"gold.recommendations has no lists of {run.ds}: run score_recommendations first")
        lists, profiles, affinities = (
            run.lake.dataset(table, [run.ds]) for table in (RECOMMENDATIONS, USER_PROFILES, USER_PRODUCT_AFFINITY)
        )
        products = run.lake.read(SILVER_PRODUCTS, [run.ds], ["product_id", "is_active"])
        pins = job.receipt(run.settings, run.run_id, "pin_models")
        model = require_below(run.settings.models, Path(pins["recommender_folder"]))
        offered = products["product_id"].filter(products["is_active"]).combine_chunks()
        audit_lists(lists, profiles, affinities, offered, run.settings.recommend.list_length)
        n_changed = export_lists(
            lists, run.settings.export, run.ds, converter(run), Beside(profiles, columns=("language",))
        )
        n_published = lists.count_rows()
        if n_changed:
            n_bytes = (run.settings.export / run.ds / FILE).stat().st_size
            run.lake.traffic.wrote(PUBLISHED_LISTS, Amount(n_published, n_bytes))
        moved = drift(load_reference(model), watched_values(run.lake, run.ds, run.settings))
        warnings = warn(run, moved)
        run.done(
            status="written" if n_changed else "up_to_date",
            counts={"users": profiles.count_rows(), "published": n_published},
            changed_rows=n_changed,
            export=str(run.settings.export / run.ds),
            drift=moved,
            warnings=warnings,
        )
    return 0


def converter(run: job.Run) -> Convert:
    """Make the function from rows of gold.recommendations, with each user's language, to exported rows."""
    readers = Readers.of_day(run.lake, run.ds, run.settings.lists.language)
    titles, is_shared = titles_of(run.lake, run.ds), Entity.PRODUCTS in run.settings.etl.shared_ids
    return lambda rows: with_source_ids(with_sentences(with_languages(rows, readers), titles), is_shared=is_shared)


def warn(run: job.Run, moved: Mapping[str, float]) -> list[str]:
    """Warn about distributions that drifted too far from the night that the model was trained on."""
    limit = run.settings.evaluate.max_drift
    warnings = [
        f"{name} has drifted from the model's training: index {index:.2f}, above {limit:g}; train again or find out why"
        for name, index in moved.items()
        if index > limit
    ]
    for line in warnings:
        run.log.warning(line)
    return warnings


if __name__ == "__main__":
    job.end(main)
