"""Request filters of the servers: allowed `Host` names and `Origin` pages, and a limit on wrong passwords.

A browser sends the credentials of a signed-in person whichever page asks it to, and the owner of a domain can point it
to this machine. `Host` has the name that a request used, `Origin` the page it came from; programs send no `Origin`.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
REFUSAL = "refused: this is not the address or the page of this server; {setting} says which address is\n"
GUESSES, GUESSES_SECONDS = 5, 60.0
"""Limit on wrong passwords, and the seconds for which it holds."""
UNAUTHORIZED, TOO_MANY = 401, 429


class Door:
    """Filter that passes requests by a name of this server and from its own pages.

    base_url: the address that people use; allowed names are its host, those of loopback and further `names`. setting:
    name of the setting, for the message to refused people. any_host: accept requests by any name, for proxies and
    probes of a server that listens beyond loopback.
    """

    def __init__(
        self, app: ASGIApp, base_url: str, setting: str, *, names: Collection[str] = (), any_host: bool = False
    ) -> None:
        self._app = app
        self._own = urlsplit(base_url)
        self._refusal = REFUSAL.format(setting=setting)
        self._names = None if any_host else LOOPBACK | {self._own.hostname, *names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request (ASGI)."""
        if scope["type"] == "http" and not self._is_own(Headers(scope=scope)):
            await PlainTextResponse(self._refusal, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin")
        try:
            if self._names is not None and urlsplit(f"//{host}").hostname not in self._names:
                return False
            return origin is None or (urlsplit(origin).netloc or None) in {host, self._own.netloc}
        except ValueError:
            return False


class Guesses:
    """Wrong passwords of the last minute: an empty file each, so that all processes of a server count together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self) -> Path | int:
        """Count a try as a wrong one until its file is removed; returns seconds to wait where too many were made."""
        now = time.time()
        times = self._recent(now)
        if len(times) >= GUESSES:
            return max(1, math.ceil(times[-GUESSES] + GUESSES_SECONDS - now))
        file = self._folder / f"{now:.6f}-{secrets.token_hex(4)}"
        file.touch(mode=0o600)
        return file

    def _recent(self, now: float) -> list[float]:
        """Times of the last minute's tries, oldest first; older ones are deleted."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        times = []
        for file in self._folder.iterdir():
            with suppress(ValueError):  # a file of somebody else
                then = float(file.name.partition("-")[0])
                if abs(now - then) < GUESSES_SECONDS:
                    times.append(then)
                else:
                    file.unlink(missing_ok=True)
        return sorted(times)


def wait_first(seconds: int) -> PlainTextResponse:
    """Answer that passwords are refused for this many seconds."""
    text = f"too many wrong passwords: try again in {seconds} s\n"
    return PlainTextResponse(text, TOO_MANY, headers={"Retry-After": str(seconds)})


class SlowGuesses:
    """Limit on wrong passwords per minute in front of an app that checks them itself and answers wrong ones with 401.

    path: part of the addresses to which passwords are posted.
    """

    def __init__(self, app: ASGIApp, path: str, folder: Path) -> None:
        self._app, self._path, self._guesses = app, path, Guesses(folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request (ASGI)."""
        if scope["type"] != "http" or scope["method"] != "POST" or self._path not in scope["path"]:
            await self._app(scope, receive, send)
            return
        guess = self._guesses.begin()
        if isinstance(guess, int):
            await wait_first(guess)(scope, receive, send)
            return

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] != UNAUTHORIZED:
                guess.unlink(missing_ok=True)
            await send(message)

        await self._app(scope, receive, count)
