"""Tombstones of erased users, under a key of their own, so that late records are refused without storing an identity.

Pseudonyms would not do: an erasure removes them everywhere, and they change with the identity key, which may be lost or
rotated when a tombstone is the only trace of a user.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from socialrec.privacy.pseudonyms import pseudonym, secret_key
from socialrec.settings.secret_files import write_secret

KEY_FILE = "erasure.key"
LIST_FILE = "erased.txt"


def erasure_key(folder: Path) -> bytes:
    """Read the secret key of 32 bytes in this folder, made on first use."""
    return secret_key(folder / KEY_FILE)


def tombstone(key: bytes, platform: str, user_id: str) -> str:
    """Make the tombstone of one user of one platform, 64 hex digits."""
    return pseudonym(key, platform, user_id)


def read_tombstones(folder: Path) -> frozenset[str]:
    """Read the tombstones of all erased users; empty where there are none."""
    file = folder / LIST_FILE
    return frozenset(file.read_text(encoding="ascii").split()) if file.exists() else frozenset()


def add_tombstones(folder: Path, marks: Iterable[str]) -> None:
    """Add tombstones to the list atomically; only its owner can read it."""
    every = sorted(read_tombstones(folder) | set(marks))
    write_secret(folder / LIST_FILE, "".join(f"{mark}\n" for mark in every))
