"""Insights from texts: into comments, attributes of products, next actions of users, and their opinions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    PRODUCT_ATTRIBUTES,
    USER_OPINIONS,
    USER_PRODUCT_AFFINITY,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.etl.progress import day_tokens, derived_tokens, pack_tokens
from socialrec.features.pictures import picture_version
from socialrec.lake import Stage
from socialrec.runtime import job
from socialrec.text.understanding.aspects import RULES

NAME = "predict_insights"


@dataclass(frozen=True)
class Plan:
    """Work to do: tokens to commit by day of comments, and fingerprints by snapshot, where not up to date."""

    days: Mapping[str, str]
    snapshots: Mapping[Table, str]

    @property
    def is_done(self) -> bool:
        """True if there is nothing to predict."""
        return not self.days and not self.snapshots


def main(argv: list[str] | None = None) -> int:
    """Predict for new texts, or for all texts with a new model, from the vectors of embed_texts."""
    parser = job.parser(__doc__)
    parser.add_argument("--encoder-folder", required=True, type=Path, help="the encoder, from pin_models")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        if missing := [
            t.name for t in (SILVER_PRODUCTS, USER_PRODUCT_AFFINITY) if run.ds not in run.lake.partitions(t)
        ]:
            raise UserError(f"{' and '.join(missing)} has no rows of {run.ds}: run the ETL of that day first")
        folder = args.encoder_folder
        plan = plan_predictions(run, folder.name)
        if plan.is_done:
            run.done(status="up_to_date")
            return 0
        counts = predict(run, folder, plan)
        run.done(status="dry_run" if args.dry_run else "written", counts=counts)
    return 0


def plan_predictions(run: job.Run, model: str) -> Plan:
    """Find the outputs whose inputs, settings or model have changed."""
    lake, ds, settings = run.lake, run.ds, run.settings.text
    wanted = derived_tokens(lake, SILVER_COMMENTS, ds, model, settings.aspects, RULES)
    built = day_tokens(lake, COMMENT_INSIGHTS)
    products = {SILVER_PRODUCTS: [ds]}
    acted = {SILVER_INTERACTIONS: [ds], USER_PRODUCT_AFFINITY: [ds]}
    fingerprints = {
        PRODUCT_ATTRIBUTES: lake.fingerprint(products, model, settings.min_attribute_confidence, picture_version(lake)),
        BEHAVIOUR_PROPENSITIES: lake.fingerprint(products | acted, model, settings.propensity_products),
        USER_OPINIONS: lake.fingerprint(products, pack_tokens(wanted)),
    }
    return Plan(
        {day: token for day, token in sorted(wanted.items()) if built.get(day) != token},
        {table: told for table, told in fingerprints.items() if not lake.up_to_date(table, [ds], told)},
    )


def predict(run: job.Run, folder: Path, plan: Plan) -> dict[str, int]:
    """Make the outdated rows and check them all, then commit; returns their number by table."""
    # torch is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.text.insights import attributes, comments, opinions, propensities
    from socialrec.text.insights.night import InsightNight

    night = InsightNight(run.lake, run.settings.text, run.ds, folder)
    fresh = comments.build(night, list(plan.days))
    makers: dict[Table, Callable[[], pa.Table]] = {
        PRODUCT_ATTRIBUTES: lambda: attributes.build(night),
        BEHAVIOUR_PROPENSITIES: lambda: propensities.build(night),
        USER_OPINIONS: lambda: opinions.build(night, fresh),
    }
    with ExitStack() as stack:
        staged = []
        if plan.days:
            staged.append((stack.enter_context(stage(run, COMMENT_INSIGHTS, list(plan.days), fresh)), len(fresh)))
        for table in plan.snapshots:
            rows = makers[table]()
            staged.append((stack.enter_context(stage(run, table, [run.ds], rows)), len(rows)))
        for written, n_rows in staged:
            if run.args.dry_run:
                written.audit()
            else:
                fingerprint = plan.snapshots.get(written.table, pack_tokens(plan.days))
                written.commit(fingerprint=fingerprint, counts={"published": n_rows})
    return {written.table.noun: n_rows for written, n_rows in staged}


@contextmanager
def stage(run: job.Run, table: Table, partitions: list[str], rows: pa.Table) -> Iterator[Stage]:
    """Stage these rows."""
    with run.lake.stage(table, job=NAME, partitions=partitions) as begun:
        begun.write(rows)
        yield begun


if __name__ == "__main__":
    job.end(main)
