"""Secrets as files: made once, readable by their owner alone, never printed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from socialrec.errors import UserError


def kept(file: Path, make: Callable[[], str]) -> str:
    """Read a secret file, made on first use; of several processes that make it at once, one wins."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            handle.write(make())
        try:
            os.link(fresh, file)  # atomic, and never over another process's secret
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text(encoding="utf-8", errors="replace").strip()


def write_secret(file: Path, content: str) -> None:
    """Write a file that only its owner can read, atomically."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.write(content)
    fresh.replace(file)


def keep_private(home: Path) -> None:
    """Close a home to other accounts: files of this process and its children are their owner's alone from now on.

    An open home is closed once, with all its content. Raises UserError where others may write to it and this account
    may not close it.
    """
    os.umask(0o077)
    if not home.is_dir():
        return
    status = home.stat()
    is_foreign = status.st_uid != os.geteuid()
    if status.st_mode & stat.S_ISVTX or (is_foreign and status.st_mode & stat.S_IWOTH):
        raise UserError(
            f"{home} is a folder that other accounts write to: make a home of your own, such as one below it"
        )
    # PostgreSQL, which refuses to run as root, must reach its folder in a home of root's.
    wanted = 0o700 if os.geteuid() else 0o711
    if is_foreign or stat.S_IMODE(status.st_mode) == wanted:
        return
    was_open = status.st_mode & 0o066
    home.chmod(wanted)
    if was_open:
        _close_below(home)


def _close_below(home: Path) -> None:
    for folder, names, files in os.walk(home):
        for name in (*names, *files):
            path = Path(folder) / name
            with suppress(OSError):
                status = path.lstat()
                if status.st_mode & 0o077 and not stat.S_ISLNK(status.st_mode):
                    path.chmod(stat.S_IMODE(status.st_mode) & 0o700)
