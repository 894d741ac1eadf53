"""The proof of an erasure finds what is planted behind its back, and nothing where nothing is."""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import html
import io
import json
import os
import sqlite3
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from socialrec.privacy.erasure.plan import Plan
from socialrec.privacy.erasure.proof.scan import Proof, scan
from socialrec.privacy.erasure.proof.traces import excerpts_of, spellings
from socialrec.privacy.erasure.proof.unpacking import pieces
from socialrec.settings import Settings, load_settings

BOB, SEVEN, LUO = "bob-0002", "1234567", "罗小黑-0003"
KEY, HASH = "0123456789abcdef" * 4, "fedcba9876543210" * 4
WORDS = 'It\'s "strings" & knots tangle like a bowl of eels every time\u2028and the tail broke off on its first flight'
DAY = "2026-01-02"
PLAN = Plan((BOB, SEVEN, LUO, "7", "#42"), ("shop",), (KEY,), (HASH,), (), (), (), tuple(excerpts_of(WORDS)))


def line(**values: object) -> str:
    return json.dumps({"event_id": "e1", "product_id": "p", **values}) + "\n"


def put(file: Path, content: str | bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def parquet(file: Path, **columns: list[object]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), file, compression="snappy")
    return file


def database(file: Path, statement: str, *values: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(statement)
        table = statement.split()[2]
        marks = ", ".join("?" * len(values))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [values] * 3)
    connection.close()
    return file


def checkpoint(folder: Path) -> Path:
    """A Delta table of which an old version, the log's statistics and a checkpoint hold the pseudonym."""
    write_deltalake(folder, pa.table({"user_key": [KEY], "n": [1]}))
    DeltaTable(folder).create_checkpoint()
    write_deltalake(folder, pa.table({"user_key": ["0" * 64], "n": [1]}), mode="overwrite")
    return folder


def only_log(folder: Path, suffix: str) -> Path:
    checkpoint(folder)
    for file in folder.rglob("*"):
        if file.is_file() and not file.name.endswith(suffix):
            file.unlink()
    return folder


def archive(file: Path, content: str) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("inner.jsonl.gz", gzip.compress(content.encode()))
    return put(file, packed.getvalue())


def doubled(value: str) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(["c1", value])
    return out.getvalue()


def escaped(text: str) -> str:
    """Every character as JSON may escape it, in letters of either case."""
    units = text.encode("utf-16-be").hex()
    parts = [units[place : place + 4] for place in range(0, len(units), 4)]
    return "".join(f"\\u{part.upper() if n % 2 else part}" for n, part in enumerate(parts))


