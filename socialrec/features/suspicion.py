"""Suspicious accounts that behave like a ring of fakes, by plain signals, for people to check. Nobody is removed;
answers do not cite them.

burst          all that the account ever did (in the days looked at) fell into 24 hours, on a product on which at least
               `RING` such accounts acted in those hours
same_words     a comment of at least `MIN_WORDS` words that shares `MIN_LIKENESS` of its runs of three words with those
               of at least two other accounts on the same product
closed_ties    at least `MIN_FOLLOWERS` followers, of whom `MIN_CLOSED` show one of the two signals above

One signal alone is common among honest people (campaigns make bursts, fan clubs have closed ties); two are not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from socialrec.contracts.columns import Table
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS
from socialrec.lake import Lake
from socialrec.language.forms import normal
from socialrec.language.segmenting import spaced

SUSPECT_DAYS = 7
"""Landing days up to the night that are searched for rings of fake accounts."""
RING = 5
WINDOW_MICROS = 24 * 3_600 * 1_000_000
MIN_WORDS = 6
MIN_LIKENESS = 0.7
MIN_OTHERS = 2
MIN_FOLLOWERS = 3
MIN_CLOSED = 0.8
MIN_SIGNALS = 2

BURST, SAME_WORDS, CLOSED_TIES = "burst", "same_words", "closed_ties"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Suspect:
    """Account with its signals, and the product that it seems to push."""

    user_key: str
    signals: tuple[str, ...]
    product_id: str


def read_suspects(lake: Lake, ds: str) -> list[Suspect]:
    """Find accounts that look like rings of fakes in the newest days up to a night."""

    def newest(table: Table, n: int) -> list[str]:
        return [day for day in lake.partitions(table) if day <= ds][-n:]

    events = ("user_key", "product_id", "event_ts")
    interactions = lake.read(SILVER_INTERACTIONS, newest(SILVER_INTERACTIONS, SUSPECT_DAYS), events)
    columns = ("user_key", "product_id", "text", "created_ts")
    comments = lake.read(SILVER_COMMENTS, newest(SILVER_COMMENTS, SUSPECT_DAYS), columns)
    follows = lake.read(SILVER_FOLLOWS, newest(SILVER_FOLLOWS, 1), ("follower_key", "followee_key"))
    return find_suspects(interactions, comments, follows)


def find_suspects(interactions: pa.Table, comments: pa.Table, follows: pa.Table) -> list[Suspect]:
    """Find accounts with at least two signals, those with most first, then by pseudonym.

    From rows of silver.interactions (user_key, product_id, event_ts) and silver.comments (user_key, product_id, text,
    created_ts) of the days to look at, and of one snapshot of silver.follows (follower_key, followee_key).
    """
    pushed = {BURST: bursts(interactions, comments), SAME_WORDS: same_words(comments)}
    marked = pushed[BURST].keys() | pushed[SAME_WORDS].keys()
    closed = closed_ties(follows, marked)
    suspects = []
    for user in sorted(marked):
        signals = (
            *(name for name, found in pushed.items() if user in found),
            *([CLOSED_TIES] if user in closed else ()),
        )
        if len(signals) >= MIN_SIGNALS:
            suspects.append(Suspect(user, signals, pushed[BURST].get(user) or pushed[SAME_WORDS][user]))
    return sorted(suspects, key=lambda suspect: (-len(suspect.signals), suspect.user_key))


def bursts(interactions: pa.Table, comments: pa.Table) -> dict[str, str]:
    """Find accounts with a burst, each with the product of most accounts in it; rows without time are left out."""
    acts = pa.concat_tables(
        [
            _acts(interactions, "event_ts"),
            _acts(comments, "created_ts"),
        ]
    )
    spans = acts.group_by("user_key").aggregate([("at", "min"), ("at", "max")])
    brief = spans.filter(pc.less_equal(pc.subtract(spans["at_max"], spans["at_min"]), WINDOW_MICROS))
    first = dict(zip(brief["user_key"].to_pylist(), brief["at_min"].to_pylist(), strict=True))
    pairs = acts.filter(pc.is_in(acts["user_key"], brief["user_key"].combine_chunks()))
    pairs = pairs.group_by(["product_id", "user_key"]).aggregate([])
    by_product: dict[str, list[str]] = defaultdict(list)
    for product, user in zip(pairs["product_id"].to_pylist(), pairs["user_key"].to_pylist(), strict=True):
        by_product[product].append(user)
    best: dict[str, tuple[int, str]] = {}
    for product, users in by_product.items():
        for user, n in _crowds(users, first).items():
            if n >= RING:
                best[user] = max(best.get(user, (0, "")), (n, product))
    return {user: product for user, (_, product) in best.items()}


def same_words(comments: pa.Table) -> dict[str, str]:
    """Find accounts with the same words as at least two others on a product, each with that product."""
    rows = comments.select(["product_id", "user_key", "text"]).to_pylist()
    found: dict[str, str] = {}
    for product, of_product in groupby(
        sorted(rows, key=itemgetter("product_id", "user_key", "text")), itemgetter("product_id")
    ):
        said = [(row["user_key"], runs) for row in of_product if (runs := _runs(row["text"]))]
        if len(said) > MIN_OTHERS:
            found |= dict.fromkeys(_alike(said), product)
    return found


def closed_ties(follows: pa.Table, marked: Iterable[str]) -> set[str]:
    """Find accounts whose followers are nearly all among the marked ones."""
    is_marked = pc.is_in(follows["follower_key"], pa.array(sorted(marked), pa.string()))
    counted = pa.table({"user": follows["followee_key"], "marked": pc.cast(is_marked, pa.int64())})
    counted = counted.group_by("user").aggregate([("marked", "sum"), ("marked", "count")])
    n = counted["marked_count"].to_numpy()
    closed = (n >= MIN_FOLLOWERS) & (counted["marked_sum"].to_numpy() >= MIN_CLOSED * n)
    return set(counted["user"].filter(pa.array(closed)).to_pylist())


def _acts(rows: pa.Table, time_column: str) -> pa.Table:
    at = pc.cast(pc.cast(rows[time_column], pa.timestamp("us", "UTC")), pa.int64())
    acts = pa.table({"user_key": rows["user_key"], "product_id": rows["product_id"], "at": at})
    return acts.filter(acts["at"].is_valid())


def _crowds(users: list[str], first: Mapping[str, int]) -> dict[str, int]:
    """Largest number of these users that began within the same 24 hours, by user."""
    order = sorted(users, key=lambda user: (first[user], user))
    times = np.array([first[user] for user in order], dtype=np.int64)
    ends = np.searchsorted(times, times + WINDOW_MICROS, side="right")
    crowds: dict[str, int] = {}
    for start, end in enumerate(ends.tolist()):
        if end - start >= RING:
            for user in order[start:end]:
                crowds[user] = max(crowds.get(user, 0), end - start)
    return crowds


def _runs(text: str) -> set[str]:
    """Runs of three words; none of a text that is too short."""
    words = _WORD.findall(spaced(normal(text)))
    return {" ".join(words[place : place + 3]) for place in range(len(words) - 2)} if len(words) >= MIN_WORDS else set()


def _alike(said: list[tuple[str, set[str]]]) -> set[str]:
    """Find users with nearly the same text as at least two others, by the Jaccard index of runs of words."""
    numbers = {run: place for place, run in enumerate(sorted(set().union(*(runs for _, runs in said))))}
    rows = np.repeat(np.arange(len(said)), [len(runs) for _, runs in said])
    columns = [numbers[run] for _, runs in said for run in sorted(runs)]
    holds = sp.csr_matrix((np.ones(len(columns)), (rows, columns)), shape=(len(said), len(numbers)))
    shared = holds.dot(holds.T).tocoo()
    sizes = np.array([len(runs) for _, runs in said])
    alike = shared.data >= MIN_LIKENESS * (sizes[shared.row] + sizes[shared.col] - shared.data)
    others: dict[str, set[str]] = defaultdict(set)
    for one, other in zip(shared.row[alike].tolist(), shared.col[alike].tolist(), strict=True):
        others[said[one][0]].add(said[other][0])
    # Everybody is like themselves.
    return {user for user, like in others.items() if len(like) > MIN_OTHERS}
