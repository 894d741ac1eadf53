"""Late, repeated and conflicting records, against an oracle in plain Python."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from landed_world import rows, run

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.gold import USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.lake import Lake
from socialrec.privacy.pseudonyms import identity_key, pseudonym
from socialrec.settings import load_settings

DAYS = [f"2026-01-0{n}" for n in range(1, 7)]
A_DAY = {Entity.INTERACTIONS: 400, Entity.COMMENTS: 150}
KEY = {Entity.INTERACTIONS: "event_id", Entity.COMMENTS: "comment_id"}
TIME = {Entity.INTERACTIONS: "event_ts", Entity.COMMENTS: "created_ts"}
LATE, REPEATED, CONFLICTING, BAD = 0.01, 0.10, 0.05, 0.01
Record = dict[str, Any]


@dataclass(frozen=True, order=True)
class Landed:
    """A record and where it stands; places are in the order in which records count as earlier."""

    ds: str
    file: str
    line: int
    record: Record = field(compare=False)


@dataclass
class Verdicts:
    """What the oracle makes of one entity's records."""

    published: list[Landed] = field(default_factory=list)
    duplicate: list[Landed] = field(default_factory=list)
    quarantined: list[tuple[Landed, str]] = field(default_factory=list)


def fresh(entity: Entity, number: int, ds: str, rng: random.Random) -> Record:
    day = date.fromisoformat(ds) - timedelta(days=rng.randint(1, 3) if rng.random() < LATE else 0)
    common = {"user_id": f"user-{rng.randint(1, 40)}", "product_id": f"p{rng.randint(1, 25)}"}
    moment = {TIME[entity]: f"{day}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:00Z"}
    if entity is Entity.COMMENTS:
        text = "words " + "".join(rng.choice("bcdfghjklm") for _ in range(12))
        rating = "9" if rng.random() < BAD else str(rng.randint(1, 5))
        return {"comment_id": f"c{number}", **common, "text": text, **moment, "rating": rating}
    kind = "stare" if rng.random() < BAD else rng.choice(["view", "click", "cart", "purchase", "return"])
    return {"event_id": f"e{number}", **common, "event_type": kind, **moment, "quantity": rng.choice(["1", "2", "7"])}


def records_of(entity: Entity, rng: random.Random) -> list[tuple[str, Record]]:
    """Every record with the day on which it lands."""
    sent: list[tuple[str, Record]] = []
    for ds in DAYS:
        for _ in range(A_DAY[entity]):
            chance = rng.random()
            if sent and chance < REPEATED:
                sent.append((ds, rng.choice(sent)[1]))
            elif sent and chance < REPEATED + CONFLICTING:
                sent.append((ds, {**rng.choice(sent)[1], "product_id": f"p{rng.randint(26, 50)}"}))
            else:
                sent.append((ds, fresh(entity, len(sent), ds, rng)))
    # A record repeated late must not come before it happened.
    return [(ds, record) for ds, record in sent if record[TIME[entity]][:10] <= ds]


def deliver(home: Path, entity: Entity, rng: random.Random) -> list[Landed]:
    """A file of JSON Lines and one of CSV a day."""
    files: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for ds, record in records_of(entity, rng):
        files[ds, rng.choice(["a.csv", "b.jsonl"])].append(record)
    for (ds, name), found in files.items():
        file = home / "landing" / "shop" / ds / f"{entity}-{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as out:
            if name.endswith("csv"):
                writer = csv.DictWriter(out, list(found[0]))
                writer.writeheader()
                writer.writerows(found)
            else:
                out.writelines(json.dumps(record) + "\n" for record in found)
    return sorted(
        Landed(ds, f"shop/{ds}/{entity}-{name}", line, record)
        for (ds, name), found in files.items()
        for line, record in enumerate(found, 2 if name.endswith("csv") else 1)
    )


def judge(entity: Entity, landed: Iterable[Landed]) -> Verdicts:
    """The earliest record of an id stands, whatever its age; equal ones are its copies, others contradict it."""
    verdicts, earlier = Verdicts(), defaultdict(list)
    for place in landed:
        if place.record.get("event_type") == "stare":
            verdicts.quarantined.append((place, "unknown_value"))
            continue
        if place.record.get("rating") == "9":
            verdicts.quarantined.append((place, "out_of_range"))
            continue
        known = earlier[place.record[KEY[entity]]]
        known.append(place)
        first = known[0]
        if first is place:
            verdicts.published.append(place)
        elif first.record == place.record:
            verdicts.duplicate.append(place)
        else:
            verdicts.quarantined.append((place, "conflicting_id"))
    return verdicts


