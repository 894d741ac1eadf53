"""Whole deliveries that are damaged at random: every line is in one count, and no value changes in silence."""

import csv
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.bronze.ingest import judged_records
from socialrec.etl.bronze.judging import FAULTS, list_faults
from socialrec.etl.landing.files import LandingFile, find_days
from socialrec.etl.landing.layouts import FileLayout, find_layouts

DAY = "2026-01-02"
N_DAMAGED = 200
COLUMNS = ("comment_id", "user_id", "product_id", "text", "created_ts", "rating")
TEXTS = ("good", 'so "so", really', "two\nlines, one comment", "très bien", "很好 👍", "it's 19,99", "")
Damage = Callable[[random.Random, bytes], bytes]


def whole(rng: random.Random, form: str) -> bytes:
    """A valid delivery of 12 comments."""
    rows = [
        {"comment_id": f"c{n}", "user_id": f"u{rng.randrange(5)}", "product_id": f"p{n % 4}", "text": rng.choice(TEXTS),
         "created_ts": f"2026-01-0{1 + n % 2}T{n:02d}:00:00Z", "rating": str(1 + n % 5)}
        for n in range(12)
    ]  # fmt: skip
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    lines = [",".join(COLUMNS)]
    lines += [",".join(quoted(row[name]) for name in COLUMNS) for row in rows]
    return "".join(line + rng.choice(["\n", "\r\n"]) for line in lines).encode()


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if re.search('[",\n]', value) else value


def put(new: bytes) -> Damage:
    def damage(rng: random.Random, data: bytes) -> bytes:
        place = rng.randrange(len(data))
        return data[:place] + new + data[place:]

    return damage


def swap(old: bytes, *new: bytes) -> Damage:
    def damage(rng: random.Random, data: bytes) -> bytes:
        places = [match.start() for match in re.finditer(re.escape(old), data)]
        if not places:
            return data
        place = rng.choice(places)
        return data[:place] + rng.choice(new) + data[place + len(old) :]

    return damage


def cut(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 20) :]


DAMAGES: dict[str, Damage] = {
    "a quote": put(b'"'), "a line end": put(b"\n"), "a carriage return": put(b"\r"), "a comma": put(b","),
    "a stray byte": put(b"\xe9"), "a zero byte": put(b"\0"), "a line separator": put("\u2028".encode()),
    "a cut": cut, "the end": lambda rng, data: data[: rng.randrange(len(data))],
    "a byte": lambda rng, data: put(bytes([rng.randrange(256)]))(rng, data),
    "another line end": swap(b"\n", b"\r", b"\r\n", b"\n\n", b"\n \t\n", b""),
    "a time": swap(b"2026-01-01T", b"2026-01-09T", b"0001-01-01T", b"9999-12-31T", b"01.01.2026 ", b"", b"1767355200 "),
    "a zone": swap(b":00:00Z", b":00:00 CST", b":00", b":00:00-08:00", b":61:00Z", b":00:00 Europe/Paris"),
    "an id": swap(b"u1", b"NULL", b"u1 ", b"U1", b"", b"[1]", b"u\t1", b"u" * 300),
    "a rating": swap(b"3", b"6", b"three", b"nan", b"3,0", b"0x3", b"-"),
    "another encoding": lambda rng, data: data.decode().encode(rng.choice(["utf-16", "gb18030", "utf-8-sig"])),
    "a line twice": lambda rng, data: b"".join(
        line * (1 + (rng.random() < 0.2)) for line in data.splitlines(keepends=True)
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Damaged deliveries by file name, as bytes; they lie below `shop/<DAY>` of a landing folder."""
    rng = random.Random(20260102)
    made = {}
    for n in range(N_DAMAGED):
        form = rng.choice(["csv", "jsonl"])
        data = whole(rng, form)
        for _ in range(rng.choice([1, 1, 2, 3])):
            kind = rng.choice(sorted(DAMAGES))
            try:
                data = DAMAGES[kind](rng, data)
            except UnicodeDecodeError:
                data = put(b"\xff")(rng, data)
        made[f"comments-{n:03d}.{form}"] = data
    return made


def landed(landing: Path, files: dict[str, bytes]) -> list[LandingFile]:
    folder = landing / "shop" / DAY
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [file for day in find_days(landing, DAY) for file in day.files]


def filled_lines(data: bytes) -> int:
    """Lines that are not blank, found by other means than the reader's."""
    text = data.decode("utf-8-sig")
    return len([line for line in re.split("\r\n|\r|\n", text) if line.strip(" \t")])


def test_every_line_of_a_damaged_delivery_is_in_one_count_and_no_value_changes_in_silence(
    spark: SparkSession, tmp_path: Path, damaged: dict[str, bytes]
) -> None:
    layouts: dict[FileLayout, list[LandingFile]] = {}
    refused = []
    for file in landed(tmp_path, damaged):
        try:
            for layout, own in find_layouts([file]).files.items():
                layouts.setdefault(layout, []).extend(own)
        except UserError as error:
            assert str(error).startswith(f"{file.path}: "), "the file is named"
            refused.append(file.path.name)
    judged = judged_records(spark, Entity.COMMENTS, layouts, {})
    listed = judged_records(spark, Entity.COMMENTS, layouts, {}, list_faults)
    assert judged is not None
    assert listed is not None
    rows = judged.drop("created_ts").collect()
    assert 20 <= len(refused) <= N_DAMAGED / 2, "the rest is read"

    lines: Counter[str] = Counter()
    for row in rows:
        lines[Path(row.source_file).name] += row._n_lines
    for name, data in damaged.items():
        if name not in refused:
            n_header = 1 if name.endswith(".csv") and filled_lines(data) else 0
            assert lines[name] == filled_lines(data) - n_header, name
    for row in rows:
        if row.reason is None:
            assert_is_in_its_file(row, damaged[Path(row.source_file).name])

    key = ("source_file", "source_line")
    valid = {tuple(row[name] for name in key) for row in rows if row.reason is None}
    assert {tuple(row[name] for name in key) for row in listed.collect() if not row[FAULTS]} == valid, (
        "`check` and ingest give one verdict"
    )


def assert_is_in_its_file(row: Row, data: bytes) -> None:
    """Every value of a valid record stands in its line or lines, as a parser of the standard library reads them."""
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    rest = "\n".join(text.split("\n")[row.source_line - 1 :])
    if row.source_file.endswith(".jsonl"):
        said = json.loads(rest.split("\n")[0].lstrip("\ufeff"), strict=False)
    else:
        header = next(csv.reader([line for line in text.split("\n") if line.strip(" \t")][:1]))
        values = next(csv.reader(f"{line}\n" for line in rest.split("\n")))
        said = dict(zip(header, values, strict=True))
    for name in ("comment_id", "user_id", "product_id", "text"):
        if row[name] is not None:
            assert row[name] == said[name], (row.source_file, row.source_line)
    if row.rating is not None:
        assert row.rating == float(said["rating"]), (row.source_file, row.source_line)
