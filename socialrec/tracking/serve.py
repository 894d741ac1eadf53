"""Our own MLflow server: MLflow's app behind a request filter with sign-in, over one place for artifacts.

`mlflow server` would start the app itself, without the filter. Database and artifacts' place come from the environment,
under the names that `mlflow server` uses.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import os
from collections.abc import Collection, Mapping
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from socialrec.runtime.doors import UNAUTHORIZED, Door, Guesses, wait_first
from socialrec.settings import Settings, load_settings
from socialrec.tracking.access import PROGRAMS, password_file, passwords
from socialrec.tracking.places import ARTIFACTS, SOURCES, is_own_place

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper

HEALTH = "/health"
DATABASE, DESTINATION = "MLFLOW_BACKEND_STORE_URI", "MLFLOW_ARTIFACTS_DESTINATION"
ALLOWED_HOSTS = "MLFLOW_SERVER_ALLOWED_HOSTS"
LEFT_OUT = ("/ajax-api/3.0/mlflow/assistant/", "/ajax-api/3.0/jobs/", "/gateway/")
"""Address prefixes that are removed from MLflow's app: its assistant runs shell commands, its jobs run code, and its
gateway calls other servers, all as this account.
"""
CHALLENGE = {"WWW-Authenticate": 'Basic realm="MLflow of socialrec", charset="UTF-8"'}


class Passwords:
    """Filter that passes requests with a user name and its password (HTTP Basic), and all requests of the health check.

    passwords: by user name. Wrong ones are limited, except for the programs' user: that password cannot be guessed, and
    a night must not wait because of guesses. hint: place of the password, for people.
    """

    def __init__(self, app: ASGIApp, passwords: Mapping[str, str], guesses: Guesses, hint: str) -> None:
        self._app, self._passwords, self._guesses, self._hint = app, passwords, guesses, hint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request (ASGI); web sockets, which MLflow does not use, are closed."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        is_open = scope["type"] == "lifespan" or scope["path"] == HEALTH
        refusal = None if is_open else self._refusal(Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        shown = _basic(headers.get("authorization", ""))
        if shown is None:
            return self._who_are_you()
        user, password = shown
        is_right = compare_digest(password.encode(), self._passwords.get(user, "").encode()) and bool(password)
        if user == PROGRAMS:
            return None if is_right else self._who_are_you()
        guess = self._guesses.begin()
        if isinstance(guess, int):
            return wait_first(guess)
        if not is_right:
            return self._who_are_you()
        guess.unlink(missing_ok=True)
        return None

    def _who_are_you(self) -> PlainTextResponse:
        return PlainTextResponse(f"sign in first: {self._hint}\n", UNAUTHORIZED, headers=CHALLENGE)


def _basic(header: str) -> tuple[str, str] | None:
    """Parse user name and password from a header `Authorization`, None where it has none."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def make_app(settings: Settings, url: str) -> ASGIApp:
    """Make MLflow's app behind its filters. url: the address that people use."""
    further = _further_hosts()
    _prepare_environment(url, further)
    from mlflow.server.fastapi_app import app
    from mlflow.server.handlers import initialize_backend_stores

    app.router.routes[:] = [route for route in app.routes if not getattr(route, "path", "").startswith(LEFT_OUT)]
    keep_to_own_places()
    initialize_backend_stores(os.environ[DATABASE], os.environ[DATABASE], ARTIFACTS)
    hint = f"user names and passwords are in secrets/{password_file(settings).name} of the home folder"
    guarded = Passwords(app, passwords(settings), Guesses(settings.home / "mlflow" / "guesses"), hint)
    names = [name for host in further if (name := urlsplit(f"//{host}").hostname)]
    return Door(guarded, url, f"services.mlflow_uri or {ALLOWED_HOSTS}", names=names)


def _further_hosts() -> list[str]:
    """Further names of the server, such as `shop.example:5000`, without patterns."""
    said = [host.strip() for host in os.environ.get(ALLOWED_HOSTS, "").split(",")]
    return [host for host in said if host and "*" not in host]


def _prepare_environment(url: str, further: Collection[str]) -> None:
    """Set the environment that MLflow's app reads when it is imported, as `mlflow server` does."""
    os.environ |= {
        "_MLFLOW_SERVER_FILE_STORE": os.environ[DATABASE],
        "_MLFLOW_SERVER_ARTIFACT_ROOT": ARTIFACTS,
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": os.environ[DESTINATION],
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX": SOURCES,
        # By default MLflow accepts all names that begin like a private address, such as 10.evil.example.
        ALLOWED_HOSTS: ",".join(_own_hosts(url, further)),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(
            [url, *(f"http{s}://{host}" for host in further for s in ("", "s"))]
        ),
    }


def _own_hosts(url: str, further: Collection[str]) -> list[str]:
    """Names of the server for MLflow's own check, where `*` means any port, as of a forwarded one."""
    names = dict.fromkeys(["127.0.0.1", "localhost", urlsplit(url).hostname or "localhost"])
    return [*(form for name in names for form in (name, f"{name}:*")), *further]


def keep_to_own_places() -> None:
    """Refuse requests that would record artifacts elsewhere than in the server's own store.

    Otherwise a client could choose a place for the server to write to and read from.
    """
    from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlLoggedModel, SqlRun, SqlTraceTag
    from sqlalchemy import event

    for column in (SqlExperiment.artifact_location, SqlRun.artifact_uri, SqlLoggedModel.artifact_location):
        event.listen(column, "set", _require_own_place)
    for moment in ("before_insert", "before_update"):
        event.listen(SqlTraceTag, moment, _require_own_tag)


def _require_own_place(_row: object, place: object, *_: object) -> None:
    from mlflow.exceptions import MlflowException

    if place and not is_own_place(str(place)):
        message = f"artifacts are kept in this server's own store: leave the location out, it cannot be {place!r}"
        raise MlflowException.invalid_parameter_value(message)


def _require_own_tag(_mapper: Mapper[Any], _connection: object, tag: Any) -> None:
    from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION

    if tag.key == MLFLOW_ARTIFACT_LOCATION:
        _require_own_place(tag, tag.value)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    arguments = parser.parse_args()
    settings = load_settings()
    app = make_app(settings, settings.services.mlflow_uri or f"http://{arguments.host}:{arguments.port}")
    import mlflow.server
    import uvicorn

    log = Path(mlflow.server.__file__).with_name("uvicorn_log_config.yaml")
    uvicorn.run(app, host=arguments.host, port=arguments.port, log_config=str(log))


if __name__ == "__main__":
    main()
