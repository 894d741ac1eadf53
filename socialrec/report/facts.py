"""Facts of a night that the report shows, read from the lake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.bronze import QUARANTINE, QUARANTINED_PICTURES
from socialrec.contracts.columns import Table
from socialrec.contracts.entities import EVENTS
from socialrec.contracts.gold import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    MODEL_DECISIONS,
    PRODUCT_ATTRIBUTES,
    RECOMMENDATIONS,
    USER_OPINIONS,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import AttributeOrigin, Modality
from socialrec.features.suspicion import Suspect, read_suspects
from socialrec.lake import Lake
from socialrec.lake.pictures import PictureStore
from socialrec.recommend.decisions import newest_decision
from socialrec.recommend.lists.published import PublishedList, read_lists, typical_users
from socialrec.report.changes import Changes, read_changes
from socialrec.report.summary import landing_days
from socialrec.report.thumbnails import thumbnails

N_SAMPLES = 10
N_TOP = 10
FAIR = ("activity", "community", "product_age", "seller")
"""Slices of users and products for which the quality of the lists is shown."""


@dataclass(frozen=True)
class Rejected:
    """Records of one entity, or pictures, that were rejected for one reason, and where the first is; values stay in
    quarantine.
    """

    entity: str
    reason: str
    n: int
    example: str


@dataclass(frozen=True)
class Exposure:
    """Spread of the recommendations over products; `coverage` is the share of active products in at least one list.

    `counts` holds the number of lists of every active product, most shown first, int64 (n_active,); `top` the titles
    and counts of the first.
    """

    coverage: float
    counts: np.ndarray[tuple[int], np.dtype[np.int64]]
    top: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Served:
    """Quality of the lists for one group of tested users or of products: users with held-out products, and NDCG."""

    group: str
    n_users: int
    ndcg: float


@dataclass(frozen=True)
class Liked:
    """Opinion of all users on one category or aspect: users and comments behind it, and its mean, -1 to 1."""

    kind: str
    subject: str
    n_users: int
    n_comments: int
    sentiment: float


@dataclass(frozen=True)
class Predicted:
    """Attribute that was predicted for products for which the shop states none: what decided, of how many, and the mean
    confidence, 0 to 1.
    """

    attribute: str
    decided_by: str
    n: int
    confidence: float


@dataclass(frozen=True)
class NightFacts:
    """Everything on the page that is not in the summary.

    `growth` is rows by day of each daily table that has any, `said` how many of the night's comments have each
    sentiment and topic, `liked` what all users think, `expected` the expected number of each next action of the day's
    active users, as far as they do anything, `suspects` the accounts that look like rings, `decision` the row of
    gold.model_decisions that put the lists' model to use, if there is one. `predicted` counts attributes of products
    that the shop does not state. `thumbnails` are the pictures of the samples by hash, as `data:` addresses.
    """

    rejected: tuple[Rejected, ...]
    growth: dict[str, dict[str, int]]
    said: dict[str, dict[str, int]]
    liked: tuple[Liked, ...]
    expected: dict[str, float]
    exposure: Exposure
    samples: tuple[PublishedList, ...]
    changes: Changes | None
    suspects: tuple[Suspect, ...]
    decision: dict[str, Any] | None
    predicted: tuple[Predicted, ...] = ()
    thumbnails: Mapping[str, str] = field(default_factory=dict)


def read_facts(lake: Lake, ds: str, language: str) -> NightFacts:
    """Return the facts of a published day; language: the setting `lists.language`."""
    landed = landing_days(lake, ds)
    growth = {entity.value: rows_by_day(lake, SILVER[entity], ds) for entity in EVENTS}
    samples = tuple(read_lists(lake, ds, sample_users(lake, ds), language))
    return NightFacts(
        rejected=tuple(read_rejected(lake, landed)),
        said=read_said(lake, landed),
        liked=tuple(read_liked(lake, ds)),
        expected=read_expected(lake, ds),
        growth={entity: by_day for entity, by_day in growth.items() if any(by_day.values())},
        exposure=read_exposure(lake, ds),
        samples=samples,
        changes=_changes(lake, ds),
        suspects=tuple(read_suspects(lake, ds)),
        decision=_decision(lake, ds),
        predicted=tuple(read_predicted(lake, ds)),
        thumbnails=thumbnails(PictureStore(lake.root), _pictures_of(samples)),
    )


def read_rejected(lake: Lake, days: Sequence[str]) -> list[Rejected]:
    """Return the quarantined records and pictures of these landing days by entity and reason, most frequent first."""
    found = []
    for entity, table in QUARANTINE.items():
        rows = lake.read(table, days, ["reason", "detail", "source_file", "source_line"])
        rows = rows.sort_by([("source_file", "ascending"), ("source_line", "ascending")])
        for reason in pc.unique(rows["reason"]).to_pylist():
            same = rows.filter(pc.equal(rows["reason"], reason))
            first = same.slice(0, 1).to_pylist()[0]
            column = first["detail"].partition(":")[0]
            example = f"{first['source_file']}:{first['source_line']}, {column}"
            found.append(Rejected(entity.value, reason, same.num_rows, example))
    pictures = lake.read(QUARANTINED_PICTURES, days, ["reason", "source_file"])
    by_reason = pictures.group_by("reason").aggregate([([], "count_all"), ("source_file", "min")]).to_pylist()
    found += [Rejected("pictures", row["reason"], row["count_all"], row["source_file_min"]) for row in by_reason]
    return sorted(found, key=lambda rejected: (-rejected.n, rejected.entity, rejected.reason))


def read_said(lake: Lake, days: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the number of comments of these landing days by sentiment and by topic, most frequent first."""
    rows = lake.read(COMMENT_INSIGHTS, days, ["sentiment", "topic"])
    return {name: _counts(rows[name]) for name in rows.column_names}


