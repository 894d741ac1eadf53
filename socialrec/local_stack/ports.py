"""Which ports the servers take."""

from __future__ import annotations

import socket
from collections.abc import Collection

from socialrec.errors import UserError
from socialrec.settings.services import LOOPBACK

TRIES = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: a port whose last connections are only fading away counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(address: tuple[str, int]) -> bool:
    """Whether a server listens at this host and port now."""
    try:
        with socket.create_connection(address, timeout=1):
            return True
    except OSError:
        return False


def next_free(wanted: int, taken: Collection[int] = ()) -> int:
    """The wanted port, or the first free one after it. Raises UserError where the next hundred are all busy."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in taken and is_free(port):
            return port
    raise UserError(f"no free port from {wanted} on: set services.airflow_port and services.mlflow_port to free ones")
