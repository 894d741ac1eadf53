"""Request filters of the API server: foreign pages are refused, and wrong passwords are limited."""

from __future__ import annotations

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from socialrec.runtime.doors import LOOPBACK, Door, SlowGuesses
from socialrec.settings import load_settings

LOGIN = "/auth/"
"""Address prefix to which passwords are posted."""


class SocialrecDoor(AirflowPlugin):
    """Plugin that installs the filters in front of the API server."""

    name = "socialrec_door"
    # The last middleware is the outermost.
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
