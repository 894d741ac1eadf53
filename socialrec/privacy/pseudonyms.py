"""Pseudonyms of users: HMAC-SHA256 (RFC 2104) of platform and id under the home's secret key.

`etl.identity` makes the same ones inside Spark.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from socialrec.errors import UserError
from socialrec.settings.secret_files import kept

KEY_FILE = "identity.key"
PSEUDONYM = re.compile(r"[0-9a-f]{64}")
KEY_BYTES = 32


def identity_key(folder: Path) -> bytes:
    """Read the secret key of the pseudonyms, 32 bytes, made on first use; UserError as `secret_key`."""
    return secret_key(folder / KEY_FILE)


def secret_key(file: Path) -> bytes:
    """Read the secret key of 32 bytes in this file, made on first use.

    Raises UserError where the file does not hold 64 hex digits.
    """
    text = kept(file, lambda: secrets.token_hex(KEY_BYTES))
    if not re.fullmatch(rf"[0-9a-fA-F]{{{2 * KEY_BYTES}}}", text):
        raise UserError(f"{file} does not hold {2 * KEY_BYTES} hex digits; put the backed-up key there")
    return bytes.fromhex(text)


def pseudonym(key: bytes, platform: str, user_id: str) -> str:
    """Make a pseudonym, 64 hex digits: HMAC-SHA256 over the UTF-8 bytes of `<platform>:<user_id>`."""
    return hmac.new(key, f"{platform}:{user_id}".encode(), hashlib.sha256).hexdigest()
