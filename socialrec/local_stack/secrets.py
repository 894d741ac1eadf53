"""Keys and passwords of the servers."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit

from socialrec.errors import UserError
from socialrec.privacy.pseudonyms import identity_key
from socialrec.settings import Settings
from socialrec.settings.secret_files import kept
from socialrec.tracking import access

USER = access.PERSON
AIRFLOW_KEYS = {"fernet": 32, "api": 64, "jwt": 64}
"""Lengths of Airflow's keys in bytes, by use."""


def password_file(settings: Settings) -> Path:
    """File with the password of Airflow's user, in the form its SimpleAuthManager reads."""
    file = settings.secrets / "airflow_passwords.json"
    kept(file, lambda: json.dumps({USER: secrets.token_urlsafe(12)}))
    return file


def password(settings: Settings) -> str:
    """Password of Airflow's user."""
    content: dict[str, str] = json.loads(password_file(settings).read_text(encoding="utf-8"))
    return content[USER]


def make_all(settings: Settings) -> list[Path]:
    """Make all missing secrets of a cluster, before containers look for their files."""
    password_file(settings)
    access.password_file(settings)
    for purpose in AIRFLOW_KEYS:
        airflow_key(settings, purpose)
    for user in ("airflow", "mlflow", "postgres"):
        user_password(settings, user)
    broker_conf(settings)
    spark_conf(settings)
    aws_credentials(settings)
    identity_key(settings.secrets)
    return sorted(settings.secrets.iterdir())


def airflow_key(settings: Settings, purpose: str) -> str:
    """Key with which Airflow encrypts (`fernet`) or signs (`api`, `jwt`)."""
    return signing_key(settings, f"airflow_{purpose}.key", AIRFLOW_KEYS[purpose])


def signing_key(settings: Settings, name: str, n_bytes: int) -> str:
    """Random key under this name, base64: 32 bytes for Fernet, 64 for HMAC-SHA512 (RFC 7518, 3.2)."""
    return kept(settings.secrets / name, lambda: base64.urlsafe_b64encode(os.urandom(n_bytes)).decode())


def user_password(settings: Settings, user: str) -> str:
    """Password of a database's user."""
    return kept(settings.secrets / f"{user}.password", lambda: secrets.token_urlsafe(24))


def database_url(settings: Settings, url: str) -> str:
    """URL of a database with the password of the user that it names."""
    user = urlsplit(url).username
    if user is None:
        raise UserError(f"{url} names no user: write it as postgresql+psycopg2://<user>@<host>:<port>/<database>")
    return _with_password(url, user, user_password(settings, user))


def broker_conf(settings: Settings) -> Path:
    """Configuration file of Redis, secret only for its password."""
    file = settings.secrets / "redis.conf"
    kept(file, lambda: f"requirepass {secrets.token_urlsafe(24)}\n")
    return file


def broker_url(settings: Settings, url: str) -> str:
    """URL of the broker with its password; UserError where the file has none."""
    file = broker_conf(settings)
    words = file.read_text(encoding="utf-8").split()
    if words[:1] != ["requirepass"] or len(words) != 2:
        raise UserError(f"{file} must hold one line: requirepass <password>")
    return _with_password(url, "", words[1])


def spark_conf(settings: Settings) -> Path:
    """Spark properties with the secret shared by the parts of a cluster."""
    file = settings.secrets / "spark.conf"
    kept(file, lambda: f"spark.authenticate true\nspark.authenticate.secret {secrets.token_hex(32)}\n")
    return file


def aws_credentials(settings: Settings) -> Path:
    """Keys of the S3-compatible store, in the form of Amazon's own tools."""
    file = settings.secrets / "aws_credentials"
    key, secret = secrets.token_hex(10).upper(), secrets.token_urlsafe(30)
    kept(file, lambda: f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    return file


def _with_password(url: str, user: str, password: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{quote(password, safe='')}@{rest.rpartition('@')[2]}"
