"""Address of the MLflow server."""

from __future__ import annotations

import json

from socialrec.errors import UserError
from socialrec.settings import Settings


def tracking_uri(settings: Settings) -> str:
    """Find the address of the MLflow server: the setting, else the server that `make up` started for this home.

    Raises UserError where there is neither.
    """
    if settings.services.mlflow_uri:
        return settings.services.mlflow_uri
    record = settings.home / "services.json"
    if not record.exists():
        raise UserError(f"no MLflow server is known for {settings.home}: run `make up`, or set services.mlflow_uri")
    address: str = json.loads(record.read_text(encoding="utf-8"))["mlflow"]["url"]
    return address