LANDING = f"landing/shop/{DAY}"
Plant = Callable[[Path], object]
PLANTS: dict[str, Plant] = {
    "an id in a landing line behind a U+2028": lambda home: put(
        home / LANDING / "comments.jsonl", f'{{"user_id": "ann", "text": "half\u2028{BOB} has more'
    ),
    "an id that JSON has as a float": lambda home: put(home / LANDING / "a.jsonl", line(user_id=float(SEVEN))),
    "a short id in a record": lambda home: put(home / LANDING / "interactions.jsonl", line(user_id=7)),
    "an id with every character escaped": lambda home: put(
        home / LANDING / "interactions.jsonl", f'{{"user_id": "{escaped(LUO)}"}}\n'
    ),
    "an id in a field that no contract knows": lambda home: put(
        home / LANDING / "follows.jsonl", line(user_id="ann", extra={"invited_by": BOB})
    ),
    "an id in a gzipped file": lambda home: put(
        home / LANDING / "follows.csv.gz", gzip.compress(f"follower_id,followee_id\nann,{BOB}\n".encode())
    ),
    "a short id in a CSV file": lambda home: put(home / LANDING / "follows.csv", "followee_id,follower_id\nann,#42\n"),
    "an id in a Parquet landing file": lambda home: parquet(
        home / LANDING / "follows.parquet", follower_id=["ann"], followee_id=[BOB]
    ),
    "an id that Parquet has as a double": lambda home: parquet(home / LANDING / "follows.parquet", follower_id=[7.0]),
    "an id in a table's file that no log names": lambda home: parquet(
        home / "lake" / "bronze" / "stage-x" / "part=1" / "a.parquet", user_id=["ann", SEVEN]
    ),
    "a pseudonym in an old version of a table": lambda home: only_log(home / "lake" / "t", ".parquet"),
    "a pseudonym in the statistics of a table's log": lambda home: only_log(home / "lake" / "t", ".json"),
    "a pseudonym in a checkpoint": lambda home: only_log(home / "lake" / "t", ".checkpoint.parquet"),
    "a pseudonym that is cut": lambda home: put(home / "logs" / "a.log", f"user {KEY[:20]}… left"),
    "a pseudonym as pages show it": lambda home: put(home / "reports" / DAY / "report.html", f"<b>{KEY[:8]}</b>"),
    "a comment in a page": lambda home: put(home / "reports" / DAY / "report.html", f"<p>{html.escape(WORDS)}</p>"),
    "the second half of a comment": lambda home: put(home / LANDING / "a.jsonl", WORDS.partition("\u2028")[2] + '"}'),
    "a comment in a log, in Python's spelling": lambda home: put(home / "airflow" / "logs" / "a.log", ascii(WORDS)),
    "a comment in an artifact of MLflow": lambda home: put(
        home / "mlflow" / "artifacts" / "1" / "sample.json", json.dumps({"said": json.dumps(WORDS)})
    ),
    "an id in MLflow's database": lambda home: database(
        home / "mlflow" / "mlflow.db", "CREATE TABLE params (key TEXT, value TEXT, run TEXT)", "user", BOB, "f" * 32
    ),
    "an id in Airflow's database": lambda home: database(
        home / "airflow" / "airflow.db", "CREATE TABLE dag_run (id INT, conf TEXT)", 1, json.dumps({"who": LUO})
    ),
    "a pseudonym in a row that was deleted": lambda home: database(
        home / "airflow" / "airflow.db", "CREATE TABLE log (extra BLOB)", KEY.encode()
    ),
    "a pseudonym in an exported CSV file": lambda home: put(home / "export" / DAY / "lists.csv", f"user,n\n{KEY},1\n"),
    "an id in quarantine": lambda home: parquet(
        home / "lake" / "quarantine" / "a.parquet", record=['{"user_id": 7.0, "text": "x"}']
    ),
    "an id that a killed job left": lambda home: put(home / "scratch" / "ingest" / "x" / "spill.bin", f"\0{BOB}\0\xff"),
    "an id in a file's name": lambda home: put(home / "scratch" / f"user-{BOB}.tmp" / "empty", b""),
    "an id in the place that a link leads to": lambda home: (home / "shortcut").symlink_to(f"/srv/{BOB}"),
    "an id in a receipt": lambda home: put(home / "runs" / "r1" / "x.json", json.dumps({"counts": {BOB: 1}})),
    "a short id in a receipt": lambda home: put(
        home / "runs" / "r1" / "x.json", '{"note": "{\\"user_id\\": \\"7\\"}"}'
    ),
    "an id in a UTF-16 file": lambda home: put(home / LANDING / "a.csv", f"user_id\n{LUO}\n".encode("utf-16")),
    "an id in a UTF-16 file without a mark": lambda home: put(home / "a.txt", f"x\n{BOB}\n".encode("utf-16-be")),
    "a comment in a CSV file": lambda home: put(home / "a.csv", "id,text\n" + doubled(WORDS)),
    "an id in an address": lambda home: put(home / "logs" / "access.log", f"GET /u/{quote(LUO)}?q=1"),
    "an id in a package in a package": lambda home: archive(home / "a.zip", line(user_id=BOB)),
    "an id in a bzip2 file": lambda home: put(home / "a.bz2", bz2.compress(line(user_id=BOB).encode())),
}


@pytest.fixture
def clean(home: Path) -> Settings:
    """A home with much that looks like the people, and nothing of them."""
    put(home / LANDING / "comments.jsonl", line(user_id="ann", text="bob-00021 and xbob-0002 and bob-0002-b", rating=7))
    put(home / LANDING / "interactions.csv", "user_id,quantity\nann,7\nu,1234567\n77,1\n")
    parquet(home / LANDING / "interactions.parquet", user_id=["ann"], quantity=[7], event_id=[SEVEN])
    put(home / "runs" / "r1" / "a.json", json.dumps({"counts": {"users": 7, "rows": 1234567}, "user": "70"}))
    put(home / "models" / "weights.bin", bytes(range(256)) * 4096)
    put(home / "reports" / DAY / "report.html", f"<p>{html.escape(WORDS[:15])}</p> 0123456 a{KEY[:8]}")
    put(home / "secrets" / "erasure.json", json.dumps([BOB, KEY]))
    database(home / "airflow" / "airflow.db", "CREATE TABLE log (event TEXT, extra TEXT)", "xbob-00", "02")
    checkpoint(home / "lake" / "clean")
    os.mkfifo(home / "pipe")
    for file in (home / "lake" / "clean").rglob("*"):
        if file.is_file() and KEY[:16].encode() in file.read_bytes():
            file.unlink()
    return load_settings(home)


def test_nothing_is_found_where_nothing_is(clean: Settings) -> None:
    proof = scan(clean, PLAN)
    assert (proof.hits, proof.unread, proof.mentions) == ([], [], [])
    assert min(proof.n_files.values()) > 0


