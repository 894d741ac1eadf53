"""Safe paths made from external values: MLflow, receipts, Params, tables and arguments."""

from __future__ import annotations

from pathlib import Path

from socialrec.errors import UserError

_NO_NAMES = frozenset({"", ".", ".."})
_NOT_IN_NAMES = frozenset("/\\\0")


def below(folder: Path, *names: str) -> Path:
    """Join names below a folder; UserError where a name is no plain one, or leads elsewhere by a link."""
    if not all(name not in _NO_NAMES and _NOT_IN_NAMES.isdisjoint(name) for name in names):
        raise UserError(f"{'/'.join(names)!r} is refused: it must be a plain name, of a file or a folder in {folder}")
    return require_below(folder, folder.joinpath(*names))


def require_below(folder: Path, path: Path) -> Path:
    """Check and return a path; UserError where it does not lie below a folder once links are followed."""
    resolved, root = path.resolve(), folder.resolve()
    if root not in resolved.parents:
        raise UserError(f"{str(path)!r} is refused: it does not lie below {folder}")
    return path
