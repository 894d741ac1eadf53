"""A way to a real MLflow server that is as good as the server until a certain request comes, and in trouble after."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

REFUSED, FAILING, HANGING, SLOW, KILLED = "refused", "answering 500", "hanging", "slow", "killed in an upload"
GREETING, FIRST_UPLOAD = "experiments/search", "PUT "
"""Parts of the line of a request: the first that our programs make, and the first file that they keep."""
BYTE_SECONDS = 1.0


class TroubledMlflow:
    """Trouble begins with the first request whose line has `begins_with` in it.

    Where the server is killed in an upload, half the file has reached it when `kill` is called.
    """

    def __init__(
        self, server: str, trouble: str, begins_with: str = "", kill: Callable[[], None] | None = None
    ) -> None:
        self.trouble, self.begins_with, self.kill = trouble, begins_with, kill
        self.server = urlsplit(server).netloc
        self.n_requests, self.struck_at = 0, 0.0
        self.is_over = Event()
        self._door = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._door.daemon_threads = True

    def __enter__(self) -> Self:
        Thread(target=self._door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.is_over.set()
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._door.server_port}"

    def close(self) -> None:
        """From now on connections are refused."""
        self._door.shutdown()
        self._door.server_close()

    def is_struck_by(self, line: str) -> bool:
        self.n_requests += 1
        if not self.struck_at and self.begins_with in line:
            self.struck_at = time.monotonic()
        return bool(self.struck_at)


def _handler(way: TroubledMlflow) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not way.is_struck_by(self.requestline):
                self.wfile.write(self.answer_to(body))
                return
            self.close_connection = True
            if way.trouble == REFUSED:
                way.close()
            elif way.trouble == FAILING:
                self.send_error(500)
            elif way.trouble == HANGING:
                way.is_over.wait()
            elif way.trouble == SLOW:
                for byte in self.answer_to(body):
                    self.wfile.write(bytes([byte]))
                    if way.is_over.wait(BYTE_SECONDS):
                        return
            elif way.kill is not None:
                upload = self.ask(body[: len(body) // 2])
                time.sleep(0.2)
                kill, way.kill = way.kill, None
                kill()
                upload.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

        def ask(self, body: bytes) -> HTTPConnection:
            server = HTTPConnection(way.server)
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, way.server if name == "Host" else value)
            server.endheaders(body)
            return server

        def answer_to(self, body: bytes) -> bytes:
            """What the real server answers, head and body."""
            server = self.ask(body)
            answer: HTTPResponse = server.getresponse()
            content = answer.read()
            kept = ((name, value) for name, value in answer.getheaders() if name.lower() not in CONNECTION)
            head = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in kept)]
            server.close()
            return "\r\n".join([*head, f"Content-Length: {len(content)}", "", ""]).encode() + content

        def log_message(self, *_: object) -> None:
            pass

    return Handler


CONNECTION = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
"""Headers about one connection, which are not passed on."""
