"""Ports of the servers."""

from __future__ import annotations

import socket
from collections.abc import Collection

from socialrec.errors import UserError
from socialrec.settings.services import LOOPBACK

TRIES = 100


def is_free(port: int) -> bool:
    """Check if a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port with connections in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(address: tuple[str, int]) -> bool:
    """Check if a server listens at this host and port now."""
    try:
        with socket.create_connection(address, timeout=1):
            return True
    except OSError:
        return False


def next_free(wanted: int, taken: Collection[int] = ()) -> int:
    """Find the wanted port, or the first free one after it. Raises UserError where the next hundred are all busy."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in taken and is_free(port):
            return port
    raise UserError(f"no free port from {wanted} on: set services.airflow_port and services.mlflow_port to free ones")
