"""Search of every file of a home for erased users, by other means than the removal."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from socialrec.contracts.entities import ENTITIES
from socialrec.privacy.erasure.plan import Plan
from socialrec.privacy.erasure.proof.traces import Trace, Traces
from socialrec.privacy.erasure.proof.unpacking import BOMS, BROKEN, CHUNK, Piece, pieces
from socialrec.settings import Settings

ID_COLUMNS = frozenset(column for spec in ENTITIES.values() for column in spec.users)
FREE_TEXT = frozenset(column for spec in ENTITIES.values() for column in spec.texts)
"""Columns of what people wrote: an id in them is a mention, which stays with whoever wrote it."""


@dataclass
class Proof:
    """Numbers of searched files by kind, and the files below the home with traces or that cannot be read.

    mentions: files in which texts of others name them.
    """

    n_files: dict[str, int] = field(default_factory=lambda: {"landing": 0, "parquet": 0, "other": 0})
    hits: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)


def scan(settings: Settings, plan: Plan) -> Proof:
    """Search every file below the home, except for secrets.

    Names and bytes of all files are searched, and the content of Parquet, gzip, bzip2, xz, zip and SQLite files: for
    pseudonyms and hashes of texts (16 digits are enough), for excerpts that only the users wrote, and for their ids as
    words. Ids of fewer than 6 characters, or of digits alone, are searched where a field or column names a user.
    """
    proof = Proof()
    searcher = _Searcher(settings, Traces(plan.ids, (*plan.keys, *plan.text_hashes), plan.excerpts))
    for path in _files(settings):
        name = os.path.relpath(path, settings.home)
        proof.n_files[_kind(path, settings)] += 1
        try:
            found = searcher.look(path, name)
        except FileNotFoundError:
            continue  # its owner has removed it meanwhile
        except BROKEN:
            proof.unread.append(name)
            continue
        if found is Trace.OTHER:
            proof.hits.append(name)
        elif found is Trace.ID:
            proof.mentions.append(name)
    return proof


def _files(settings: Settings) -> Iterator[Path]:
    """List every file and link, including the landing folder where it is a link itself."""
    roots = [settings.home, *([settings.landing.resolve()] if settings.landing.is_symlink() else [])]
    for root in roots:
        for folder, folders, names in os.walk(root):
            here = Path(folder)
            if here == settings.home:
                folders[:] = [name for name in folders if here / name != settings.secrets]
            links = [name for name in folders if (here / name).is_symlink()]
            yield from (here / name for name in sorted((*names, *links)))


def _kind(path: Path, settings: Settings) -> str:
    if path.is_relative_to(settings.landing) or path.is_relative_to(settings.landing.resolve()):
        return "landing"
    return "parquet" if path.suffix == ".parquet" else "other"


class _Searcher:
    """Search of files for the users of one plan."""

    def __init__(self, settings: Settings, traces: Traces) -> None:
        self._traces = traces
        own = settings.etl.platforms.values()
        self._encodings = sorted({name for one in own for name in one.encodings.values() if name != "utf-8"})

    def look(self, path: Path, name: str) -> Trace | None:
        """Classify a file: with a trace (`OTHER`), or only with an id in others' texts (`ID`)."""
        status = path.lstat()
        if self._traces.find(name, joiners=""):
            return Trace.OTHER
        if stat.S_ISLNK(status.st_mode):
            return Trace.OTHER if self._traces.find(str(path.readlink())) else None
        if not stat.S_ISREG(status.st_mode):
            return None
        return self._in_content(path)

    def _in_content(self, path: Path) -> Trace | None:
        is_page, has_records = path.suffix == ".html", not {".csv", ".jsonl"}.isdisjoint(path.suffixes)
        has_parts = has_records or path.suffix == ".parquet"
        is_mentioned = False
        for piece in pieces(path, self._encodings):
            found = self._in_piece(piece, is_page=is_page)
            if found is Trace.ID:
                is_mentioned = True
            if found is Trace.OTHER or (found is Trace.ID and not (piece.column or has_parts)):
                return Trace.OTHER
        # Bytes of CSV do not show the column of a short id; a record shows if an id is in free text alone.
        if (is_mentioned and has_records) or ".csv" in path.suffixes:
            for encoding in ("utf-8", *self._encodings):
                if any(self._in_record(*record) for record in _records(path, encoding)):
                    return Trace.OTHER
        return Trace.ID if is_mentioned else None

    def _in_piece(self, piece: Piece, *, is_page: bool) -> Trace | None:
        """Traces in a piece of a file; ids in free text are left to the search of records."""
        if piece.column in ID_COLUMNS and any(map(self._traces.is_user, piece.values)):
            return Trace.OTHER
        found = self._traces.find(piece.text, is_page=is_page, is_first=piece.is_first, is_last=piece.is_last)
        if found != {Trace.ID}:
            return Trace.OTHER if found else None
        if piece.column == "record":
            return Trace.OTHER if any(self._in_record({}, str(value)) for value in piece.values) else Trace.ID
        return Trace.ID if not piece.column or piece.column in FREE_TEXT else Trace.OTHER

    def _in_record(self, users: dict[str, str], record: str) -> bool:
        """Check if a record names one of the users outside its free text."""
        return any(map(self._traces.is_user, users.values())) or bool(self._traces.find(_beyond_free_text(record)))


def _records(path: Path, encoding: str) -> Iterator[tuple[dict[str, str], str]]:
    """Records of a text file: of CSV the columns that name users, and the rest of the record as text."""
    with path.open("rb") as packed:
        encoding = "utf-16" if packed.read(2) in BOMS else encoding
        packed.seek(0)
        content = cast("BinaryIO", gzip.GzipFile(fileobj=packed)) if path.suffix == ".gz" else packed
        lines = _bounded(io.TextIOWrapper(content, encoding=encoding, errors="replace", newline=""))
        if ".jsonl" in path.suffixes:
            yield from (({}, line) for line in lines)
        else:
            yield from _rows(lines)


def _rows(lines: Iterator[str]) -> Iterator[tuple[dict[str, str], str]]:
    rows = csv.reader(lines)
    header: list[str] = []
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            continue  # an endless value, whose bytes were searched anyway
        if not header:
            header = [name.strip().lstrip("\ufeff") for name in row]
            continue
        named = list(zip(header, row, strict=False))
        rest = [value for name, value in named if name not in FREE_TEXT] + row[len(header) :]
        yield {name: value for name, value in named if name in ID_COLUMNS}, "\n".join(rest)


def _bounded(text: TextIO) -> Iterator[str]:
    while line := text.readline(CHUNK):
        yield line


class _Object(str):
    """JSON object as names and values, without free text."""

    __slots__ = ()


def _object(pairs: list[tuple[str, object]]) -> _Object:
    return _Object(", ".join(f'"{name}": "{value}"' for name, value in pairs if name not in FREE_TEXT))


def _beyond_free_text(record: str) -> str:
    """Remove free text from a JSON object; other values stay whole."""
    try:
        content = json.loads(record, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return record
    return content if isinstance(content, _Object) else record
