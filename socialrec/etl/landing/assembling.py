"""Assemble the records of whole text files: decoded, a record of CSV in one piece, each with its line number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import pyarrow as pa

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing.csv_records import CsvRecord, csv_records
from socialrec.etl.landing.lines import BLANKS, BYTE_ORDER_MARK

PATH, LINE, N_LINES, FIELDS = "_path", "_line", "_n_lines", "_fields"
RECORDS = f"{PATH} string, source_line bigint, {N_LINES} int, {LINE} string, {FIELDS} array<string>"
_BATCH = 10_000


def assemble_batches(
    batches: Iterable[pa.RecordBatch], entity: Entity, encoding: str, header: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """Lines of whole files to records, in the columns of `RECORDS`.

    batches: `_path` and the line as `value` (binary), file by file, in the order of the lines. header: of CSV files, an
    empty string for a column that the contract does not know; None for JSON Lines, whose lines are decoded alone.
    """
    found: list[tuple[str, CsvRecord]] = []
    for path, lines in _by_file(batches):
        text = ((number, _decoded(line, number, encoding)) for number, line in enumerate(lines, 1))
        records = csv_records(_below_header(text), entity, header) if header is not None else _one_a_line(text)
        for record in records:
            found.append((path, record))
            if len(found) == _BATCH:
                yield _batch(found)
                found = []
    yield _batch(found)


def _by_file(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Group lines by file. Lines of one file have to be read before the next file is requested."""
    rows = (
        (path, line)
        for batch in batches
        for path, line in zip(batch.column(PATH).to_pylist(), batch.column("value").to_pylist(), strict=True)
    )
    for path, group in groupby(rows, key=itemgetter(0)):
        yield path, (line for _, line in group)


def _one_a_line(lines: Iterable[tuple[int, str]]) -> Iterator[CsvRecord]:
    return (CsvRecord(number, 1, line, None) for number, line in lines if line.strip(BLANKS))


def _below_header(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    next((line for _, line in lines if line.strip(BLANKS)), None)
    return lines


def _decoded(line: bytes, number: int, encoding: str) -> str:
    return (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).decode(encoding)


def _batch(found: Sequence[tuple[str, CsvRecord]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [
            pa.array([path for path, _ in found], pa.string()),
            pa.array([record.line for _, record in found], pa.int64()),
            pa.array([record.n_lines for _, record in found], pa.int32()),
            pa.array([record.raw for _, record in found], pa.string()),
            pa.array([record.fields for _, record in found], pa.list_(pa.string())),
        ],
        names=[PATH, "source_line", N_LINES, LINE, FIELDS],
    )
