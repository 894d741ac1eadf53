"""The API server's doors: pages of others are refused, and wrong passwords become slow."""

from __future__ import annotations

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from socialrec.runtime.doors import LOOPBACK, Door, SlowGuesses
from socialrec.settings import load_settings

LOGIN = "/auth/"
"""Passwords are posted to addresses below this one alone."""


class SocialrecDoor(AirflowPlugin):
    """Puts the doors before everything that the API server answers."""

    name = "socialrec_door"
    # The last one is the outermost.
    fastapi_root_middlewares = [  # noqa: RUF012 (as Airflow has it)
        {
            "name": "slow guesses",
            "middleware": SlowGuesses,
            "args": [],
            "kwargs": {"path": LOGIN, "folder": load_settings().home / "airflow" / "guesses"},
        },
        {
            "name": "door",
            "middleware": Door,
            "args": [],
            "kwargs": {
                "base_url": conf.get("api", "base_url", fallback="http://localhost:8080"),
                "setting": "services.airflow_url",
                "any_host": conf.get("api", "host") not in LOOPBACK,
            },
        },
    ]
