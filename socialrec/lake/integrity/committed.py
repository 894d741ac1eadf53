"""Record of the committed versions of each table, beside its log, because a log that lost a file looks whole.

One line per version, `<version> <SHA-256 of its log file>`, in `<lake>/committed/<table>.txt`. Lines are only added.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from socialrec.contracts.columns import Table
from socialrec.errors import UserError

FOLDER = "committed"
LOG = "_delta_log"


class DamagedLogError(UserError):
    """Missing or changed file in a table's log."""


def committed_file(lake: Path, table: Table) -> Path:
    """File with the recorded versions of a table."""
    return lake / FOLDER / f"{table.name}.txt"


def read_committed(lake: Path, table: Table) -> dict[int, str]:
    """Read digests of log files by version; empty for a table without a record."""
    file = committed_file(lake, table)
    if not file.exists():
        return {}
    # The last line may be cut short by a crash: the next commit writes it again.
    found = (line.split() for line in file.read_text(encoding="utf-8", errors="replace").splitlines())
    return {
        int(words[0]): words[1] for words in found if len(words) == 2 and words[0].isdigit() and len(words[1]) == 64
    }


def remember(lake: Path, table: Table, root: Path) -> None:
    """Record every version of the table in folder `root` that is not recorded yet."""
    known = read_committed(lake, table)
    new = [file for file in sorted((root / LOG).glob("*.json")) if file.stem.isdigit() and int(file.stem) not in known]
    if not new:
        return
    target = committed_file(lake, table)
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"\n{int(file.stem)} {_digest(file)}" for file in new)
    with target.open("a", encoding="utf-8") as out:
        out.write(lines)
        out.flush()
        os.fsync(out.fileno())


def forget(lake: Path, table: Table) -> None:
    """Delete the record of a table that is about to be removed."""
    committed_file(lake, table).unlink(missing_ok=True)


def require_whole(table: Table, root: Path, known: dict[int, str]) -> None:
    """Compare a table's log with its recorded versions. Raises DamagedLogError that names the first wrong file."""
    newest = max(known)
    for version, digest in sorted(known.items()):
        file = root / LOG / f"{version:020}.json"
        remedy = f"restore {file} from a backup (docs/operations.md, Damage)"
        if not file.exists():
            last = max((int(other.stem) for other in file.parent.glob("*.json") if other.stem.isdigit()), default=None)
            end = "is gone" if last is None else f"ends with {last}" if last < newest else f"lacks version {version}"
            raise DamagedLogError(f"{table.name}: version {newest} was committed, the log {end}: {remedy}")
        if _digest(file) != digest:
            raise DamagedLogError(f"{table.name}: the log file of version {version} was changed: {remedy}")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
