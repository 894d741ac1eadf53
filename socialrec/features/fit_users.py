"""Users that a training learns from: all, or in large shops a part of them, so that its memory has a bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.silver import SILVER_INTERACTIONS
from socialrec.lake import Lake
from socialrec.lake.row_hashes import mixed, row_hashes
from socialrec.privacy.user_order import HAPPENED, INTERACTION_PARTS
from socialrec.vectors.arrays import positions, vocabulary


def users_to_fit(
    lake: Lake, days: Sequence[str], most: int, versions: Mapping[str, int | None] | None = None
) -> pa.Array | None:
    """Keys of at most so many users with interactions on these days, sorted; None where that is all of them.

    The users are drawn by a hash of what each did, so that the same shop gives the same users under any pseudonyms.
    Rows are read in batches: in memory are one key and one number per user.
    """
    dataset = lake.dataset(SILVER_INTERACTIONS, days, (versions or {}).get(SILVER_INTERACTIONS.name))
    known = pa.array([], pa.string())
    for batch in dataset.to_batches(columns=["user_key"], filter=HAPPENED):
        known = pc.unique(pa.chunked_array([known, batch["user_key"]]))
    keys = vocabulary(pa.chunked_array([known]))
    if len(keys) <= most:
        return None
    hashes = np.zeros(len(keys), dtype=np.uint64)
    for batch in dataset.to_batches(columns=["user_key", *INTERACTION_PARTS], filter=HAPPENED):
        rows = pa.Table.from_batches([batch])
        np.add.at(hashes, positions(rows["user_key"], keys), row_hashes(rows, INTERACTION_PARTS))
    order = np.argsort(mixed(hashes, hashes), kind="stable")
    return keys.take(pa.array(np.sort(order[:most])))
