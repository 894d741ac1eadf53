"""Pictures beside the tables: files below `<lake>/pictures`, each named by the hash of its bytes.

A picture that several products, days or shops deliver is kept once. A file is written whole or not at all, never
changed, and can be proved by its name.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from socialrec.errors import UserError

_HASH = re.compile(r"[0-9a-f]{64}")
_PARTIAL = ".partial-"
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class PictureStore:
    """Store of pictures as JPEG, below the lake's folder."""

    lake: Path

    def path(self, picture_hash: str) -> Path:
        """Path of a picture; ValueError where the hash is none."""
        if not _HASH.fullmatch(picture_hash):
            raise ValueError(f"{picture_hash!r} is no SHA-256")
        return self._root / picture_hash[:2] / f"{picture_hash}.jpg"

    def put(self, content: bytes) -> str:
        """Keep a picture; returns its hash. Several processes may put the same one at once."""
        picture_hash = hashlib.sha256(content).hexdigest()
        path = self.path(picture_hash)
        if path.exists():
            path.touch()  # in use again, however old it is
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=_PARTIAL, delete=False) as partial:
                partial.write(content)
            os.replace(partial.name, path)  # noqa: PTH105 (one call for both paths)
        return picture_hash

    def read(self, picture_hash: str) -> bytes:
        """Bytes of a picture. Raises UserError where they are gone, or are not those that were put."""
        path = self.path(picture_hash)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise UserError(f"{path} is gone: put it back from a backup, or deliver its products again") from None
        if hashlib.sha256(content).hexdigest() != picture_hash:
            raise UserError(
                f"{path} is damaged: delete it, and put it back from a backup or deliver its products again"
            )
        return content

    def unused(self, named: Collection[str], days: float) -> Iterator[Path]:
        """Files that are older than some days and hold none of the named pictures, or were never finished."""
        oldest = time.time() - days * _DAY_SECONDS
        for path in sorted(self._root.glob("*/*")):
            if path.stem not in named and path.lstat().st_mtime < oldest:
                yield path

    @property
    def _root(self) -> Path:
        return self.lake / "pictures"
