"""Faults in the demo world's deliveries: late, duplicate, contradictory and broken records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from socialrec.contracts.entities import ENTITIES, EVENTS
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.sources.demo.world import DemoWorld, Ints

Record = dict[str, Any]
Spoiler = tuple[QuarantineReason, Callable[[Record, date], Record | str]]
"""Reason for rejection, and the change of a record of a landing day that causes it: a record or a raw line."""

_MAX_SPOILED_SHARE = 0.04
"""Largest share of broken records in any one file: below the quarantine share that stops a night by default."""


@dataclass(frozen=True)
class Records:
    """Valid rows in order of time, and the number of the day (int64, one per row) of each."""

    rows: list[Record]
    days: Ints


@dataclass
class Counts:
    """Planted records of one entity's files: `records` = `published` + `duplicate` + the sum of `quarantined`.

    `published` counts distinct keys where the files are taken in together; `duplicate` counts copies, and older records
    of a product or follow that a newer one replaces.
    """

    records: int = 0
    published: int = 0
    duplicate: int = 0
    late: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedDelivery:
    """Records and raw lines of one entity by the number of their landing day, and the planted counts."""

    by_day: Mapping[int, Sequence[Record | str]]
    counts: Counts


def deliver(world: DemoWorld, entity: Entity, records: Records, first: date) -> PlannedDelivery:
    """Spread valid rows over landing days, given the day on which each happened, and add the faults.

    Copies, conflicts and broken records are added to the valid rows at the end of their file, after the record that
    they repeat. No file has more than 4% of records to reject.
    """
    rng, rows, happened = world.rng(10 + list(Entity).index(entity)), records.rows, records.days
    is_daily = entity in EVENTS
    landed = _with_late(rng, world, happened) if is_daily else happened
    counts = Counts(late=int((landed > happened).sum()))
    days: list[list[Record | str]] = [[] for _ in range(world.days)]
    for row, number in zip(rows, landed, strict=True):
        days[number].append(row)

    for number, reason, record in _spoiled(rng, world, entity, rows, landed, first=first):
        days[number].append(record)
        counts.quarantined[reason.value] = counts.quarantined.get(reason.value, 0) + 1

    copied: list[int] = rng.permutation(len(rows))[: round(world.duplicate_share * len(rows))].tolist()
    for index in copied:
        # A product's or a follow's newest landing wins: a copy on the next day might overrule an update.
        delay = int(rng.integers(0, 2)) if is_daily else 0
        days[min(int(landed[index]) + delay, world.days - 1)].append(rows[index])
    keys = {tuple(row[name] for name in ENTITIES[entity].key) for row in rows}
    counts.published = len(keys)
    counts.duplicate = len(copied) + len(rows) - len(keys)
    counts.records = sum(len(records) for records in days)
    return PlannedDelivery({number: records for number, records in enumerate(days) if records}, counts)


def _with_late(rng: np.random.Generator, world: DemoWorld, happened: Ints) -> Ints:
    """Landing days, of which a share is one to three days after the event."""
    late = np.flatnonzero(happened < world.days - 1)
    late = rng.permutation(late)[: round(world.late_share * len(happened))]
    landed = happened.copy()
    landed[late] = np.minimum(landed[late] + rng.integers(1, 4, len(late)), world.days - 1)
    return landed


def _spoiled(
    rng: np.random.Generator, world: DemoWorld, entity: Entity, rows: Sequence[Record], landed: Ints, *, first: date
) -> Iterator[tuple[int, QuarantineReason, Record | str]]:
    """Landing day, reason and record of everything that must be rejected."""
    chosen = _to_spoil(rng, world, landed)
    n_conflicts = {
        Entity.INTERACTIONS: world.conflicts,
        Entity.COMMENTS: world.conflicts // 2,
        Entity.QUESTIONS: world.conflicts // 8,
    }.get(entity, 0)
    n_conflicts = min(n_conflicts, len(chosen) // 3)
    for place, index in enumerate(chosen):
        number = int(landed[index])
        if place < n_conflicts:
            yield number, QuarantineReason.CONFLICTING_ID, _contradict(rows[index], entity)
        else:
            reason, spoil = _SPOILERS[entity][place % len(_SPOILERS[entity])]
            yield number, reason, spoil(_renamed(rows[index], entity), first + timedelta(days=number))


def _to_spoil(rng: np.random.Generator, world: DemoWorld, landed: Ints) -> list[int]:
    """Choose rows to add a broken or contradictory twin of; few enough of each landing day."""
    room = {
        int(number): int(_MAX_SPOILED_SHARE * n)
        for number, n in zip(*np.unique(landed, return_counts=True), strict=True)
    }
    chosen = []
    for index in rng.permutation(len(landed))[: max(1, round(world.broken_share * len(landed)))]:
        number = int(landed[index])
        if room[number]:
            room[number] -= 1
            chosen.append(int(index))
    return chosen


def _contradict(row: Record, entity: Entity) -> Record:
    if entity is Entity.INTERACTIONS:
        return row | {"quantity": 99.0}
    # Other words under the same id would be an edit.
    return row | {"product_id": f"{row.get('product_id', '')}-other"}


def _renamed(row: Record, entity: Entity) -> Record:
    key = ENTITIES[entity].key
    return row if len(key) > 1 else row | {key[0]: f"{row[key[0]]}-x"}


def _set(**values: Any) -> Callable[[Record, date], Record]:
    return lambda row, _: row | values


def _without(name: str) -> Callable[[Record, date], Record]:
    return lambda row, _: {key: value for key, value in row.items() if key != name}


def _in_future(entity: Entity) -> Callable[[Record, date], Record]:
    return lambda row, day: row | {ENTITIES[entity].event_time: f"{day + timedelta(days=2)}T09:00:00Z"}


def _cut_short(row: Record, _: date) -> str:
    line = json.dumps(row, ensure_ascii=False)
    return line[: len(line) // 2]


def _follow_self(row: Record, _: date) -> Record:
    return row | {"followee_id": row["follower_id"]}


def _unclosed(row: Record, _: date) -> Record:
    return row | {"text": f"{row['text']} {{brand"}


_SPOILERS: dict[Entity, tuple[Spoiler, ...]] = {
    Entity.PRODUCTS: (
        (QuarantineReason.MISSING_VALUE, _set(title=None)),
        (QuarantineReason.OUT_OF_RANGE, _set(price_cents=-1)),
        (QuarantineReason.FUTURE_EVENT, _in_future(Entity.PRODUCTS)),
    ),
    Entity.INTERACTIONS: (
        (QuarantineReason.MISSING_VALUE, _without("user_id")),
        (QuarantineReason.WRONG_TYPE, _set(quantity="many")),
        (QuarantineReason.UNKNOWN_VALUE, _set(event_type="teleport")),
        (QuarantineReason.UNREADABLE_RECORD, _cut_short),
        (QuarantineReason.FUTURE_EVENT, _in_future(Entity.INTERACTIONS)),
        (QuarantineReason.OUT_OF_RANGE, _set(quantity=-2.0)),
    ),
    Entity.COMMENTS: (
        (QuarantineReason.EMPTY_TEXT, _set(text="   ", rating=None)),
        (QuarantineReason.OUT_OF_RANGE, _set(rating=11.0)),
        (QuarantineReason.MISSING_VALUE, _without("user_id")),
        (QuarantineReason.UNREADABLE_RECORD, _cut_short),
        (QuarantineReason.FUTURE_EVENT, _in_future(Entity.COMMENTS)),
        (QuarantineReason.EMPTY_TEXT, _set(text="<p><br/></p>", rating=None)),
    ),
    Entity.FOLLOWS: (
        (QuarantineReason.SELF_FOLLOW, _follow_self),
        (QuarantineReason.MISSING_VALUE, _set(followee_id=None)),
        (QuarantineReason.WRONG_TYPE, _set(since_ts="soon")),
        (QuarantineReason.FUTURE_EVENT, _in_future(Entity.FOLLOWS)),
    ),
    Entity.QUESTIONS: (
        (QuarantineReason.EMPTY_TEXT, _set(text="<p><br/></p>")),
        (QuarantineReason.MISSING_VALUE, _without("user_id")),
        (QuarantineReason.FUTURE_EVENT, _in_future(Entity.QUESTIONS)),
    ),
    Entity.ANSWERS: (
        (QuarantineReason.UNKNOWN_VALUE, _set(author_kind="robot")),
        (QuarantineReason.OUT_OF_RANGE, _set(n_votes=-3)),
        (QuarantineReason.UNREADABLE_RECORD, _cut_short),
    ),
    Entity.TEMPLATES: ((QuarantineReason.MALFORMED, _unclosed),),
}