def as_silver(entity: Entity, place: Landed, key: bytes) -> tuple[Any, ...]:
    record = place.record
    moment = datetime.fromisoformat(record[TIME[entity]])
    common = (record[KEY[entity]], pseudonym(key, "shop", record["user_id"]), f"shop:{record['product_id']}", moment)
    is_late = record[TIME[entity]][:10] < place.ds
    own = (record["event_type"], float(record["quantity"])) if entity is Entity.INTERACTIONS else (
        record["text"], float(record["rating"]))  # fmt: skip
    return (*common, *own, is_late, place.ds)


def silver_rows(lake: Lake, entity: Entity) -> list[tuple[Any, ...]]:
    own = ("event_type", "quantity") if entity is Entity.INTERACTIONS else ("text", "rating")
    names = (KEY[entity], "user_key", "product_id", TIME[entity], *own, "is_late", "ds")
    return sorted(tuple(row[name] for name in names) for row in rows(lake, SILVER[entity]))


def affinity(published: Sequence[Landed], key: bytes, weights: dict[str, float]) -> dict[tuple[str, str], list[int]]:
    """By user and product: events, and their worth on the last day in millionths (half-life 30 days).

    What a landing day adds is rounded event by event, and what stood before it once, to the day.
    """
    amounts = {"1": 1.0, "2": 1.6931471805599454, "7": 2.9459101490553135}  # 1 + ln(quantity)
    n_events: Counter[tuple[str, str]] = Counter()
    sums: dict[tuple[str, str], tuple[str, int]] = {}
    for place in sorted(published, key=lambda place: place.ds):
        record = place.record
        worth = weights[record["event_type"]] * amounts[record["quantity"]]
        pair = pseudonym(key, "shop", record["user_id"]), f"shop:{record['product_id']}"
        n_events[pair] += 1
        since, micros = sums.get(pair, (place.ds, 0))
        added = rounded(worth * decay(record["event_ts"][:10], place.ds) * 1_000_000)
        sums[pair] = place.ds, rounded(micros * decay(since, place.ds)) + added
    return {pair: [n_events[pair], rounded(micros * decay(ds, DAYS[-1]))] for pair, (ds, micros) in sums.items()}


def decay(since: str, until: str) -> float:
    return 2.0 ** (-(date.fromisoformat(until) - date.fromisoformat(since)).days / 30)


def rounded(value: float) -> int:
    return int(Decimal(repr(value)).quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.slow
@pytest.mark.chaos(
    5, "records late, repeated and under taken ids", "tables equal the oracle's, in = published + duplicate + rejected"
)
@pytest.mark.parametrize("nights", [DAYS[-1:], DAYS], ids=["at once", "nightly"])
@pytest.mark.usefixtures("spark")
def test_every_record_ends_where_plain_python_says(
    home: Path, lake: Lake, nights: list[str], blow: Callable[..., None]
) -> None:
    rng = random.Random(5)
    (home / "settings.toml").write_text("etl.duplicate_window_days = 2\netl.max_quarantine_share = 0.5\n")
    landed = {entity: deliver(home, entity, rng) for entity in A_DAY}
    receipts = [run(home, ds) for ds in nights]
    key = identity_key(load_settings(home).secrets)
    for entity, places in landed.items():
        verdicts = judge(entity, places)
        told: Counter[str] = Counter()
        for receipt in receipts:
            told.update(receipt["build_silver"]["counts"])
        counts = [told[f"{entity}_{name}"] for name in ("in", "published", "duplicate", "quarantined")]
        assert counts == [len(places), *map(len, (verdicts.published, verdicts.duplicate, verdicts.quarantined))]
        assert counts[0] == sum(counts[1:])
        assert min(counts) > 0
        assert silver_rows(lake, entity) == sorted(as_silver(entity, place, key) for place in verdicts.published)
        rejected = [(row["source_file"], row["source_line"], row["reason"]) for row in rows(lake, QUARANTINE[entity])]
        assert sorted(rejected) == sorted((place.file, place.line, reason) for place, reason in verdicts.quarantined)
        by_ingest = [reason for _, reason in verdicts.quarantined if reason != "conflicting_id"]
        assert len(rows(lake, BRONZE[entity])) + len(by_ingest) == len(places)
        late = [place for place in verdicts.published if place.record[TIME[entity]][:10] < place.ds]
        assert late
        blow(len(late) + len(verdicts.duplicate) + len(verdicts.quarantined))
    weights = {kind.value: weight for kind, weight in load_settings(home).etl.event_weights.items()}
    wanted = affinity(judge(Entity.INTERACTIONS, landed[Entity.INTERACTIONS]).published, key, weights)
    made = {(row["user_key"], row["product_id"]): row for row in rows(lake, USER_PRODUCT_AFFINITY, DAYS[-1])}
    assert {pair: [row["n_events"], row["affinity_micros"]] for pair, row in made.items()} == wanted
