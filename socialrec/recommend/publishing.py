"""Published lists: checked whole, then written where readers never see half of them."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.runs import NEWEST_DAY
from socialrec.errors import UserError

FILE = "recommendations.parquet"


def audit_lists(lists: pa.Table, profiles: pa.Table, affinities: pa.Table, offered: pa.Array, list_length: int) -> None:
    """Check that every user of gold.user_profiles has a whole list of products that may be recommended.

    `offered` holds the active products that the model knows. A list may be shorter than `list_length` only where the
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


def export_lists(lists: pa.Table, folder: Path, ds: str) -> int:
    """Write `<folder>/<ds>/recommendations.parquet` and point `<folder>/CURRENT` at the newest day.

    Files are written aside and renamed, so readers see the old or the new. Returns how many rows were not there
    already; with none (and none gone) it touches nothing but a missing or older pointer.
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
    # A backfilled older day must not take readers back in time.
    if not pointer.exists() or pointer.read_text(encoding="utf-8").strip() < ds:
        partial = pointer.with_name(f".{NEWEST_DAY}.{os.getpid()}")
        partial.write_text(f"{ds}\n", encoding="utf-8")
        partial.replace(pointer)
    return n_changed


def _n_changed(old: pa.Table, new: pa.Table) -> int:
    """Rows of one that differ from the other at the same place in the same user's list, or are missing there."""
    if old.equals(new):
        return 0
    places = [name for name in new.column_names if not pa.types.is_nested(new.schema.field(name).type)]
    moved: int = new.select(places).join(old.select(places), places, join_type="left anti").num_rows
    gone: int = old.select(places).join(new.select(places), ["user_key", "rank"], join_type="left anti").num_rows
    # Only reasons differ where no place did.
    return moved + gone or new.num_rows
