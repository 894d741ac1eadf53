"""Findings about files before they land, the verdict, and the report for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing.guesses import rename_advice, shown_name

LONGEST_VALUE = 60
"""Maximum displayed length of a rejected value, in characters."""


@dataclass(frozen=True)
class Fault:
    """Fault in a column of `n` records of a file: number and value of the first, and the remedy.

    `column` is empty where the record cannot be read; the value is the record then. `planted_by` names the platform
    whose source planted the fault, if one did.
    """

    column: str
    reason: str
    n: int
    line: int
    value: str
    remedy: str
    planted_by: str | None = None


@dataclass(frozen=True)
class FileCheck:
    """Findings about one file: its records, the valid ones, all faults of the others, and its columns by the contract.

    problem: why the file cannot be taken in. convertible: what `socialrec convert` would change in it. absent: optional
    columns that it does not have. ignored: columns that the contract does not know; similar: those of them that are
    nearly right, with the right name. A record may have several faults.
    """

    name: str
    entity: str
    n_records: int = 0
    n_valid: int = 0
    absent: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    similar: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    problem: str | None = None
    convertible: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckVerdict:
    """Decision if a night would accept the files, with the reasons, a line each."""

    passes: bool
    reasons: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The verdict for people: one line, or one for each of several reasons below it."""
        said = "passes" if self.passes else "would not pass"
        if len(self.reasons) == 1:
            yield f"{said}: {self.reasons[0]}"
        else:
            yield f"{said}:"
            yield from (f"  {reason}" for reason in self.reasons)


def give_verdict(found: Sequence[FileCheck], max_share: float) -> CheckVerdict:
    """Judge files by the causes that stop a night: an unreadable file, or too large a rejected share of an entity."""
    broken = [f"{one.name} cannot be taken in" for one in found if one.problem]
    over: list[str] = []
    under: list[str] = []
    for entity in Entity:
        own = [one for one in found if one.entity == entity]
        n, bad = sum(one.n_records for one in own), sum(one.n_records - one.n_valid for one in own)
        if bad:
            (over if bad > max_share * n else under).append(_share_line(entity, n, bad, max_share=max_share, own=own))
    if broken or over:
        return CheckVerdict(False, (*broken, *over))
    n = sum(one.n_records for one in found)
    return CheckVerdict(True, tuple(under or [_valid_line(n, n)]))


def report_lines(found: Sequence[FileCheck]) -> Iterator[str]:
    """Report the findings: files of one platform, entity and format together, or only those with problems."""
    for one in found:
        if one.problem:
            yield f"{one.name}: cannot be taken in: {one.problem}"
            yield from _conversion_lines(one)
    whole = sorted((one for one in found if not one.problem), key=_kind)
    for _, group in groupby(whole, _kind):
        yield from _group_lines(list(group))


def _share_line(entity: Entity, n: int, bad: int, *, max_share: float, own: Sequence[FileCheck]) -> str:
    said = f"{_percent(bad / n)} of {entity} would go to quarantine, at most {_percent(max_share)} may"
    said += " (etl.max_quarantine_share)"
    planters = {fault.planted_by for one in own for fault in one.faults}
    if None not in planters:
        said += f", all planted by the {' and '.join(sorted(filter(None, planters)))} world to show quarantine"
    if bad > max_share * n:
        least = bad - int(max_share * n)
        said += f"; correct {f'at least {least:,} of the {bad:,}' if least < bad else f'all {bad:,}'} invalid records"
    return said


def _kind(one: FileCheck) -> tuple[str, str]:
    """Platform, entity and format: `shop/2026-01-31/comments-eu.csv` is of the kind `shop`, `comments.csv`."""
    *folders, name = one.name.split("/")
    return "/".join(folders[:1]), f"{one.entity}.{name.partition('.')[2]}"


def _group_lines(group: Sequence[FileCheck]) -> Iterator[str]:
    n, valid = sum(one.n_records for one in group), sum(one.n_valid for one in group)
    name = group[0].name
    if len(group) > 1:
        name = f"{'/'.join(filter(None, _kind(group[0])))}, {len(group)} files"
    yield f"{name}: {_valid_line(n, valid)}"
    absent = [column for column in group[0].absent if all(column in one.absent for one in group)]
    if absent:
        yield f"  optional columns that are not there: {', '.join(absent)}"
    ignored = sorted({column for one in group for column in one.ignored})
    if ignored:
        yield f"  ignored columns: {', '.join(map(shown_name, ignored))}"
    similar = {name: meant for one in group for name, meant in one.similar.items()}
    if similar:
        yield f"  did you mean: {rename_advice(Entity(group[0].entity), similar)}?"
    yield from _fault_lines(group)
    for one in group:
        yield from _conversion_lines(one)


def _conversion_lines(one: FileCheck) -> Iterator[str]:
    if one.convertible:
        yield f"  `socialrec convert` would write {one.name.rpartition('/')[2]} so: {'; '.join(one.convertible)}"


def _fault_lines(group: Sequence[FileCheck]) -> Iterator[str]:
    """Lines about faults of a group's files by column and reason, the most frequent first, each with its first
    record.
    """
    by_kind: dict[tuple[str, str, str | None], list[tuple[FileCheck, Fault]]] = {}
    for one in group:
        for fault in one.faults:
            by_kind.setdefault((fault.column, fault.reason, fault.planted_by), []).append((one, fault))
    for (column, reason, planter), parts in sorted(by_kind.items(), key=lambda item: -sum(f.n for _, f in item[1])):
        one, first = parts[0]
        what = f"{column} = {_short(first.value)}" if column else _short(first.value)
        where = f"{'row' if one.name.endswith('.parquet') else 'line'} {first.line:,}" + (
            f" of {one.name}" if len(group) > 1 else ""
        )
        advice = f"planted by the {planter} world to show quarantine" if planter else first.remedy
        yield f"  {sum(fault.n for _, fault in parts):,} x {reason}, such as {where}: {what}: {advice}"


def _valid_line(n: int, n_valid: int) -> str:
    if n_valid < n:
        return f"{n_valid:,} of {n:,} records are valid"
    return f"all {n:,} records are valid" if n > 1 else "1 record, which is valid" if n else "no records"


def _percent(share: float) -> str:
    """Format a percentage with two significant digits: 7.1%, 5%, 0.068%."""
    return f"{share * 100:.2g}%" if share < 0.1 else f"{share * 100:.0f}%"


def _short(value: str) -> str:
    said = " ".join(value.split()) or repr(value)
    return said if len(said) <= LONGEST_VALUE else f"{said[: LONGEST_VALUE - 1]}…"
