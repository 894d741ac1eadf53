"""Erase users from everything in a home, and prove it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from socialrec.contracts import TABLES
from socialrec.contracts.bronze import BRONZE, LANDED_DAYS
from socialrec.errors import UserError
from socialrec.etl.progress import day_tokens, landing_token, landing_tokens
from socialrec.lake import Lake, attempts
from socialrec.privacy.erasure.files import clean_exports, clean_truth, days_to_render, render_again
from socialrec.privacy.erasure.landing import RawIds, all_days, files_to_clean, holds, without
from socialrec.privacy.erasure.plan import Plan, days_of, drop_plan, keep_plan, known_platforms, make_plan
from socialrec.privacy.erasure.proof.scan import Proof, scan
from socialrec.privacy.erasure.published_answers import publish_answers_again
from socialrec.privacy.erasure.tables import TableEraser
from socialrec.privacy.tombstones import add_tombstones, erasure_key, read_tombstones, tombstone
from socialrec.settings import Settings
from socialrec.tracking import ANSWERS, BASE, ENCODER, RECOMMENDER, Tracker

JOB = "erase_users"


@dataclass
class Erasure:
    """Result of an erasure, or of its dry run: numbers and files, never names.

    n_people: erased users, including those of an interrupted erasure. n_asked, n_found: users of this request, and
    those of them who were found; the others had been erased before. rows: number of removed rows or records, by table,
    file kind or folder. changed_lists: lists of others with the users in their reasons. models: versions that were
    trained on them. proof: None for a dry run.
    """

    n_people: int
    n_asked: int = 0
    n_found: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    old_files: int = 0
    changed_lists: int = 0
    rendered_days: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    proof: Proof | None = None

    def document(self) -> dict[str, Any]:
        """Record of the erasure for later reference."""
        proof = self.proof or Proof()
        return {
            "counts": self.counts(),
            "rendered_days": list(self.rendered_days),
            "models_to_train_again": list(self.models),
            "files_looked_through": proof.n_files,
            "files_with_hits": proof.hits,
            "files_not_read": proof.unread,
            "files_with_mentions": proof.mentions,
        }

    def counts(self) -> dict[str, int]:
        """All numbers of the result."""
        people = {"people": self.n_people, "people_asked": self.n_asked, "people_found": self.n_found}
        numbers = people | {"old_files": self.old_files, "changed_lists": self.changed_lists}
        return numbers | {"models": len(self.models)} | {name: n for name, n in self.rows.items() if n}


def erase(
    settings: Settings,
    lake: Lake,
    tracker: Tracker,
    ids: Sequence[str],
    reason: str,
    *,
    request: Path | None = None,
    dry_run: bool = False,
) -> Erasure:
    """Erase users from a home. An interrupted run is completed by the next one, for any users.

    `request` is a file in the home that names them, and is deleted too.
    Raises UserError where somebody is unknown here, while a job writes to the lake, and where anything is left after.
    """
    ids = list(dict.fromkeys(ids))
    if not reason.strip():
        raise UserError("the reason is empty: give one for the record, without names")
    require_quiet(lake)
    n_found = require_known(settings, lake, ids)
    named = {file.path.parent.name for file in files_to_clean(settings) if holds(file, RawIds(ids))}
    plan = make_plan(settings, lake, ids, named & days_in_bronze(settings, lake))
    result = Erasure(len(plan.ids), len(ids), n_found)
    if not dry_run:
        begin(settings, lake, plan)
        if request is not None:
            request.unlink(missing_ok=True)
    erase_files(settings, lake, plan, result, dry_run=dry_run)
    if plan.seen_on:
        marked = tracker.mark_erased((RECOMMENDER, ENCODER, BASE, ANSWERS), min(plan.seen_on), dry_run=dry_run)
        result.models = tuple(marked)
    if not dry_run:
        render_again(settings, lake, result.rendered_days)
        publish_answers_again(settings, lake)
        tracker.replace_reports({day: settings.reports / day for day in result.rendered_days})
        finish(settings, tracker, plan, result, reason)
    return result


def require_quiet(lake: Lake) -> None:
    """Raise UserError while a job writes a table, because its inputs may include the users."""
    for table in TABLES.values():
        if writing := attempts.under_way(lake.path(table)):
            raise UserError(
                f"{table.name} is being written ({writing[0].name}): wait until that run has ended, then run this again"
            )


def require_known(settings: Settings, lake: Lake, ids: Sequence[str]) -> int:
    """Count the users that are in this home; the others were erased before.

    Raises UserError, by number, where somebody was never seen here: a wrong id must not count as an erasure.
    """
    stones, key = read_tombstones(settings.secrets), erasure_key(settings.secrets)
    shops, n_found = known_platforms(settings, lake), 0
    for number, user in enumerate(ids, 1):
        if days_of(lake, [user]) or any(holds(file, RawIds([user])) for file in files_to_clean(settings)):
            n_found += 1
        elif not any(tombstone(key, shop, user) in stones for shop in shops):
            mark = ", which begins with '#' (a file of people has no comments)" if user.startswith("#") else ""
            raise UserError(f"user {number} of {len(ids)}{mark} was never seen here: give ids as they landed")
    return n_found


def days_in_bronze(settings: Settings, lake: Lake) -> set[str]:
    """Landing days that bronze holds exactly as delivered."""
    days = all_days(settings)
    known = day_tokens(lake, LANDED_DAYS)
    return {day.ds for day in days if day.ds in known} - landing_tokens(lake, BRONZE.values(), days).keys()


def begin(settings: Settings, lake: Lake, plan: Plan) -> None:
    """Write tombstones and the plan: from here on records of the users are refused, and a killed run can be resumed."""
    key = erasure_key(settings.secrets)
    add_tombstones(settings.secrets, (tombstone(key, shop, user) for shop in plan.platforms for user in plan.ids))
    keep_plan(settings.secrets, plan)
    for table in TABLES.values():
        attempts.sweep(lake.path(table), lake.folders(table))
    # No job runs, so these files were left by a killed one.
    shutil.rmtree(settings.scratch, ignore_errors=True)


def erase_files(settings: Settings, lake: Lake, plan: Plan, result: Erasure, *, dry_run: bool) -> None:
    """Clean landing files, exports, tables, and planted records; `result` collects the counts."""
    names = RawIds(plan.ids)
    rows = {"landing": sum(without(file, names, dry_run=dry_run) for file in files_to_clean(settings))}
    tokens = {day.ds: landing_token(day) for day in all_days(settings) if day.ds in plan.restamp}
    tables = TableEraser(settings, lake, plan, JOB)
    result.rendered_days = tuple(days_to_render(settings, plan))
    rows["export"] = clean_exports(settings, tables.lake, tables.cleaner, dry_run=dry_run)
    tables.erase(tokens, dry_run=dry_run)
    rows["truth"] = clean_truth(settings, plan, dry_run=dry_run)
    result.rows = rows | tables.rows
    result.old_files = tables.old_files
    result.changed_lists = sum(map(len, tables.changed.values()))


def finish(settings: Settings, tracker: Tracker, plan: Plan, result: Erasure, reason: str) -> None:
    """Prove and record the erasure without naming anybody; delete the plan, which names users, once no trace is
    left.
    """
    result.proof = scan(settings, plan)
    tracker.log_erasure(reason, result.counts(), result.document())
    if hits := result.proof.hits:
        raise UserError(
            f"traces of them are left in {len(hits)} files, such as {hits[0]}: remove it there, then run this again"
        )
    if unread := result.proof.unread:
        raise UserError(
            f"{len(unread)} files cannot be searched, such as {unread[0]}: repair or remove them, then run this again"
        )
    drop_plan(settings.secrets)