def read_liked(lake: Lake, ds: str) -> list[Liked]:
    """Return the opinions on the categories and aspects that most users speak of, best liked first."""
    rows = lake.read(USER_OPINIONS, _this(lake, USER_OPINIONS, ds), ["kind", "subject", "sentiment", "n_comments"])
    rows = rows.append_column("sum", pc.multiply(rows["sentiment"], pc.cast(rows["n_comments"], pa.float64())))
    # On one thread, so that the sums do not depend on how rows are spread.
    found = rows.group_by(["kind", "subject"], use_threads=False)
    totals = found.aggregate([([], "count_all"), ("n_comments", "sum"), ("sum", "sum")]).to_pylist()
    liked = [
        Liked(
            row["kind"], row["subject"], row["count_all"], row["n_comments_sum"], row["sum_sum"] / row["n_comments_sum"]
        )
        for row in totals
    ]
    known = sorted(liked, key=lambda each: (-each.n_users, each.kind, each.subject))[:N_TOP]
    return sorted(known, key=lambda each: -each.sentiment)


def read_predicted(lake: Lake, ds: str) -> list[Predicted]:
    """Return what was predicted of products that day by attribute and by what decided."""
    is_predicted = pc.field("origin") == AttributeOrigin.PREDICTED.value
    names = ["attribute", "decided_by", "confidence"]
    rows = lake.read(PRODUCT_ATTRIBUTES, _this(lake, PRODUCT_ATTRIBUTES, ds), names, is_predicted)
    # On one thread, so that the means do not depend on how rows are spread.
    found = rows.group_by(names[:2], use_threads=False).aggregate([([], "count_all"), ("confidence", "mean")])
    rows_by_name = found.sort_by([(name, "ascending") for name in names[:2]]).to_pylist()
    return [
        Predicted(row["attribute"], row["decided_by"] or Modality.TEXT.value, row["count_all"], row["confidence_mean"])
        for row in rows_by_name
    ]


