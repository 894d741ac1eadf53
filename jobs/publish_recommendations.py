"""Check the night's lists whole and export them as plain Parquet for other systems."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from socialrec import job
from socialrec.contracts.gold import RECOMMENDATIONS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.recommend.model import read_document
from socialrec.recommend.publishing import audit_lists, export_lists

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
        lists = run.lake.read(RECOMMENDATIONS, [run.ds])
        profiles = run.lake.read(USER_PROFILES, [run.ds], ["user_key"])
        affinities = run.lake.read(USER_PRODUCT_AFFINITY, [run.ds], ["user_key", "product_id"])
        audit_lists(lists, profiles, affinities, offered(run), run.settings.recommend.list_length)
        n_changed = export_lists(lists, run.settings.export, run.ds)
        counts = {"users": profiles.num_rows, "published": lists.num_rows}
        target = str(run.settings.export / run.ds)
        run.done(status="written" if n_changed else "up_to_date", counts=counts, changed_rows=n_changed, export=target)
    return 0


def offered(run: job.Run) -> pa.Array:
    """Active products of the day that the pinned model knows."""
    pins = job.receipt(run.settings, run.run_id, "pin_models")
    known = pa.array(read_document(Path(pins["recommender_folder"]))["products"], pa.string())
    products = run.lake.read(SILVER_PRODUCTS, [run.ds], ["product_id", "is_active"])
    active = products["product_id"].filter(products["is_active"])
    return active.filter(pc.is_in(active, value_set=known)).combine_chunks()


if __name__ == "__main__":
    sys.exit(job.guarded(main))
