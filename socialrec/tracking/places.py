"""Validation of names and places from MLflow, which decide what is read and written: each has one form."""

from __future__ import annotations

import re

ARTIFACTS = "mlflow-artifacts:/"
"""Place of our own server's artifacts, as MLflow writes it; two slashes would introduce a host."""
SOURCES = r"\A(?:(?:mlflow-artifacts|runs|models):/(?!/)|(?:prompt-template|dummy-source)\Z)"
"""Sources of a model version: artifacts, runs and models of the server itself, and MLflow's prompts."""
_OWN_PLACE = re.compile(r"mlflow-artifacts:/(?!/)[^?#\\%]*")
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


def is_own_place(uri: str) -> bool:
    """Check if an address is in the server's own store."""
    return _OWN_PLACE.fullmatch(uri) is not None and ".." not in uri.split("/")


def is_run_id(text: str) -> bool:
    """Check if a text is the id of a run."""
    return _RUN_ID.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Check if a text is the number of a model version."""
    return _VERSION.fullmatch(text) is not None
