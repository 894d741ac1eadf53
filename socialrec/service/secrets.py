"""Keys and passwords of the servers: made once, readable by their owner alone, never printed."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

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


def signing_key(settings: Settings, name: str) -> str:
    """A key of 32 random bytes under this name, base64 as Fernet wants it."""
    return kept(settings.secrets / name, lambda: base64.urlsafe_b64encode(os.urandom(32)).decode())


def kept(file: Path, make: Callable[[], str]) -> str:
    """The content of a secret file, made on first use."""
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
    return file.read_text(encoding="utf-8").strip()