@pytest.mark.parametrize("what", PLANTS)
def test_a_planted_trace_is_found(home: Path, what: str) -> None:
    PLANTS[what](home)
    assert scan(load_settings(home), PLAN).hits, what


def test_all_planted_traces_are_named_each(home: Path) -> None:
    assert len(PLANTS) >= 20
    for n, plant in enumerate(PLANTS.values()):
        (home / str(n)).mkdir()
        plant(home / str(n))
    found = {name.partition("/")[0] for name in scan(load_settings(home), PLAN).hits}
    assert found == {str(n) for n in range(len(PLANTS))}


def test_what_others_write_about_them_is_said_and_left(home: Path) -> None:
    put(home / LANDING / "comments.jsonl", line(user_id="ann", text=f"as {BOB} said"))
    put(home / LANDING / "comments.csv", f'user_id,text\nann,"as {BOB}, said"\n')
    parquet(home / "lake" / "silver" / "a.parquet", user_key=["0" * 64], text=[f"as {BOB} said"])
    parquet(home / "lake" / "quarantine" / "a.parquet", record=[line(user_id="ann", text=f"as {BOB} said")])
    proof = scan(load_settings(home), PLAN)
    assert (proof.hits, len(proof.mentions)) == ([], 4)
    # The same words beside a record of theirs are no excuse.
    with (home / LANDING / "comments.jsonl").open("a") as handle:
        handle.write(line(user_id=BOB, text="x"))
    assert scan(load_settings(home), PLAN).hits == [f"{LANDING}/comments.jsonl"]


@pytest.mark.parametrize(
    "content",
    [gzip.compress(line(user_id="ann").encode() * 99, mtime=0)[:-30], b"PAR1 and no more"],
    ids=["gzip", "Parquet"],
)
def test_a_file_that_cannot_be_unpacked_proves_nothing(home: Path, content: bytes) -> None:
    put(home / "scratch" / "x.gz", content)
    proof = scan(load_settings(home), PLAN)
    assert (proof.hits, proof.unread) == ([], ["scratch/x.gz"])


def test_a_trace_across_two_reads_is_found(home: Path) -> None:
    for n in range(-12, 4):
        filler = b"x " * ((1 << 19) + n) + (b"" if n % 2 else b" ")
        file = put(home / "logs" / "a.log", filler + BOB.encode() + b" y" * 50)
        assert scan(load_settings(home), PLAN).hits == ["logs/a.log"], n
        file.write_bytes(filler + b"x" + BOB.encode() + b"y" * (1 << 20))
        assert scan(load_settings(home), PLAN).hits == [], n


def test_many_people_take_no_more_time_than_one_and_a_large_file_no_memory(home: Path) -> None:
    words = base64.b64encode(os.urandom(1 << 15)).decode()
    put(home / "logs" / "a.log", "".join(f"{n} {words[n : n + 60]}\n" for n in range(30_000)) * 8)
    many = Plan(tuple(f"user-{n:06}" for n in range(5_000)), (), (), (), (), (), ())

    def seconds(plan: Plan) -> float:
        begun = time.process_time()
        assert scan(load_settings(home), plan) == Proof({"landing": 0, "parquet": 0, "other": 1})
        return time.process_time() - begun

    one = seconds(PLAN)
    tracemalloc.start()
    assert seconds(many) < 20 * one
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20


def test_excerpts_are_whole_words_of_every_line() -> None:
    assert set(
        excerpts_of("short\nThis line is long enough to be known by\u2028红色风筝飞得很高很高很高很高很高很高很高很高")
    ) == {
        "This line is long enough to be known by",
        "红色风筝飞得很高很高很高很高很高很高很高很高",
    }
    assert list(excerpts_of("... !!! \n")) == []


def test_spellings_inside_each_other_are_undone() -> None:
    text = 'caf\u00e9 \U0001f600 "x" & y/z'
    for written in (json.dumps(json.dumps(text)), html.escape(json.dumps(text)), quote(html.escape(text))):
        assert any(text in view for view in spellings(written)), written


def test_a_tables_name_in_a_database_is_no_part_of_a_statement(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with sqlite3.connect(file) as database:
        database.execute('CREATE TABLE "x""; DROP TABLE kept; --" (cell text)')
        database.execute("CREATE TABLE kept (cell text)")
        for table in ('"x""; DROP TABLE kept; --"', "kept"):
            database.execute(f"INSERT INTO {table} VALUES ('found in it')")
    before = file.read_bytes()
    assert [piece.text for piece in pieces(file, ())][-2:] == ["found in it"] * 2
    assert file.read_bytes() == before
