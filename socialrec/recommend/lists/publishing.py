"""Publication of lists: checked whole, then written atomically."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.product_ids import SEPARATOR
from socialrec.contracts.runs import NEWEST_DAY
from socialrec.errors import UserError

FILE = "recommendations.parquet"
PRODUCT_PLATFORM = "product_platform"
_PLATFORM_FIRST = r"^(?P<platform>[A-Za-z0-9][A-Za-z0-9._-]*):"


def audit_lists(lists: pa.Table, profiles: pa.Table, affinities: pa.Table, offered: pa.Array, list_length: int) -> None:
    """Check that every user of gold.user_profiles has a full list of products that may be recommended.

    `offered` holds the active products. A list may be shorter than `list_length` only where the
    user has seen the rest of them. Raises UserError that counts every kind of fault.
    """
    counted = lists.group_by("user_key").aggregate(
        [("rank", "count"), ("rank", "max"), ("product_id", "count_distinct")]
    )
    known = affinities.select(["user_key", "product_id"]).filter(pc.is_in(affinities["product_id"], value_set=offered))
    seen = known.group_by("user_key").aggregate([("product_id", "count_distinct")])
    seen = seen.rename_columns({"product_id_count_distinct": "n_seen"})
    users = profiles.select(["user_key"]).join(counted, "user_key").join(seen, "user_key")
    length = pc.fill_null(users["rank_count"], 0)
    left = pc.subtract(len(offered), pc.fill_null(users["n_seen"], 0))
    pairs = lists.select(["user_key", "product_id"])
    strangers = pairs.join(profiles.select(["user_key"]), "user_key", join_type="left anti")
    n_distinct = counted["product_id_count_distinct"]
    faults = {
        "users with a short list": _count(pc.less(length, pc.min_element_wise(left, list_length))),
        "lists with gaps in their ranks": _count(pc.not_equal(counted["rank_count"], counted["rank_max"])),
        "lists that repeat a product": _count(pc.not_equal(counted["rank_count"], n_distinct)),
        "places with a product that is not offered": _count(
            pc.invert(pc.is_in(pairs["product_id"], value_set=offered))
        ),
        "places with a product the user has seen": pairs.join(
            known, ["user_key", "product_id"], join_type="left semi"
        ).num_rows,
        "places of users who are not in gold.user_profiles": strangers.num_rows,
        "places without a reason": _count(pc.equal(pc.list_value_length(lists["reasons"]), 0)),
    }
    wrong = [f"{n} {what}" for what, n in faults.items() if n]
    if wrong:
        raise UserError(
            f"gold.recommendations is not fit to publish: {'; '.join(wrong)}; run score_recommendations again"
        )


def _count(flags: pa.ChunkedArray) -> int:
    return int(pc.sum(flags).as_py() or 0)


def with_source_ids(lists: pa.Table, *, is_shared: bool) -> pa.Table:
    """Convert rows of gold.recommendations to the sources' product ids, and add the column `product_platform`.

    is_shared: all platforms share the ids of products, so that these are the source's already.
    """
    platforms = lists["platform"]
    if not is_shared:
        found = pc.struct_field(pc.extract_regex(lists["product_id"], _PLATFORM_FIRST), "platform")
        platforms = pc.coalesce(found, platforms)
        lists = _with_ids(lists, _without_platform, _without_platform)
    return lists.append_column(PRODUCT_PLATFORM, platforms)


def with_lake_ids(exported: pa.Table, *, is_shared: bool) -> pa.Table:
    """Convert exported rows back to gold.recommendations; rows exported without a platform stay as they are."""
    if PRODUCT_PLATFORM not in exported.column_names:
        return exported
    theirs, own = exported[PRODUCT_PLATFORM].combine_chunks(), exported["platform"].combine_chunks()
    lists = exported.drop_columns(PRODUCT_PLATFORM)
    if is_shared:
        return lists
    n_products = [sum(len(reason["products"]) for reason in reasons) for reasons in lists["reasons"].to_pylist()]
    behind = own.take(pa.array(np.repeat(np.arange(len(own)), n_products)))
    return _with_ids(lists, lambda ids: _joined(theirs, ids), lambda ids: _joined(behind, ids))


def _with_ids(
    lists: pa.Table, listed: Callable[[pa.Array], pa.Array], behind: Callable[[pa.Array], pa.Array]
) -> pa.Table:
    """Replace the ids of products in the lists and in their reasons (which are flattened)."""
    reasons = lists["reasons"].combine_chunks()
    fields = dict(zip((field.name for field in reasons.type.value_type), reasons.flatten().flatten(), strict=True))
    products = fields["products"]
    fields["products"] = pa.ListArray.from_arrays(_offsets(products), behind(products.flatten()), type=products.type)
    structs = pa.StructArray.from_arrays(list(fields.values()), fields=list(reasons.type.value_type))
    changed = pa.ListArray.from_arrays(_offsets(reasons), structs, type=reasons.type)
    for name, values in (("product_id", listed(lists["product_id"].combine_chunks())), ("reasons", changed)):
        place = lists.schema.get_field_index(name)
        lists = lists.set_column(place, lists.schema.field(name), values)
    return lists


def _without_platform(ids: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(ids, _PLATFORM_FIRST, "")


def _joined(platforms: pa.Array, ids: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(platforms, ids, SEPARATOR)


def _offsets(lists: pa.ListArray) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def export_lists(lists: pa.Table, folder: Path, ds: str) -> int:
    """Write `<folder>/<ds>/recommendations.parquet` and point `<folder>/CURRENT` at the newest day.

    Files are written aside and renamed, so readers see the old or the new. Returns the number of new rows; with none
    (and none gone) it touches nothing but a missing or older pointer.
    """
    ordered = lists.sort_by([("user_key", "ascending"), ("rank", "ascending")])
    target = folder / ds / FILE
    n_changed = (
        _n_changed(pq.read_table(target, schema=ordered.schema), ordered) if target.exists() else ordered.num_rows
    )
    if n_changed or not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{FILE}.{os.getpid()}")
        pq.write_table(ordered, partial, compression="zstd")
        partial.replace(target)
    pointer = folder / NEWEST_DAY
    # A backfilled older day must not become the current one.
    if not pointer.exists() or pointer.read_text(encoding="utf-8").strip() < ds:
        partial = pointer.with_name(f".{NEWEST_DAY}.{os.getpid()}")
        partial.write_text(f"{ds}\n", encoding="utf-8")
        partial.replace(pointer)
    return n_changed


def _n_changed(old: pa.Table, new: pa.Table) -> int:
    """Count rows of one that differ from the other at the same place of the same user's list, or are missing there."""
    if old.equals(new):
        return 0
    places = [name for name in new.column_names if not pa.types.is_nested(new.schema.field(name).type)]
    moved: int = new.select(places).join(old.select(places), places, join_type="left anti").num_rows
    gone: int = old.select(places).join(new.select(places), ["user_key", "rank"], join_type="left anti").num_rows
    # Only reasons differ where no place did.
    return moved + gone or new.num_rows
