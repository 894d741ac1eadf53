"""The proof: every file of a home is looked through for people who were erased."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.landing import LANDING_USERS
from socialrec.erasure.landing import Names, files_to_clean, without
from socialrec.erasure.plan import Plan
from socialrec.recommend.published import SHORT_KEY
from socialrec.settings import Settings

ID_COLUMNS = frozenset(column for columns in LANDING_USERS.values() for column in columns)
TEXT_SUFFIXES = frozenset({".csv", ".html", ".json", ".jsonl", ".log", ".partial", ".txt", ".toml", ".yaml", ""})
MIN_ID_CHARS = 6
"""Shorter ids, and those of digits alone, are also other words: in free text they prove nothing."""
_HEX = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass
class Proof:
    """How many files of which kind were looked through, and those that still hold something, below the home."""

    n_files: dict[str, int] = field(default_factory=lambda: {"landing": 0, "parquet": 0, "other": 0})
    hits: list[str] = field(default_factory=list)


def scan(settings: Settings, plan: Plan) -> Proof:
    """Look through every file below the home, secrets aside, whether anything still names it or not.

    Records and columns are compared exactly: raw ids where users are named, pseudonyms and hashes of texts in every
    column. Other files (pages, logs, databases, weights) are searched for pseudonyms and hashes in full, and text files
    also for raw ids of at least 6 characters and, where they are pages, for pseudonyms as pages shorten them.
    """
    proof, searcher = Proof(), _Searcher(plan)
    delivered = {file.path: file for file in files_to_clean(settings)}
    for path in _files(settings.home, settings.secrets):
        if path in delivered:
            kind, is_hit = "landing", bool(without(delivered[path], searcher.names, dry_run=True))
        elif path.suffix == ".parquet":
            kind, is_hit = "parquet", searcher.parquet(path)
        else:
            kind, is_hit = "other", searcher.other(path)
        proof.n_files[kind] += 1
        if is_hit:
            proof.hits.append(path.relative_to(settings.home).as_posix())
    return proof


def _files(home: Path, secrets: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.is_relative_to(secrets):
            yield path


class _Searcher:
    """Finds one plan's people in files of all kinds."""

    def __init__(self, plan: Plan) -> None:
        self.names = Names(plan.ids)
        self._ids = pa.array(plan.ids, pa.string())
        self._hashes = pa.array(sorted({*plan.keys, *plan.text_hashes}), pa.string())
        self._hex = {value.encode() for value in (*plan.keys, *plan.text_hashes)}
        telling = [user for user in plan.ids if len(user) >= MIN_ID_CHARS and not user.isdigit()]
        self._free_names = Names(telling) if telling else None
        self._short = re.compile("|".join(rf"(?<!\w){key[:SHORT_KEY]}(?!\w)" for key in plan.keys))

    def parquet(self, path: Path) -> bool:
        """Whether a column of a Parquet file holds any of it; a file that cannot be read is searched like any other."""
        try:
            with pq.ParquetFile(path) as file:
                return any(
                    self._column(name, column)
                    for batch in file.iter_batches()
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                )
        except pa.ArrowInvalid:
            return self.other(path)

    def other(self, path: Path) -> bool:
        """Whether a file holds a pseudonym or a hash anywhere; of text files also whether it names anybody."""
        if not path.stat().st_size:
            return False
        with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if any(match[0] in self._hex for match in _HEX.finditer(content)):
                return True
        if path.suffix not in TEXT_SUFFIXES:
            return False
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".html" and self._short.search(text):
            return True
        return self._free_names is not None and bool(self._free_names.words.search(text))

    def _column(self, name: str, column: pa.Array) -> bool:
        for strings in _strings(column):
            if pc.any(pc.is_in(strings, value_set=self._hashes)).as_py():
                return True
            if name in ID_COLUMNS and pc.any(pc.is_in(strings, value_set=self._ids)).as_py():
                return True
            if name == "record" and any(self._in_record(record) for record in strings.to_pylist() if record):
                return True
        return False

    def _in_record(self, record: str) -> bool:
        return any(self.names.are_in(record, entity) for entity, users in LANDING_USERS.items() if users)


def _strings(column: pa.Array) -> Iterator[pa.Array]:
    """All strings of a column, however deep they lie."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _strings(column.dictionary_decode())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield column.cast(pa.string())
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _strings(column.flatten())
    elif pa.types.is_map(kind):
        yield from _strings(column.keys)
        yield from _strings(column.items)
    elif pa.types.is_struct(kind):
        for part in column.flatten():
            yield from _strings(part)
