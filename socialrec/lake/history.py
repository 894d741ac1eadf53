"""Commits of a table and their metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable


@dataclass(frozen=True)
class Commit:
    """Commit of one table.

    `fingerprint` is the hash of the inputs and settings: if it is equal, there is nothing to do. `attempt` identifies
    the content. A rewrite (`lake.rewriting`) keeps both, so that nothing downstream is rebuilt; `folder` is where its
    files are, `checksums` holds those of its files by their paths below the table; commits of earlier versions have
    none.
    """

    version: int
    ts: datetime
    job: str
    attempt: str
    fingerprint: str
    partitions: tuple[str, ...]
    counts: dict[str, int]
    folder: str
    checksums: dict[str, str]

    @classmethod
    def from_metadata(cls, version: int, ts: datetime, metadata: Mapping[str, Any]) -> Commit:
        """Parse a commit from the custom metadata that `Stage.commit` wrote."""
        return cls(
            version=version,
            ts=ts,
            job=metadata["job"],
            attempt=metadata["attempt"],
            fingerprint=metadata["fingerprint"],
            partitions=tuple(json.loads(metadata["partitions"])),
            counts=json.loads(metadata["counts"]),
            folder=metadata.get("folder", metadata["attempt"]),
            checksums=json.loads(metadata.get("checksums", "{}")),
        )


def read_history(delta: DeltaTable) -> list[Commit]:
    """Read all commits made by jobs, newest first, without the table's creation."""
    return [
        Commit.from_metadata(entry["version"], datetime.fromtimestamp(entry["timestamp"] / 1000, UTC), entry)
        for entry in delta.history()
        if "attempt" in entry
    ]
