"""Removal of a home folder: only files that socialrec keeps there, and never anything beside or above it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from socialrec.errors import UserError
from socialrec.local_stack.home.leftovers import remove

HOME_PARTS = frozenset(
    (
        *("airflow", "erasure", "export", "lake", "landing", "logs", "mlflow", "models", "postgres", "reports", "runs"),
        *("scratch", "secrets", "services.json", "services.lock", "settings.toml", "spark", "truth"),
    )
)
"""Files and folders that socialrec keeps in a home."""

_MARKS = frozenset(("lake", "landing", "runs", "secrets", "services.json"))
"""Names of which a home has at least one: `logs` and `models` may be in any folder."""


@dataclass(frozen=True)
class Removal:
    """Plan of a removal: paths with their sizes in bytes, and foreign files that stay in the home."""

    sizes: dict[Path, int]
    strangers: tuple[Path, ...]

    @property
    def n_bytes(self) -> int:
        """Size of all paths."""
        return sum(self.sizes.values())

    def lines(self) -> Iterator[str]:
        """Lines for people, one per path."""
        yield "This removes, and nothing can bring it back:"
        yield from (f"  {_size(n_bytes):>9}  {path}" for path, n_bytes in self.sizes.items())
        yield f"  {_size(self.n_bytes):>9}  in all"
        yield from (f"This stays, socialrec did not make it: {path}" for path in self.strangers)


def plan_removal(home: Path, here: Path, also: Sequence[Path] = ()) -> Removal:
    """Find the parts of a home and of the homes inside it, then those of the paths `also` that are there.

    Raises UserError where the home is the user's own folder or holds the current one (`here`), and where a path of
    `also` is not inside the current folder.
    """
    if here.is_relative_to(home) or home in (Path.home(), Path(home.anchor)):
        raise UserError(f"{home} holds more than a home of socialrec: nothing was removed; remove its parts by hand")
    if outside := [path for path in also if here not in (here / path).absolute().parents or ".." in path.parts]:
        raise UserError(f"{outside[0]} is not inside {here}: nothing was removed")
    parts = list(_parts(home)) if is_home(home) else []
    known = {path.relative_to(home).parts[0] for path in parts}
    strangers = (path for path in sorted(home.glob("*")) if path.name not in known) if parts else ()
    there = [here / path for path in also if os.path.lexists(here / path)]
    return Removal({path: size_of(path) for path in (*parts, *there)}, tuple(strangers))


def remove_planned(removal: Removal) -> None:
    """Remove the planned paths, in that order, and the folders of homes that are empty then.

    Raises UserError where a path cannot be removed.
    """
    for path in removal.sizes:
        remove(path)
        if os.path.lexists(path):
            raise UserError(f"{path} could not be removed whole: remove it by hand, as a user who may")
        if path.name in HOME_PARTS and not any(path.parent.iterdir()):
            path.parent.rmdir()


def is_home(folder: Path) -> bool:
    """Check if a folder contains files that only a home of socialrec has."""
    return folder.is_dir() and any(os.path.lexists(folder / name) for name in _MARKS)


def size_of(path: Path) -> int:
    """Bytes of a file or of all files in a folder; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    files = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    return sum(file.lstat().st_size for file in files)


def _parts(home: Path) -> Iterator[Path]:
    """List parts of the homes inside a home first, so that those folders are empty before their own turn."""
    for path in sorted(home.iterdir()):
        if path.name not in HOME_PARTS and not path.is_symlink() and is_home(path):
            yield from _parts(path)
    yield from (path for path in sorted(home.iterdir()) if path.name in HOME_PARTS)


def _size(n_bytes: float) -> str:
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1_000:
            return f"{n_bytes:,.0f} {unit}"
        n_bytes /= 1_000
    return f"{n_bytes:,.1f} GB"
