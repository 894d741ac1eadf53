"""Poison in landing files: a bad record gets its own reason, a bad file one line, and neither gets through."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landed_world import D1, D2, comment, event, land, load, rows, run
from pyspark.sql import SparkSession

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.silver import SILVER, SILVER_COMMENTS
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.runtime import job

Blow = Callable[..., None]


def at(moment: object) -> dict[str, Any]:
    return event("bad", D1, event_ts=moment)


def said(text: str, **values: Any) -> dict[str, Any]:
    return comment("bad", "ann", text, **values)


def described(**values: Any) -> dict[str, Any]:
    return {"product_id": "bad", "title": "Kite", **values}


def tied(one: Any, other: Any, **values: Any) -> dict[str, Any]:
    return {"follower_id": one, "followee_id": other, **values}


RECORDS: dict[str, tuple[Entity, dict[str, Any] | str, str]] = {
    "a bomb of lists": (
        Entity.INTERACTIONS, '{"event_id": ' + "[" * 100_000 + "]" * 100_000 + "}", "unreadable_record the line"),
    "a bomb of objects": (
        Entity.INTERACTIONS, '{"event_id": ' + '{"a":' * 50_000 + "1" + "}" * 50_001, "unreadable_record the line"),
    "a time that is no number": (Entity.INTERACTIONS, at("Infinity"), "wrong_type event_ts: Infinity"),
    "a time beyond all clocks": (Entity.INTERACTIONS, at("+999999-01-01T00:00:00Z"), "wrong_type event_ts: +999999"),
    "a time in nanoseconds as a number": (Entity.INTERACTIONS, at(10**30), "wrong_type event_ts: 1"),
    "the year ten thousand": (Entity.INTERACTIONS, at("10000-01-01T00:00:00Z"), "wrong_type event_ts: 10000"),
    "the year zero": (Entity.INTERACTIONS, at("0000-00-00T00:00:00Z"), "wrong_type event_ts: 0000"),
    "the thirtieth of February": (Entity.INTERACTIONS, at("2026-02-30T10:00:00Z"), "wrong_type event_ts: 2026-02"),
    "the hour 25": (Entity.INTERACTIONS, at("2026-01-01T25:00:00Z"), "wrong_type event_ts: 2026-01-01T25"),
    "the beginning of Unix": (Entity.INTERACTIONS, at("1970-01-01T00:00:00Z"), "out_of_range event_ts: 1970"),
    "tomorrow": (Entity.INTERACTIONS, at("2026-01-02T00:00:00Z"), "future_event event_ts: 2026-01-02"),
    "today behind another time zone": (
        Entity.INTERACTIONS, at("2026-01-01T20:00:00-05:00"), "future_event event_ts: 2026-01-01T20"),
    "a quantity that is no number": (
        Entity.INTERACTIONS, event("bad", D1, quantity="1d"), "wrong_type quantity: 1d"),
    "an endless quantity": (
        Entity.INTERACTIONS, event("bad", D1, quantity="Infinity"), "out_of_range quantity: Infinity"),
    "a quantity beyond doubles": (
        Entity.INTERACTIONS, json.dumps(event("bad", D1)).replace("}", ', "quantity": 1e400}'), "wrong_type quantity"),
    "a negative quantity": (Entity.INTERACTIONS, event("bad", D1, quantity=-0.5), "out_of_range quantity: -0.5"),
    "a quantity with a comma": (Entity.INTERACTIONS, event("bad", D1, quantity="1,5"), "wrong_type quantity: 1,5"),
    "an unknown deed": (Entity.INTERACTIONS, event("bad", D1, event_type="stare"), "unknown_value event_type: stare"),
    "a deed in capitals": (
        Entity.INTERACTIONS, event("bad", D1, event_type="CLICK"), "unknown_value event_type: CLICK"),
    "half a character in an id": (
        Entity.INTERACTIONS, event("bad", D1, user_id="ann\ud83d"), "wrong_encoding user_id: ann\ufffd"),
    "nobody": (Entity.INTERACTIONS, event("bad", D1, user_id=None), "missing_value user_id: null"),
    "a user of blanks": (Entity.INTERACTIONS, event("bad", D1, user_id=" \t "), "missing_value user_id:  \t "),
    "an endless id": (Entity.INTERACTIONS, event("x" * 201, D1), "too_long event_id: xxx"),
    "a record cut short": (Entity.INTERACTIONS, '{"event_id": "bad", "user_id": "an', "unreadable_record the line"),
    "a list for a record": (Entity.INTERACTIONS, '["bad"]', "unreadable_record the line"),
    "a word for a record": (Entity.INTERACTIONS, '"bad"', "unreadable_record the line"),
    "two records in a line": (Entity.INTERACTIONS, '{"event_id": "a"}{"event_id": "b"}', "missing_value user_id"),
    "SQL for a record": (Entity.INTERACTIONS, "'; DROP TABLE bronze; --", "unreadable_record the line"),
    "a comment of nothing": (Entity.COMMENTS, said(""), "empty_text text"),
    "a comment of blanks": (Entity.COMMENTS, said(" \n\t "), "empty_text text"),
    "a comment of NULs": (Entity.COMMENTS, said("\x00" * 9), "empty_text text"),
    "a comment nobody can see": (Entity.COMMENTS, said("\u200b\u2060\ufeff"), "empty_text text"),
    "a comment of markup": (Entity.COMMENTS, said("<p><br/></p>"), "empty_text text"),
    "a comment of a million letters": (Entity.COMMENTS, said("m" * 1_000_000), "too_long text: mmm"),
    "six stars": (Entity.COMMENTS, said("fine", rating=6), "out_of_range rating: 6"),
    "stars in words": (Entity.COMMENTS, said("fine", rating="five"), "wrong_type rating: five"),
    "stars that are no number": (Entity.COMMENTS, said("fine", rating="4f"), "wrong_type rating: 4f"),
    "a self-follow": (Entity.FOLLOWS, tied("bad", "bad"), "self_follow followee_id: bad"),
    "a follow of nobody": (Entity.FOLLOWS, tied("bad", None), "missing_value followee_id: null"),
    "a follow from the future": (
        Entity.FOLLOWS, tied("bad", "bob", since_ts="2027-01-01T00:00:00Z"), "future_event since_ts: 2027"),
    "a price below nothing": (Entity.PRODUCTS, described(price_cents=-1), "out_of_range price_cents: -1"),
    "a price beyond integers": (Entity.PRODUCTS, described(price_cents=10**30), "wrong_type price_cents: 1"),
    "half a cent": (Entity.PRODUCTS, described(price_cents=0.5), "wrong_type price_cents: 0.5"),
    "a currency of letters": (Entity.PRODUCTS, described(currency="EURO"), "too_long currency: EURO"),
    "a maybe": (Entity.PRODUCTS, described(is_active="maybe"), "wrong_type is_active: maybe"),
}  # fmt: skip
"""By name: the record, and its reason with the beginning of the detail."""

HARMLESS: dict[str, tuple[str, str]] = {
    "lone surrogate": ("half \ud83d a pair", "half \ufffd a pair"),
    "NUL inside": ("nul\x00inside", "nul inside"),
    "formula": ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
    "script": ("good <script>alert(1)</script> kite", "good kite"),
    "template": ("{{ 7 * 7 }} ${jndi:ldap://x}", "{{ 7 * 7 }} ${jndi:ldap://x}"),
    "right to left": ("kite \u202egnp.exe", "kite gnp.exe"),
}
"""Texts that are odd, not wrong: by name, as they land and as silver says them."""


def deliver_poison(home: Path) -> dict[tuple[Entity, int], str]:
    """Land every record under ids of its own, on lines that come back with their names; good ones follow."""
    lines: dict[Entity, list[str]] = {entity: [] for entity in Entity}
    places = {}
    for name, (entity, record, _) in RECORDS.items():
        if entity is Entity.COMMENTS and isinstance(record, dict):
            record = {**record, "comment_id": f"bad{len(lines[entity])}"}
        lines[entity].append(record if isinstance(record, str) else json.dumps(record))
        places[entity, len(lines[entity])] = name
    for name, (text, _) in HARMLESS.items():
        lines[Entity.COMMENTS].append(json.dumps(comment(name, "ann", text)))
    # Ids that nobody has heard of are taken: a product may come later.
    lines[Entity.INTERACTIONS].append(json.dumps(event("unknown", D1, user_id="stranger", product_id="never-listed")))
    for entity, found in lines.items():
        file = home / "landing" / "shop" / D1 / f"{entity}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(found) + "\n", encoding="utf-8")
    # Of what stands below a blank line nothing may be lost.
    (home / "landing" / "shop" / D1 / "products-blank.csv").write_text("\nproduct_id,title\nkite,Red kite\n")
    return places


@pytest.mark.chaos(
    6, "poison records land", "each has its own reason in quarantine, whole; odd ones are taken, cleaned"
)
def test_each_poison_record_has_its_own_reason(home: Path, lake: Lake, spark: SparkSession, blow: Blow) -> None:
    places = deliver_poison(home)
    (home / "settings.toml").write_text("etl.max_quarantine_share = 1.0\n")
    run(home, D1, jobs=("ingest_landing", "build_silver"))
    found = {
        (entity, row["source_line"]): f"{row['reason']} {row['detail']}"
        for entity in Entity
        for row in rows(lake, QUARANTINE[entity])
    }
    wrong = {
        name: found.get(place)
        for place, name in places.items()
        if not str(found.get(place)).startswith(RECORDS[name][2])
    }
    assert not wrong
    assert found.keys() == places.keys()
    texts = {row["comment_id"]: row["text"] for row in rows(lake, SILVER_COMMENTS)}
    assert texts == {name: clean for name, (_, clean) in HARMLESS.items()}
    assert [row["event_id"] for row in rows(lake, SILVER[Entity.INTERACTIONS])] == ["unknown"]
    assert [row["product_id"] for row in rows(lake, SILVER[Entity.PRODUCTS])] == ["shop:kite"]
    blow(len(places) + len(HARMLESS) + 2)


@pytest.mark.slow
@pytest.mark.chaos(6, "more poison than the allowed share", "nothing is published, and one line says why")
def test_over_the_allowed_share_nothing_is_published(home: Path, lake: Lake, spark: SparkSession, blow: Blow) -> None:
    deliver_poison(home)
    with pytest.raises(UserError, match=r"\w+: \d+ of \d+ records \(.*\) break their contract, more than") as told:
        run(home, D1, jobs=("ingest_landing",))
    assert "\n" not in str(told.value)
    assert [lake.partitions(table) for table in BRONZE.values()] == [[]] * len(BRONZE)
    blow()


def parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"follower_id": ["a"] * 500, "followee_id": ["b"] * 500, **columns}), buffer)
    return buffer.getvalue()


def zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("follows.csv", text)
    return buffer.getvalue()


EDGES = "follower_id,followee_id\n" + "".join(f"user{n},user{n * 7919 % 100_003}\n" for n in range(30_000))
PACKED = gzip.compress(EDGES.encode(), mtime=0)
DAMAGED = r"not a whole \w+ file \(.*\); deliver it again"
MISSING = "required columns follower_id, followee_id are missing; its header is: .*"

FILES: Mapping[str, tuple[str, bytes, str]] = {
    "a Parquet file of no bytes": ("follows-x.parquet", b"", DAMAGED),
    "a Parquet file that is text": ("follows-x.parquet", EDGES.encode(), DAMAGED),
    "a Parquet file of its first word": ("follows-x.parquet", b"PAR1", DAMAGED),
    "a Parquet file cut in half": ("follows-x.parquet", parquet()[:200], DAMAGED),
    "a Parquet file whose footer lies": ("follows-x.parquet", parquet()[:-8] + b"\xff\xff\xff\x7fPAR1", DAMAGED),
    "a Parquet file with a rotten footer": (
        "follows-x.parquet", (whole := parquet())[:-60] + b"\x00" * 50 + whole[-10:], DAMAGED),
    "gzip that is text": ("follows-x.csv.gz", EDGES.encode(), DAMAGED),
    "gzip that is a zip": ("follows-x.csv.gz", zipped(EDGES), DAMAGED),
    "gzip cut in its header": ("follows-x.csv.gz", PACKED[:12], DAMAGED),
    "gzip of a first line without end": (
        "follows-x.csv.gz", gzip.compress(b"\x00" * 10_000_000, mtime=0), "its text has zero bytes, .*"),
    "a header without the columns": ("follows-x.csv", b"one,two\na,b\n", MISSING),
    "a file in UTF-16": ("follows-x.csv", EDGES[:200].encode("utf-16"), "it is UTF-16; save it as UTF-8, or run .*"),
    "a file of noise": ("follows-x.csv", bytes(range(256)) * 40, r".*"),
    "a column twice": (
        "follows-x.csv", b"follower_id,followee_id,follower_id\na,b,c\n",
        "column follower_id is there twice; deliver it once"),
    "a column of lists": (
        "follows-x.parquet", parquet(since_ts=[[1]] * 500),
        r"column since_ts has type list<.*>, which cannot become .*"),
    "a column of bytes": (
        "follows-x.parquet", parquet(since_ts=[b"1"] * 500), "column since_ts has type binary, which cannot become .*"),
    "a nameless format": ("follows-x.xlsx", b"a", "not a landing file; files are named .*"),
    "a stranger's name": ("followers.csv", EDGES.encode(), "not a landing file; files are named .*"),
}  # fmt: skip
"""By name: a file that is refused before Spark looks at it, and what is said of it."""

ROTTEN: Mapping[str, tuple[str, bytes]] = {
    "gzip cut in its middle": ("follows-x.csv.gz", PACKED[: len(PACKED) // 2]),
    "gzip with a wrong sum": ("follows-x.csv.gz", PACKED[:-8] + b"\x00" * 4 + PACKED[-4:]),
    "gzip with rotten data": ("follows-x.csv.gz", PACKED[:90_000] + b"\xff" * 500 + PACKED[90_500:]),
    "a Parquet file with a rotten page": ("follows-x.parquet", whole[:4] + b"\xff" * 60 + whole[64:]),
}
"""By name: a file whose damage only reading all of it shows."""


def refused(home: Path, lake: Lake, capfd: pytest.CaptureFixture[str], name: str, content: bytes) -> str:
    """What is said of a file that lands beside good ones; nothing may be published."""
    land(home, D1, Entity.INTERACTIONS, event("good", D1))
    file = home / "landing" / "shop" / D1 / name
    file.write_bytes(content)
    capfd.readouterr()
    assert job.guarded(lambda: load("ingest_landing").main(["--ds", D1, "--home", str(home)])) == 2
    [line] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error: ")]
    assert [lake.partitions(table) for table in BRONZE.values()] == [[]] * len(BRONZE)
    prefix, _, rest = line.partition(f"{file}: ")
    assert prefix == "error: "
    file.unlink()
    return rest


@pytest.mark.chaos(6, "files that are not what their names say land", "one line names the file; nothing is published")
def test_a_poison_file_is_refused_in_one_line(
    home: Path, lake: Lake, capfd: pytest.CaptureFixture[str], blow: Blow
) -> None:
    wrong = {}
    for name, (file, content, said_of_it) in FILES.items():
        told = refused(home, lake, capfd, file, content)
        if not re.fullmatch(said_of_it, told):
            wrong[name] = told
        blow()
    assert not wrong


@pytest.mark.slow
@pytest.mark.chaos(6, "files rotten in their middle land", "one line names the file; nothing is published")
@pytest.mark.parametrize("name", ROTTEN)
def test_a_file_that_is_rotten_inside_is_refused_in_one_line(
    home: Path, lake: Lake, spark: SparkSession, capfd: pytest.CaptureFixture[str], name: str, blow: Blow
) -> None:
    said = refused(home, lake, capfd, *ROTTEN[name])
    assert re.fullmatch(r"(damaged or cut short|not a whole csv file \(.+\)); deliver it again", said)
    blow()


@pytest.mark.slow
@pytest.mark.chaos(6, "ten thousand columns land", "those that nobody knows are left out, the record is taken")
def test_ten_thousand_columns_do_not_stop_a_night(home: Path, lake: Lake, spark: SparkSession, blow: Blow) -> None:
    wide = {f"column_{n}": n for n in range(10_000)}
    land(home, D2, Entity.FOLLOWS, tied("ann", "bob", **wide))
    file = home / "landing" / "shop" / D2 / "follows-wide.csv"
    file.write_text(",".join(["follower_id", "followee_id", *wide]) + "\ncyd,dot" + ",1" * 10_000 + "\n")
    run(home, D2, jobs=("ingest_landing",))
    assert sorted(row[ENTITIES[Entity.FOLLOWS].key[0]] for row in rows(lake, BRONZE[Entity.FOLLOWS])) == ["ann", "cyd"]
    blow(2)
