"""Temporary folders of jobs: gone with the job, or with the next one where it was killed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from socialrec import owners


@contextmanager
def scratch_folder(root: Path, kind: str) -> Iterator[Path]:
    """A folder of this process, `<root>/<kind>/<anything>`, gone afterwards."""
    (root / kind).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / kind, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        owners.claim(folder)
        yield folder


def sweep_scratch(root: Path) -> None:
    """Remove the folders of killed processes."""
    for marker in root.glob(f"*/*/{owners.OWNER_FILE}"):
        if owners.is_abandoned(marker.parent):
            shutil.rmtree(marker.parent, ignore_errors=True)
