"""Secrets as files: made once, readable by their owner alone, never printed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def kept(file: Path, make: Callable[[], str]) -> str:
    """The content of a secret file, made on first use; of several processes that make it at once, one wins."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            handle.write(make())
        try:
            os.link(fresh, file)  # whole or not at all, and never over another process's secret
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text(encoding="utf-8", errors="replace").strip()


def write_secret(file: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.write(content)
    fresh.replace(file)
