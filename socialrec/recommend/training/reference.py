"""Reference distributions of a night's inputs and scores at training time, kept with the model to detect drift."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import RECOMMENDATIONS, SOCIAL_TIES, USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.evaluate.drift import Histogram, Values, histogram
from socialrec.features.context import Stamp, build_snapshot
from socialrec.features.evidence import MICROS
from socialrec.features.fit_users import users_to_fit
from socialrec.features.inputs import NIGHT_TABLES, read_night, rows_of
from socialrec.lake import Lake
from socialrec.recommend.model import Recommender
from socialrec.recommend.policy import Policy
from socialrec.recommend.signals.base import UserBlock
from socialrec.settings import Settings

FILE = "reference.json"
SAMPLED_USERS = 1_000
"""Approximate number of users whose lists are made to measure the distribution of scores."""

Reference = dict[str, Histogram]


def night_values(
    affinities: pa.Table, ties: pa.Table, products: pa.Table, scores: npt.NDArray[np.float64]
) -> dict[str, Values]:
    """Watched values of a night: rows of gold.user_product_affinity and gold.social_ties, silver.products, scores."""
    categories = affinities.select(["product_id"]).join(products.select(["product_id", "category"]), "product_id")
    return {
        "products_per_user": _per_user(affinities),
        "ties_per_user": _per_user(ties),
        "affinity": affinities["affinity_micros"].to_numpy(zero_copy_only=False) / MICROS,
        "category": np.array(categories["category"].drop_null().to_pylist(), dtype=np.str_),
        "score": scores,
    }


def watched_values(lake: Lake, ds: str, settings: Settings) -> dict[str, Values]:
    """Watched values of a published night; of a large shop, those of some users (see `users_to_fit`)."""
    theirs = rows_of(_watched_users(lake, ds, settings))
    affinities, ties, lists = (
        lake.read(table, [ds], columns, theirs)
        for table, columns in (
            (USER_PRODUCT_AFFINITY, ["user_key", "product_id", "affinity_micros"]),
            (SOCIAL_TIES, ["user_key"]),
            (RECOMMENDATIONS, ["score"]),
        )
    )
    products = lake.read(SILVER_PRODUCTS, [ds], ["product_id", "category"])
    return night_values(affinities, ties, products, lists["score"].to_numpy(zero_copy_only=False))


def _watched_users(lake: Lake, ds: str, settings: Settings) -> pa.Array | None:
    until = [day for day in lake.partitions(SILVER_INTERACTIONS) if day <= ds]
    return users_to_fit(lake, until, settings.recommend.max_fit_users)


def make_reference(lake: Lake, ds: str, recommender: Recommender, settings: Settings) -> Reference:
    """Make the watched distributions of the newest night up to day `ds`; empty where no night was built yet."""
    days = [lake.last_partition(table, until=ds) for table in NIGHT_TABLES]
    newest = min((day for day in days if day), default=None)
    if newest is None or None in days:
        return {}
    night = read_night(lake, newest, recommender.info.encoder_version, _watched_users(lake, newest, settings))
    context = build_snapshot(
        night,
        catalogue=recommender.products,
        stamp=Stamp(newest, "", ""),
        settings=settings,
        sample=min(1.0, SAMPLED_USERS / max(night.profiles.num_rows, 1)),
    )
    policy, scores = Policy(context, recommender.is_new(context.features)), [np.zeros(0)]
    for block in range(context.n_blocks):
        rows = context.block_rows(block)
        chosen = policy.choose(recommender.score(UserBlock.of(context.features, rows)), rows)
        scores.append(chosen.scores[chosen.listed >= 0])
    values = night_values(night.affinities, night.ties, night.products, np.concatenate(scores))
    return {name: histogram(found) for name, found in values.items()}


def save_reference(reference: Reference, folder: Path) -> None:
    """Write the reference beside the model."""
    (folder / FILE).write_text(json.dumps(reference), encoding="utf-8")


def load_reference(folder: Path) -> Mapping[str, Histogram]:
    """Read what `save_reference` wrote; empty for a model without one."""
    file = folder / FILE
    if not file.exists():
        return {}
    content: Reference = json.loads(file.read_text(encoding="utf-8"))
    return content


def _per_user(rows: pa.Table) -> npt.NDArray[np.float64]:
    """Number of rows of each user with any."""
    counts = pc.value_counts(rows["user_key"]).field("counts")
    numbers: npt.NDArray[np.float64] = counts.to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers
