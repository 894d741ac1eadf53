"""Check files before they land: findings and remedies by file and column. Nothing is written."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.columns import type_name
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.landing import EARLIEST_YEAR, EXAMPLES, PICTURE_FOLDER
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.errors import UserError
from socialrec.etl.bronze.ingest import judged_records
from socialrec.etl.bronze.judging import FAULTS, list_faults
from socialrec.etl.bronze.landed_values import is_id
from socialrec.etl.check.converting import guess_file
from socialrec.etl.check.ids import Conflicts, conflicts_by_file, find_unmet_ids
from socialrec.etl.check.report import Fault, FileCheck
from socialrec.etl.landing.files import SAFE_NAME, LandingFile, find_days, is_day
from socialrec.etl.landing.guesses import similar_columns
from socialrec.etl.landing.layouts import FileLayout, Layouts, find_layouts
from socialrec.etl.landing.opening import require_file, require_no_link
from socialrec.etl.quarantine_share import shared_id_question
from socialrec.settings.etl import EtlSettings

LOOSE = "check"
"""Platform that is assumed for files outside a landing folder."""

_REMEDIES: dict[str, str] = {
    QuarantineReason.MISSING_VALUE: "fill it, or leave the record out",
    QuarantineReason.EMPTY_TEXT: "fill it, give a rating, or leave the record out",
    QuarantineReason.FUTURE_EVENT: "nothing happens after its landing day: check the clock, times are UTC",
    QuarantineReason.SELF_FOLLOW: "leave it out",
    QuarantineReason.WRONG_ENCODING: r"write texts as UTF-8, and escapes such as \ud83d only in pairs",
}
ID_FORM = "a text or a whole number, on one line: as text, 125.0 and 125 are two ids"
_READABLE = {
    "jsonl": 'write each record as one JSON object on one line, such as {"product_id": "p1", "title": "Red kite"}',
    "csv": "give each record as many values as the header has names; put a value that holds a comma in double quotes",
    "parquet": "write each record as its format wants it",
}


@dataclass(frozen=True)
class _Counts:
    n: int = 0
    n_valid: int = 0
    faults: tuple[Fault, ...] = ()


@contextmanager
def files_to_check(path: Path, ds: str, etl: EtlSettings) -> Iterator[list[LandingFile]]:
    """List the files of a landing folder, of a platform in it, or of any folder with landing names; or one file.

    Files in a folder that is named like a day count for that day, others for day `ds`. Raises UserError where there are
    none, or a name is not a landing name.
    """
    if not path.exists():
        raise UserError(f"{path} is not a folder or file: name landing files, such as products.csv, or their folder")
    folder = path if path.is_dir() else path.parent
    if not path.is_dir():
        require_file(path)
    loose = (
        [path]
        if not path.is_dir()
        else _visible(file for file in folder.iterdir() if file.is_symlink() or not file.is_dir())
    )
    with TemporaryDirectory() as scratch:
        landing = linked = Path(scratch) / "landing"
        if loose:
            linked = landing.joinpath(*_place(folder.resolve(), ds))
            _link(linked, loose)
        elif any(file.is_file() for file in folder.glob("*/*")):
            linked = landing / _platform(folder.resolve())
            _link_platform(linked, folder)
        else:
            landing = folder
        try:
            days = find_days(landing, "9999-12-31", etl.platforms, follow=landing is not folder)
        except UserError as error:
            # Messages name the person's own folder, not the substitute.
            raise UserError(str(error).replace(str(linked), str(folder))) from None
        yield [file for day in days for file in day.files]


@dataclass(frozen=True)
class CheckedFiles:
    """Files to check: the layouts of readable files, and the reasons why others cannot be read."""

    files: tuple[LandingFile, ...]
    readable: Mapping[LandingFile, Layouts]
    problems: Mapping[LandingFile, str]

    @property
    def layouts(self) -> dict[FileLayout, list[LandingFile]]:
        """Readable files by layout."""
        return _grouped(self.readable)


def read_delivery(files: Iterable[LandingFile]) -> CheckedFiles:
    """Read the layouts of files, each once."""
    files = tuple(files)
    readable: dict[LandingFile, Layouts] = {}
    problems: dict[LandingFile, str] = {}
    for file in files:
        try:
            readable[file] = find_layouts([file])
        except UserError as error:
            problems[file] = str(error).replace(f"{file.path}: ", "")
    return CheckedFiles(files, readable, problems)


def check_files(spark: SparkSession, delivery: CheckedFiles, etl: EtlSettings) -> list[FileCheck]:
    """Judge each file by its contract, in the given order."""
    counts = _mark_planted(_count_faults(spark, delivery.readable, etl))
    return [
        FileCheck(_name(file), file.entity.value, problem=delivery.problems[file], convertible=_convertible(file))
        if file in delivery.problems
        else _check(file, delivery.readable[file], counts.get(file, _Counts()))
        for file in delivery.files
    ]


def unmet_lines(spark: SparkSession, delivery: CheckedFiles, etl: EtlSettings) -> list[str]:
    """Lines about product ids that the files name but do not contain; none where they contain no products."""
    return [unmet.line() for unmet in find_unmet_ids(spark, delivery.layouts, etl)]


def _grouped(readable: Mapping[LandingFile, Layouts]) -> dict[FileLayout, list[LandingFile]]:
    grouped: dict[FileLayout, list[LandingFile]] = {}
    for file, own in readable.items():
        for layout in own.files:
            grouped.setdefault(layout, []).append(file)
    return grouped


def remedy(entity: Entity, name: str, reason: str, form: str = "jsonl") -> str:
    """Say what to change in a column so that its records are valid; the empty string where there is no reason to."""
    column = next((column for column in ENTITIES[entity].columns if column.name == name), None)
    remedies = _REMEDIES | {QuarantineReason.UNREADABLE_RECORD: _READABLE[form]}
    if column is not None:
        limits = (("at least", column.minimum), ("at most", column.maximum))
        bounds = [f"{side} {limit}" for side, limit in limits if limit is not None]
        form_of = ID_FORM if is_id(column) else EXAMPLES[type_name(column.type)]
        remedies |= {
            QuarantineReason.WRONG_TYPE: f"use {form_of}",
            QuarantineReason.UNKNOWN_VALUE: f"use one of {', '.join(column.choices or ())}",
            QuarantineReason.TOO_LONG: f"at most {column.max_chars} characters",
            QuarantineReason.MALFORMED: f"use {column.form.words}" if column.form else "",
            QuarantineReason.OUT_OF_RANGE: " and ".join(bounds) or f"not before {EARLIEST_YEAR}",
        }
    return remedies.get(reason, "")


def _convertible(file: LandingFile) -> tuple[str, ...]:
    """Changes that a conversion would make to a file; empty where that cannot be guessed."""
    try:
        return tuple(guess_file(file).changes())
    except (UserError, OSError, EOFError, zlib.error, UnicodeError):
        return ()


def _check(file: LandingFile, layouts: Layouts, counts: _Counts) -> FileCheck:
    known = {name for layout in layouts.files for name in layout.kinds}
    ignored = tuple(name for _, *strangers in layouts.unknown for name in strangers)
    # Records of JSON Lines may each leave out what they like.
    there = known if file.format != "jsonl" else {column.name for column in ENTITIES[file.entity].columns}
    return FileCheck(
        name=_name(file),
        entity=file.entity.value,
        n_records=counts.n,
        n_valid=counts.n_valid,
        absent=tuple(column.name for column in ENTITIES[file.entity].columns if column.name not in there),
        ignored=ignored,
        similar=similar_columns(file.entity, layouts.names[file]),
        faults=counts.faults,
        convertible=_convertible(file) if counts.n_valid < counts.n else (),
    )


def _count_faults(
    spark: SparkSession, readable: Mapping[LandingFile, Layouts], etl: EtlSettings
) -> dict[LandingFile, _Counts]:
    """Count by file: its records, the valid ones, and all faults of the others, the most frequent first."""
    files = {file.name: file for file in readable}
    found: dict[LandingFile, _Counts] = {}
    layouts = _grouped(readable)
    for entity in Entity:
        listed = judged_records(spark, entity, layouts, etl.platforms, list_faults)
        if listed is None:
            continue
        # One row per fault of a record, the first at place 0, or one row without a place for a valid record.
        faults = listed.select("source_file", "source_line", F.posexplode_outer(FAULTS).alias("place", "fault"))
        counted = faults.groupBy("source_file", "fault.column", "fault.reason").agg(
            F.count(F.lit(1)).alias("n"),
            F.count_if(F.coalesce("place", F.lit(0)) == 0).alias("records"),
            F.count_if(F.col("place").isNull()).alias("valid"),
            F.min(F.struct("source_line", "fault.value")).alias("first"),
        )
        for row in counted.collect():
            file = files[row["source_file"]]
            so_far = found.get(file, _Counts())
            new: tuple[Fault, ...] = ()
            if row["reason"]:
                advice = remedy(entity, row["column"], row["reason"], file.format)
                line, value = row["first"]
                new = (Fault(row["column"], row["reason"], row["n"], line, value or "", advice),)
            faults_of = sorted((*so_far.faults, *new), key=lambda fault: (-fault.n, fault.line, fault.column))
            found[file] = _Counts(so_far.n + row["records"], so_far.n_valid + row["valid"], tuple(faults_of))
        for name, conflicts in conflicts_by_file(spark, entity, layouts, etl).items():
            found[files[name]] = _with_conflicts(found[files[name]], entity, conflicts)
    return found


def _with_conflicts(counts: _Counts, entity: Entity, conflicts: Conflicts) -> _Counts:
    """The counts of a file whose valid records silver would reject in part."""
    name, reason = ENTITIES[entity].key[0], QuarantineReason.CONFLICTING_ID.value
    fault = Fault(name, reason, conflicts.n, conflicts.line, conflicts.value, shared_id_question(entity))
    return replace(counts, n_valid=counts.n_valid - conflicts.n, faults=(*counts.faults, fault))


def _mark_planted(counts: dict[LandingFile, _Counts]) -> dict[LandingFile, _Counts]:
    """Mark the faults that a source recorded as planted by itself, where there are not more of them than that."""
    landed: dict[tuple[Path, Entity, str], int] = {}
    for file, own in counts.items():
        for fault in own.faults:
            key = (_platform_folder(file), file.entity, fault.reason)
            landed[key] = landed.get(key, 0) + fault.n
    planted = {folder: _planted(folder) for folder, _, _ in landed}

    def marked(file: LandingFile, fault: Fault) -> Fault:
        folder = _platform_folder(file)
        n_planted = planted[folder].get(file.entity, {}).get(fault.reason, 0)
        is_planted = landed[folder, file.entity, fault.reason] <= n_planted
        return replace(fault, planted_by=folder.name) if is_planted else fault

    return {
        file: replace(own, faults=tuple(marked(file, fault) for fault in own.faults)) for file, own in counts.items()
    }


def _planted(platform: Path) -> dict[str, dict[str, int]]:
    """Planted records by entity and reason, for sources that generate their data; see `import_source`."""
    file = platform.parent.parent / "truth" / platform.name / "counts.json"
    if not file.exists():
        return {}
    counts = json.loads(file.read_text(encoding="utf-8"))
    return {entity: dict(own["quarantined"]) for entity, own in counts.items()}


def _platform_folder(file: LandingFile) -> Path:
    return file.opened.resolve().parents[1]


def _name(file: LandingFile) -> str:
    """Name of the file without the day and platform that were only assumed."""
    parts: list[str] = []
    for ours, theirs in zip(reversed(file.name.split("/")), reversed(file.opened.resolve().parts), strict=False):
        if ours != theirs:
            break
        parts.insert(0, ours)
    return "/".join(parts) or file.path.name


def _place(folder: Path, ds: str) -> tuple[str, str]:
    """Platform and day of a folder of files."""
    return (_platform(folder.parent), folder.name) if is_day(folder.name) else (LOOSE, ds)


def _platform(folder: Path) -> str:
    return folder.name if SAFE_NAME.fullmatch(folder.name) else LOOSE


def _visible(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if not path.name.startswith((".", "_"))]


def _link_platform(target: Path, platform: Path) -> None:
    for day in _visible(sorted(platform.iterdir())):
        require_no_link(day)
        if day.is_dir():
            _link(target / day.name, _visible(file for file in day.iterdir() if file.name != PICTURE_FOLDER))


def _link(target: Path, files: Sequence[Path]) -> None:
    target.mkdir(parents=True)
    for file in files:
        require_file(file)
        (target / file.name).symlink_to(file.resolve())
