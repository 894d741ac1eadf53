"""Names and passwords for MLflow: of its people and of this project's own programs."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.settings.secret_files import kept

PERSON = "admin"
"""User name of people, the same as Airflow's."""
PROGRAMS = "jobs"
"""User name of jobs and commands. Its password is too long to guess, so its sign-ins are never slowed down."""
USER_VARIABLE, PASSWORD_VARIABLE = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"


def password_file(settings: Settings) -> Path:
    """File with the passwords of our own MLflow server, by user name, made on first use."""
    file = settings.secrets / "mlflow_passwords.json"
    kept(file, lambda: json.dumps({PERSON: secrets.token_urlsafe(12), PROGRAMS: secrets.token_urlsafe(32)}))
    return file


def passwords(settings: Settings) -> dict[str, str]:
    """Read the passwords of our own MLflow server; UserError where their file lacks them."""
    file = password_file(settings)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = {user: content[user] for user in (PERSON, PROGRAMS)}
    except (ValueError, LookupError, TypeError):
        found = {}
    if not found or not all(isinstance(password, str) and password for password in found.values()):
        raise UserError(
            f"{file} holds no passwords of {PERSON} and {PROGRAMS}: delete it, then run `socialrec down` and "
            "`socialrec up`"
        )
    return found


def credentials(settings: Settings) -> tuple[str, str] | None:
    """User name and password for programs of this home; None where MLflow needs none.

    For another server than our own they come from the environment, under the names of MLflow's client.
    """
    if is_ours(settings):
        return PROGRAMS, passwords(settings)[PROGRAMS]
    user, password = os.environ.get(USER_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
    return (user, password) if user and password else None


def is_ours(settings: Settings) -> bool:
    """Check if this project runs the MLflow server, on this machine or in a container."""
    return settings.services.mlflow_uri is None or settings.services.mlflow_is_ours


def client_variables(settings: Settings) -> dict[str, str]:
    """Environment variables with which MLflow's client signs in to our own server; empty for other servers."""
    if not is_ours(settings):
        return {}
    return dict(zip((USER_VARIABLE, PASSWORD_VARIABLE), credentials(settings) or (), strict=False))
