"""The API server's door: what pages of others make a browser send is refused, as MLflow does by itself.

A browser adds its cookies, whosever page asks it to, and whoever owns a name can let it lead to this machine. `Host`
tells by which name a request came, `Origin` from whose page; programs send no `Origin`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
REFUSAL = "refused: this is not the address or the page of Airflow; services.airflow_url says which address is\n"


class Door:
    """Lets requests in that came by a name of this server and from its own pages.

    Where the server listens beyond loopback, proxies and probes may call it by any name, so that is not asked.
    """

    def __init__(self, app: ASGIApp, listens_on: str, base_url: str) -> None:
        self._app = app
        self._is_loopback = listens_on in LOOPBACK
        self._own = urlsplit(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "http" and not self._is_own(Headers(scope=scope)):
            await PlainTextResponse(REFUSAL, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin")
        try:
            if self._is_loopback and urlsplit(f"//{host}").hostname not in LOOPBACK | {self._own.hostname}:
                return False
            return origin is None or (urlsplit(origin).netloc or None) in {host, self._own.netloc}
        except ValueError:
            return False


class SocialrecDoor(AirflowPlugin):
    """Puts the door before everything that the API server answers."""

    name = "socialrec_door"
    fastapi_root_middlewares = [  # noqa: RUF012 (as Airflow has it)
        {
            "name": "door",
            "middleware": Door,
            "args": [],
            "kwargs": {
                "listens_on": conf.get("api", "host"),
                "base_url": conf.get("api", "base_url", fallback="http://localhost:8080"),
            },
        }
    ]
