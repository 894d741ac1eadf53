"""Train, validation and test windows that interactions, comments and ties share, so that nothing leaks across a cut."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import EventType
from socialrec.lake.row_hashes import Hashes, mixed, string_hashes
from socialrec.settings import EvaluateSettings

Until = Literal["validation", "test", "all"]
Kind = Literal["time", "random_per_user"]
Mask = npt.NDArray[np.bool_]

TIE_PARTS = ("user_key", "neighbour_key", "is_follow", "is_mutual", "replies_micros")


@dataclass(frozen=True)
class Split:
    """Evidence that may be learned from, and user-product pairs that are held out.

    `until="validation"` selects the data of the first fit, `"test"` that of the second, `"all"` everything. In a time
    split, undated interactions, comments and replies are evidence for `"all"` only, because they may be later than a
    cut.
    """

    kind: Kind
    validation_cut: datetime | None
    test_cut: datetime | None
    seed: int
    validation_keys: Hashes
    test_keys: Hashes

    @property
    def label(self) -> str:
        """Label of every figure measured on this split."""
        if self.test_cut is None:
            return "random per user (source has no event times)"
        return f"time cut {self.test_cut:%Y-%m-%d}"

    def cut(self, until: Until) -> datetime | None:
        """First moment that may not be learned from; None where there is no such moment."""
        return {"validation": self.validation_cut, "test": self.test_cut, "all": None}[until]

    def training_interactions(self, interactions: pa.Table, until: Until = "validation") -> pa.Table:
        """Rows of silver.interactions that may be learned from."""
        return self._evidence(interactions, "event_ts", until)

    def training_comments(self, comments: pa.Table, until: Until = "validation") -> pa.Table:
        """Rows of silver.comments that may be learned from."""
        return self._evidence(comments, "created_ts", until)

    def train_pairs(self, interactions: pa.Table) -> pa.Table:
        """Distinct (user_key, product_id) before validation."""
        return _pairs(self.training_interactions(interactions, "validation"))

    def validation_pairs(self, interactions: pa.Table) -> pa.Table:
        """Distinct (user_key, product_id) of the validation window that are new to their user, without returns."""
        return self._held_out(interactions, "validation")

    def test_pairs(self, interactions: pa.Table) -> pa.Table:
        """Distinct (user_key, product_id) of the test window that are new to their user, without returns."""
        return self._held_out(interactions, "test")

    def ties_as_of(self, ties: pa.Table, until: Until = "validation") -> pa.Table:
        """Parts of gold.social_ties as of the cut: see `tie_parts`."""
        return tie_parts(ties, self.cut(until))

    def _evidence(self, rows: pa.Table, time_column: str, until: Until) -> pa.Table:
        if until == "all":
            return rows
        cut = self.cut(until)
        if cut is not None:
            return rows.filter(pa.array(_before(rows[time_column], cut, undated=False)))
        hidden = self.test_keys
        if until == "validation":
            hidden = np.concatenate([self.validation_keys, self.test_keys])
        return rows.filter(pa.array(~np.isin(pair_keys(rows, self.seed), hidden)))

    def _held_out(self, interactions: pa.Table, window: Literal["validation", "test"]) -> pa.Table:
        keys = pair_keys(interactions, self.seed)
        chosen = np.isin(keys, self.validation_keys if window == "validation" else self.test_keys)
        if self.kind == "time":
            times = interactions["event_ts"]
            start, end = self.cut(window), self.test_cut if window == "validation" else None
            assert start is not None
            before = _before(times, start, undated=True)
            chosen = ~before if end is None else ~before & _before(times, end, undated=False)
            chosen &= ~np.isin(keys, keys[before])
        chosen &= ~_array_of(pc.equal(interactions["event_type"], EventType.RETURN.value))
        return _pairs(interactions.filter(pa.array(chosen)))


def make_split(interactions: pa.Table, settings: EvaluateSettings) -> Split:
    """Split silver.interactions by time, or per user at random where most events have no time.

    The random split ranks each user's distinct pairs by a seeded hash of their names, so the order of rows does not
    matter. It holds out `int(share * n)` of a user's n pairs in each window, and at least one in test, then one in
    validation, while at least one stays in training. Without any interaction nothing is held out.
    """
    if interactions.num_rows == 0:
        none = np.array([], dtype=np.uint64)
        return Split("random_per_user", None, None, settings.seed, none, none)
    undated = interactions["event_ts"].null_count / interactions.num_rows
    if undated > settings.max_undated_share:
        return _random_split(interactions, settings)
    return _time_split(interactions, settings)


def tie_parts(ties: pa.Table, cut: datetime | None = None) -> pa.Table:
    """User, neighbour, follow, mutual and replies of gold.social_ties rows, as of a cut (None: now)."""
    follows, mutual = _array(ties, "is_follow"), _array(ties, "is_mutual")
    replies = ties["replies_micros"].to_numpy(zero_copy_only=False)
    if cut is not None:
        follows = follows & _before(ties["since_ts"], cut, undated=True)
        replies = np.where(_before(ties["last_reply_ts"], cut, undated=False), replies, 0)
        users, neighbours = string_hashes(ties["user_key"]), string_hashes(ties["neighbour_key"])
        mutual = mutual & follows & np.isin(mixed(neighbours, users), mixed(users, neighbours)[follows])
    parts = pa.table([ties["user_key"], ties["neighbour_key"], follows, mutual, replies], names=list(TIE_PARTS))
    return parts.filter(pa.array(follows | (replies > 0)))


def pair_keys(rows: pa.Table, seed: int) -> Hashes:
    """Hash each row's (user_key, product_id) under a seed to 64 bits; the same on every machine and run."""
    salt = np.uint64(int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=8).digest(), "little"))
    users, products = string_hashes(rows["user_key"]), string_hashes(rows["product_id"])
    return mixed(mixed(users, products), np.full(rows.num_rows, salt))


