"""Reuse of lists from earlier nights for users whose input hash has not changed.

Inputs that fade or spread (the age of affinities, trends, communities, new products) change every list a little on
every night. They wait for a user's turn, which comes once in `recommend.keep_lists_days`, and not for all users on one
night.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import LIST_INPUTS, RECOMMENDATIONS
from socialrec.lake import Lake
from socialrec.lake.row_hashes import string_hashes
from socialrec.lake.schemas import arrow_schema
from socialrec.vectors.arrays import ABSENT, Flags, positions


@dataclass(frozen=True)
class EarlierNight:
    """Rows of gold.recommendations and gold.list_inputs of an earlier night."""

    ds: str
    lists: pa.Table
    inputs: pa.Table

    @classmethod
    def before(cls, lake: Lake, ds: str) -> Self | None:
        """Load the newest night before day `ds`; None where there is none, or it has no input hashes of its current
        lists.
        """
        day = last_night(lake, ds)
        made_of = lake.last_commit(LIST_INPUTS, day) if day else None
        if day is None or made_of is None or not lake.up_to_date(RECOMMENDATIONS, [day], made_of.fingerprint):
            return None
        return cls(day, *(lake.read(table, [day]) for table in (RECOMMENDATIONS, LIST_INPUTS)))


@dataclass(frozen=True)
class ReusedLists:
    """Kept lists of a night: the users, their rows of gold.recommendations under its day, and gold.list_inputs of all
    users, with the night that each list was made on.
    """

    users: pa.Array
    lists: pa.Table
    inputs: pa.Table


def last_night(lake: Lake, ds: str) -> str | None:
    """Newest day before `ds` with lists."""
    return max((day for day in lake.partitions(RECOMMENDATIONS) if day < ds), default=None)


def keep_lists(earlier: EarlierNight | None, inputs: pa.Table, offered: pa.Array, days: int) -> ReusedLists:
    """Keep lists whose inputs have not changed, whose products are all on offer, and whose user's turn has not come.

    inputs: rows of gold.list_inputs as `hash_inputs` makes them. offered: product ids. days: 1 or more.
    """
    if earlier is None or not inputs.num_rows:
        return ReusedLists(pa.array([], pa.string()), arrow_schema(RECOMMENDATIONS).empty_table(), inputs)
    ds, users = inputs["ds"][0].as_py(), inputs["user_key"].combine_chunks()
    place = positions(users, earlier.inputs["user_key"].combine_chunks())
    before = np.append(earlier.inputs["inputs_hash"].to_numpy(), 0)[place]
    is_offered = pc.is_in(earlier.lists["product_id"], value_set=offered)
    fallen = earlier.lists["user_key"].filter(pc.invert(is_offered)).combine_chunks()
    stands = (place != ABSENT) & (inputs["inputs_hash"].to_numpy() == before)
    stands &= ~_have_turn(users, earlier.ds, ds, days) & ~_are_in(users, fallen)
    stands &= _are_in(users, earlier.lists["user_key"].combine_chunks())
    standing = users.filter(pa.array(stands))
    lists = earlier.lists.filter(pc.is_in(earlier.lists["user_key"], value_set=standing))
    made = np.where(stands, np.append(earlier.inputs["made_ds"].to_numpy(), ds)[place], ds)
    return ReusedLists(standing, _with(lists, "ds", [ds] * lists.num_rows), _with(inputs, "made_ds", made.tolist()))


def _have_turn(users: pa.Array, then: str, now: str, days: int) -> Flags:
    """Check if each user's turn came after the day `then`: once in `days` days, whichever nights ran."""
    offsets = (string_hashes(pa.chunked_array([users])) % np.uint64(days)).astype(np.int64)
    first, last = (date.fromisoformat(day).toordinal() for day in (then, now))
    turned: Flags = (last + offsets) // days != (first + offsets) // days
    return turned


def _are_in(values: pa.Array, wanted: pa.Array) -> Flags:
    flags: Flags = pc.is_in(values, value_set=wanted).to_numpy(zero_copy_only=False)
    return flags


def _with(rows: pa.Table, column: str, values: list[str]) -> pa.Table:
    return rows.set_column(
        rows.schema.get_field_index(column), rows.schema.field(column), pa.array(values, pa.string())
    )
