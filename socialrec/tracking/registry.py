"""Queries of the model registry over HTTP: importing mlflow takes seconds, and a form must answer at once."""

from __future__ import annotations

import requests

from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.tracking.access import credentials
from socialrec.tracking.address import tracking_uri

TIMEOUT_SECONDS = 5.0
NOT_FOUND = 404


def is_unknown_version(settings: Settings, name: str, version: str) -> bool:
    """Check if the registry reports that a model has no such version; False where the registry does not answer."""
    try:
        address = f"{tracking_uri(settings)}/api/2.0/mlflow/model-versions/get"
        asked = {"name": name, "version": version}
        answer = requests.get(address, asked, auth=credentials(settings), timeout=TIMEOUT_SECONDS)
    except (UserError, requests.RequestException):
        return False
    return answer.status_code == NOT_FOUND