def read_expected(lake: Lake, ds: str) -> dict[str, float]:
    """Return the sum of the probabilities of each next action, largest first."""
    days = _this(lake, BEHAVIOUR_PROPENSITIES, ds)
    rows = lake.read(BEHAVIOUR_PROPENSITIES, days, ["action", "probability"])
    sums = rows.group_by("action", use_threads=False).aggregate([("probability", "sum")])
    sums = sums.sort_by([("probability_sum", "descending"), ("action", "ascending")])
    return dict(zip(sums["action"].to_pylist(), sums["probability_sum"].to_pylist(), strict=True))


def _this(lake: Lake, table: Table, ds: str) -> list[str]:
    """Partition of a day; none where the table has nothing of it."""
    return [day for day in lake.partitions(table) if day == ds]


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    counted = pa.table({"value": values.drop_null()}).group_by("value").aggregate([([], "count_all")])
    counted = counted.sort_by([("count_all", "descending"), ("value", "ascending")])
    return dict(zip(counted["value"].to_pylist(), counted["count_all"].to_pylist(), strict=True))


def rows_by_day(lake: Lake, table: Table, until: str) -> dict[str, int]:
    """Rows of each partition up to a day."""
    days = [day for day in lake.partitions(table) if day <= until]
    return {day: lake.dataset(table, [day]).count_rows() for day in days}


def read_exposure(lake: Lake, ds: str) -> Exposure:
    """Return the number of lists that hold each active product."""
    shown = lake.read(RECOMMENDATIONS, [ds], ["product_id"])
    counted = shown.group_by("product_id").aggregate([([], "count_all")])
    products = lake.read(SILVER_PRODUCTS, [ds], ["product_id", "title", "is_active"])
    active = products.filter(products["is_active"]).join(counted, "product_id")
    active = active.sort_by([("count_all", "descending"), ("product_id", "ascending")])
    counts = pc.fill_null(active["count_all"], 0).to_numpy()
    titles = active["title"].slice(0, N_TOP).to_pylist()
    coverage = float(np.count_nonzero(counts) / len(counts)) if len(counts) else 0.0
    return Exposure(coverage, counts, tuple(zip(titles, counts[:N_TOP].tolist(), strict=True)))


def sample_users(lake: Lake, ds: str) -> list[str]:
    """Ten users: the typical ones, then others spread evenly over all pseudonyms."""
    keys = lake.read(USER_PROFILES, [ds], ["user_key"])["user_key"].to_pylist()
    keys.sort()
    step = max(len(keys) // N_SAMPLES, 1)
    return list(dict.fromkeys([*typical_users(lake, ds), *keys[::step]]))[:N_SAMPLES]


def _pictures_of(samples: Sequence[PublishedList]) -> Iterator[str]:
    """Hashes of the pictures that the lists show, of first places first."""
    places = sorted((place for found in samples for place in found.places), key=lambda place: place.rank)
    for place in places:
        yield from (picture.picture_hash for picture in (place.picture, *place.alike) if picture)


def _changes(lake: Lake, ds: str) -> Changes | None:
    """Differences from the published day before; None where there is none."""
    earlier = [day for day in lake.partitions(RECOMMENDATIONS) if day < ds]
    return read_changes(lake, earlier[-1], ds) if earlier else None


def served_groups(decision: dict[str, Any] | None) -> list[Served]:
    """The groups that fairness looks at, in order of their names, from the figures of a decision."""
    figures = {figure["name"]: figure["value"] for figure in decision["figures"]} if decision else {}
    found = []
    for name, value in sorted(figures.items()):
        place, _, metric = name.rpartition("/")
        group = place.removeprefix("slice/")
        if metric.startswith("ndcg_at_") and group.partition("/")[0] in FAIR and group != place:
            found.append(Served(group.replace("/", ": ").replace("_", " "), int(figures[f"{place}/n_users"]), value))
    return found


def _decision(lake: Lake, ds: str) -> dict[str, Any] | None:
    made_by = lake.read(RECOMMENDATIONS, [ds], ["recommender_version"]).slice(0, 1)["recommender_version"].to_pylist()
    return newest_decision(lake.read(MODEL_DECISIONS), made_by[0]) if made_by else None