def _time_split(interactions: pa.Table, settings: EvaluateSettings) -> Split:
    times = np.sort(interactions["event_ts"].drop_null().cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy())
    # The larger sum is cut once, by whole rows, so that float noise of 1 - 0.1 - 0.1 cannot move a cut.
    n_test = round(settings.test_share * len(times))
    n_held = round((settings.test_share + settings.validation_share) * len(times))
    cuts = [
        datetime.fromtimestamp(int(times[min(len(times) - n, len(times) - 1)]) / 1e6, UTC) for n in (n_held, n_test)
    ]
    none = np.array([], dtype=np.uint64)
    return Split("time", cuts[0], cuts[1], settings.seed, none, none)


def _random_split(interactions: pa.Table, settings: EvaluateSettings) -> Split:
    pairs = _pairs(interactions)
    keys = pair_keys(pairs, settings.seed)
    users = string_hashes(pairs["user_key"])
    order = np.lexsort((keys, users))
    keys, users = keys[order], users[order]
    starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]])
    sizes = np.diff(np.r_[starts, len(users)])
    place = np.arange(len(users)) - np.repeat(starts, sizes)
    n_test, n_validation = (np.floor(share * sizes) for share in (settings.test_share, settings.validation_share))
    n_test = np.where((n_test == 0) & (settings.test_share > 0) & (sizes > 1), 1, n_test)
    n_validation = np.where(
        (n_validation == 0) & (settings.validation_share > 0) & (sizes > n_test + 1), 1, n_validation
    )
    test_end, validation_end = np.repeat(n_test, sizes), np.repeat(n_test + n_validation, sizes)
    in_test = place < test_end
    in_validation = ~in_test & (place < validation_end)
    return Split("random_per_user", None, None, settings.seed, np.sort(keys[in_validation]), np.sort(keys[in_test]))


def _pairs(rows: pa.Table) -> pa.Table:
    distinct = rows.select(["user_key", "product_id"]).group_by(["user_key", "product_id"]).aggregate([])
    return distinct.sort_by([("user_key", "ascending"), ("product_id", "ascending")])


def _before(times: pa.ChunkedArray, cut: datetime, *, undated: bool) -> Mask:
    earlier = pc.less(times.cast(pa.timestamp("us", "UTC")), pa.scalar(cut, pa.timestamp("us", "UTC")))
    return _array_of(pc.fill_null(earlier, undated))


def _array(table: pa.Table, column: str) -> Mask:
    return _array_of(table[column])


def _array_of(values: pa.ChunkedArray) -> Mask:
    flags: Mask = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)
    return flags
