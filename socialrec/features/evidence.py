"""Evidence of events as matrices: what users did with products as of a cut."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.opinions import FAVOURABLE_EVENTS
from socialrec.contracts.vocabulary import EventType
from socialrec.features.opinions import PAIR
from socialrec.settings import Settings
from socialrec.settings.etl import EtlSettings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Indices, csr, positions

MICROS = 1_000_000
DAY_SECONDS = 86_400.0


def affinities_of_events(interactions: pa.Table, day: date, settings: EtlSettings) -> pa.Table:
    """Compute rows in the form of gold.user_product_affinity as of a day from rows of silver.interactions.

    An event adds `weight(event_type) * amount * 2^(-age / half_life)` in whole millionths; the amount is the quantity q
    up to 1 and 1 + ln q above, the age is in whole days of its platform. An event without a time counts as of its
    landing day, or of `day` where that is earlier. Equal to `etl.gold.affinity` to a millionth an event.
    """
    kinds, weights = zip(*settings.event_weights.items(), strict=True)
    kind = positions(interactions["event_type"], pa.array([k.value for k in kinds]))
    quantity = np.asarray(interactions["quantity"].to_numpy(zero_copy_only=False), dtype=np.float64)
    amount = np.minimum(quantity, 1.0) + np.log(np.maximum(quantity, 1.0))
    values = np.append(np.array(weights, dtype=np.float64), 0.0)[kind] * amount
    values *= np.exp2(-_age_days(interactions, day, settings) / settings.affinity_half_life_days)
    events = interactions["event_type"]
    favourable = pc.is_in(events, value_set=pa.array([kind.value for kind in FAVOURABLE_EVENTS]))
    columns = {
        "user_key": interactions["user_key"],
        "product_id": interactions["product_id"],
        "affinity_micros": pa.array((np.sign(values) * np.floor(np.abs(values) * MICROS + 0.5)).astype(np.int64)),
        "n_favourable": pc.cast(favourable, pa.int64()),
        "n_returns": pc.cast(pc.equal(events, EventType.RETURN.value), pa.int64()),
        "last_event_ts": interactions["event_ts"],
    }
    sums = [("affinity_micros", "sum"), ("n_favourable", "sum"), ("n_returns", "sum"), ("last_event_ts", "max")]
    found = pa.table(columns).group_by(list(PAIR)).aggregate(sums)
    found = found.rename_columns({f"{name}_{how}": name for name, how in sums})
    return found.sort_by([(name, "ascending") for name in PAIR])


def affinity_matrix(affinities: pa.Table, users: pa.Array, products: pa.Array, settings: Settings) -> Csr:
    """Compute affinity (n_users, n_products) from rows of gold.user_product_affinity."""
    values = affinities["affinity_micros"].to_numpy(zero_copy_only=False) / MICROS
    rows, columns = positions(affinities["user_key"], users), positions(affinities["product_id"], products)
    cells = csr(values, rows, columns, (len(users), len(products)))
    return scaled(cells, settings.recommend.affinity_exponent)


def scaled(affinity: Csr, exponent: float) -> Csr:
    """`ln(1 + a)` to a power for positive affinities a, float32; returned products and empty cells become 0."""
    result = affinity.copy()
    result.data = np.log1p(np.maximum(result.data, 0.0)).astype(np.float32)
    result.eliminate_zeros()
    result.data **= np.float32(exponent)
    return result


def newest_pairs(
    rows: pa.Table, time_column: str, users: pa.Array, products: pa.Array
) -> tuple[Indices, Indices, Indices]:
    """Newest time in microseconds, user and product of each pair, int64 (n,), in order of user and product.

    Rows without a time are left out.
    """
    dated = rows.filter(pc.is_valid(rows[time_column]))
    newest = dated.group_by(["user_key", "product_id"]).aggregate([(time_column, "max")])
    times = newest[f"{time_column}_max"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    user, product = positions(newest["user_key"], users), positions(newest["product_id"], products)
    order = np.lexsort((product, user))
    order = order[(user[order] != ABSENT) & (product[order] != ABSENT)]
    return times[order], user[order], product[order]


def trend_of_times(times: Indices, products: Indices, n_products: int, share: float) -> F32:
    """Pairs of each product, float32 (n_products,), from one time and product number a pair, int64 (n,), each counting
    by `trend_weights`.
    """
    distinct, place, counts = np.unique(times, return_inverse=True, return_counts=True)
    del distinct
    return np.bincount(products, trend_weights(counts, share)[place], n_products).astype(np.float32)


def trend_weights(counts: Indices, share: float) -> npt.NDArray[np.float64]:
    """Weight of a pair of each time, float64 (n_times,), from the number of pairs of each, oldest first.

    The newest pair counts 1, and one that is older than `share` of all pairs half as much: the time that this takes is
    short in a busy shop, and long in a quiet one.
    """
    total = int(counts.sum())
    return exact(np.exp2(-(total - np.cumsum(counts)) / max(share * total, 1.0)))


def exact(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Round values of about 1 to multiples of 2^-24, float64: sums of up to 2^29 of them are the same in any order."""
    return np.rint(np.asarray(values, dtype=np.float64) * 2**24) / 2**24


def recency_of_times(times: Indices, users: Indices, products: Indices, shape: tuple[int, int]) -> Csr:
    """Rank each user's products by recency, csr float32 (n_users, n_products): the newest is 1, the one before it 2.

    From one time per pair and its row numbers, all int64 (n,); equal times are ordered by the product's number.
    """
    order = np.lexsort((-products, -times, users))
    starts = np.searchsorted(users[order], users[order])
    places = np.arange(1, len(order) + 1) - starts
    return csr(places, users[order], products[order], shape)


def _age_days(interactions: pa.Table, day: date, settings: EtlSettings) -> npt.NDArray[np.float64]:
    """Whole days of each row's platform from its event, or else its landing day, to a day, never below 0."""
    happened = pc.cast(interactions["event_ts"], pa.timestamp("us", "UTC"))
    local = pc.cast(happened, pa.date32())
    for platform in pc.unique(interactions["platform"]).to_pylist():
        zone = settings.platforms[platform].time_zone if platform in settings.platforms else "UTC"
        if zone != "UTC":
            there = pc.cast(pc.local_timestamp(pc.cast(happened, pa.timestamp("us", zone))), pa.date32())
            local = pc.if_else(pc.equal(interactions["platform"], platform), there, local)
    # As etl.days: an event of a day after its landing day, by a wrong clock, counts as of that.
    local = pc.min_element_wise(local, pc.cast(pc.cast(interactions["ds"], pa.string()), pa.date32()))
    numbers = np.asarray(pc.cast(local, pa.int32()).to_numpy(zero_copy_only=False), dtype=np.float64)
    return np.maximum((day - date(1970, 1, 1)).days - numbers, 0.0)
