"""Digests of a version's files, kept with the decision about it and compared whenever the version is used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.errors import UserError

Files = Sequence[dict[str, str]]
"""Values of the column `files` of gold.model_decisions: `path` and `sha256` each."""
RECOMMENDER_PART, ENCODER_PART = "recommender", "encoder"
LISTED = 3
"""Most changed files that an error names."""


class ChangedModelError(UserError):
    """Difference between a file of a registered version and the file at its decision."""


def hash_files(recommender: Path, encoder: Path) -> Files:
    """Hash every file below the folders of a recommender and of its encoder (SHA-256)."""
    parts = ((RECOMMENDER_PART, recommender), (ENCODER_PART, encoder))
    return [
        {"path": f"{part}/{file.relative_to(folder).as_posix()}", "sha256": _sha256(file)}
        for part, folder in parts
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]


def changed_files(decisions: pa.Table, version: str, recommender: Path, encoder: Path | None = None) -> Iterator[str]:
    """Find files that are gone or differ from those of the decision; none for versions without digests.

    decisions: rows of gold.model_decisions. Without `encoder` only the recommender's own files are compared.
    """
    folders = {RECOMMENDER_PART: recommender, **({ENCODER_PART: encoder} if encoder else {})}
    rows = decisions.filter(pc.equal(decisions["recommender_version"], version)).sort_by("decided_ts")
    known = [files for files in rows["files"].to_pylist() if files]
    for entry in known[-1] if known else ():
        part, _, name = entry["path"].partition("/")
        if part in folders:
            file = folders[part] / name
            if not file.is_file() or _sha256(file) != entry["sha256"]:
                yield str(file)


def require_unchanged(decisions: pa.Table, version: str, recommender: Path, encoder: Path | None = None) -> None:
    """Compare a version's files as `changed_files` does. Raises ChangedModelError that names those that differ."""
    if changed := list(changed_files(decisions, version, recommender, encoder)):
        rest = f" and {len(changed) - LISTED} more" if len(changed) > LISTED else ""
        raise ChangedModelError(
            f"files of version {version} changed or went since it was decided on: {', '.join(changed[:LISTED])}{rest}; "
            "delete the folder, which is then fetched from MLflow again; if that does not help, go back to another "
            "version (socialrec_rollback) or train again"
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
