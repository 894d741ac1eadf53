"""Temporary folders of jobs, removed with the job, or by the next one where it was killed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from socialrec.lake import owners


@contextmanager
def scratch_folder(root: Path, kind: str) -> Iterator[Path]:
    """Temporary folder of this process, `<root>/<kind>/<anything>`, removed afterwards."""
    (root / kind).mkdir(parents=True, exist_ok=True)
    folder = owners.claimed(lambda: Path(tempfile.mkdtemp(dir=root / kind)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_scratch(root: Path) -> None:
    """Remove the folders of killed processes."""
    for folder in root.glob("*/*"):
        if owners.is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
        owners.remove_unclaimed(folder)
