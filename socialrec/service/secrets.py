"""Keys and passwords of the servers."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from socialrec.secret_files import kept
from socialrec.settings import Settings

USER = "admin"


def password_file(settings: Settings) -> Path:
    """The file with the password of Airflow's user, in the form its SimpleAuthManager reads."""
    file = settings.secrets / "airflow_passwords.json"
    kept(file, lambda: json.dumps({USER: secrets.token_urlsafe(12)}))
    return file


def password(settings: Settings) -> str:
    """The password of Airflow's user."""
    content: dict[str, str] = json.loads(password_file(settings).read_text(encoding="utf-8"))
    return content[USER]


def signing_key(settings: Settings, name: str, n_bytes: int) -> str:
    """A key of random bytes under this name, base64: 32 bytes for Fernet, 64 for HMAC-SHA512 (RFC 7518, 3.2)."""
    return kept(settings.secrets / name, lambda: base64.urlsafe_b64encode(os.urandom(n_bytes)).decode())
