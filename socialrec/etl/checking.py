"""Look at files before they land: by file and column, what is right and what to change. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.landing import EARLIEST_YEAR, LANDING
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.errors import UserError
from socialrec.etl.ingest import judged_records
from socialrec.etl.judging import DETAIL, REASON
from socialrec.etl.landing_files import LandingFile, find_days
from socialrec.etl.landing_layouts import Layout, Layouts, find_layouts

LOOSE = "check"
"""The platform that files outside a landing folder are looked at as."""


_REMEDIES: dict[str, str] = {
    QuarantineReason.UNREADABLE_RECORD: "write each record as its format wants it",
    QuarantineReason.MISSING_VALUE: "fill it, or leave the record out",
    QuarantineReason.EMPTY_TEXT: "fill it, or leave the record out",
    QuarantineReason.FUTURE_EVENT: "nothing happens after its landing day: check the clock, times are UTC",
    QuarantineReason.SELF_FOLLOW: "leave it out",
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with `n` records of a file, in which column, the first such record, and what to do about it."""

    column: str
    reason: str
    n: int
    line: int
    example: str
    remedy: str


@dataclass(frozen=True)
class FileCheck:
    """One file: its records and how many are whole; columns by the contract; or the `problem` that keeps it out.

    absent: optional columns that it does not have. unknown: columns that nobody reads.
    """

    name: str
    entity: str
    n_records: int
    n_valid: int
    absent: tuple[str, ...]
    unknown: tuple[str, ...]
    faults: tuple[Fault, ...]
    problem: str | None = None

    def is_fit(self, max_share: float) -> bool:
        """Whether it can be read, and at most this share of its records would go to quarantine."""
        return self.problem is None and self.n_records - self.n_valid <= max_share * self.n_records


@contextmanager
def files_to_check(folder: Path, ds: str) -> Iterator[list[LandingFile]]:
    """The files of a landing folder, of a platform in it, or of any folder that holds files with landing names.

    The last are taken for those of day `ds`. Raises UserError where there are none, or a name means nothing.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name one with landing files, such as products.csv")
    loose = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "_"))]
    with TemporaryDirectory() as scratch:
        landing = linked = Path(scratch) / "landing"
        if loose:
            linked = landing / LOOSE / ds
            _link(linked, loose)
        elif any(path.is_file() for path in folder.glob("*/*")):
            linked = landing / LOOSE
            _link_platform(linked, folder)
        else:
            landing = folder
        try:
            days = find_days(landing, "9999-12-31")
        except UserError as error:
            # People know their own folder, not the one that stands in for it.
            raise UserError(str(error).replace(str(linked), str(folder))) from None
        yield [file for day in days for file in day.files]


def check_files(spark: SparkSession, files: Iterable[LandingFile]) -> list[FileCheck]:
    """Every file judged by its contract, in the order given."""
    readable: dict[LandingFile, Layouts] = {}
    problems: dict[LandingFile, str] = {}
    files = list(files)
    for file in files:
        try:
            readable[file] = find_layouts([file])
        except UserError as error:
            problems[file] = str(error).replace(f"{file.path}: ", "")
    faults = _faults(spark, readable)
    return [
        FileCheck(file.name, file.entity.value, 0, 0, (), (), (), problems[file])
        if file in problems
        else _check(file, readable[file], *faults.get(file.name, (0, 0, ())))
        for file in files
    ]


def remedy(entity: Entity, name: str, reason: str) -> str:
    """What to change in a column so that its records are whole; the empty string where there is no reason to."""
    column = next((column for column in LANDING[entity] if column.name == name), None)
    remedies = dict(_REMEDIES)
    if column is not None:
        bounds = [f"at least {column.minimum}"] * (column.minimum is not None)
        bounds += [f"at most {column.maximum}"] * (column.maximum is not None)
        remedies |= {
            QuarantineReason.WRONG_TYPE: f"deliver it as {column.type}",
            QuarantineReason.UNKNOWN_VALUE: f"write one of {', '.join(column.choices or ())}",
            QuarantineReason.TOO_LONG: f"at most {column.max_chars} characters",
            QuarantineReason.OUT_OF_RANGE: " and ".join(bounds) or f"not before {EARLIEST_YEAR}",
        }
    return remedies.get(reason, "")


def _check(file: LandingFile, layouts: Layouts, n: int, n_valid: int, faults: Sequence[Fault]) -> FileCheck:
    known = {name for layout in layouts.files for name in layout.kinds}
    # Records of JSON Lines may each leave out what they like.
    names = known if file.format != "jsonl" else {column.name for column in LANDING[file.entity]}
    absent = tuple(column.name for column in LANDING[file.entity] if column.name not in names)
    unknown = tuple(name for entity, *strangers in layouts.unknown for name in strangers)
    return FileCheck(file.name, file.entity.value, n, n_valid, absent, unknown, tuple(faults))


def _faults(spark: SparkSession, readable: dict[LandingFile, Layouts]) -> dict[str, tuple[int, int, tuple[Fault, ...]]]:
    """By file: its records, the valid ones, and the faults of the others, the most frequent first."""
    found: dict[str, list[tuple[str | None, Fault]]] = {}
    for entity in Entity:
        layouts: dict[Layout, list[LandingFile]] = {}
        for file, own in readable.items():
            for layout in own.files:
                if layout.entity is entity:
                    layouts.setdefault(layout, []).append(file)
        judged = judged_records(spark, entity, layouts)
        if judged is None:
            continue
        first = F.min(F.struct("source_line", DETAIL)).alias("first")
        counted = judged.groupBy("source_file", REASON, F.substring_index(DETAIL, ":", 1).alias("column")).agg(
            F.count(F.lit(1)).alias("n"), first
        )
        for row in counted.collect():
            column, reason, (line, example) = row["column"] or "", row[REASON] or "", row["first"]
            fault = Fault(column, reason, row["n"], line, example or "", remedy(entity, column, reason))
            found.setdefault(row["source_file"], []).append((row[REASON], fault))
    return {name: _summed(parts) for name, parts in found.items()}


def _summed(parts: Sequence[tuple[str | None, Fault]]) -> tuple[int, int, tuple[Fault, ...]]:
    bad = sorted((fault for reason, fault in parts if reason), key=lambda fault: (-fault.n, fault.column, fault.reason))
    n = sum(fault.n for _, fault in parts)
    return n, n - sum(fault.n for fault in bad), tuple(bad)


def _link_platform(target: Path, platform: Path) -> None:
    for day in sorted(platform.iterdir()):
        if day.is_dir() and not day.name.startswith((".", "_")):
            _link(target / day.name, [path for path in day.iterdir() if not path.name.startswith((".", "_"))])


def _link(target: Path, files: Iterable[Path]) -> None:
    target.mkdir(parents=True)
    for file in files:
        (target / file.name).symlink_to(file.resolve())
