"""Which ports the servers take where others are busy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from socialrec.errors import UserError
from socialrec.local_stack import ports
from socialrec.local_stack.ports import is_free, next_free


@contextmanager
def listening(port: int = 0) -> Iterator[int]:
    """A server on loopback, on this port or on one that was free."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_is_busy_while_somebody_listens_and_free_after() -> None:
    with listening() as port:
        assert not is_free(port)
    assert is_free(port)


def test_a_port_whose_last_connection_is_only_fading_away_is_free() -> None:
    with listening() as port:
        pass
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    assert is_free(port)


def test_a_free_port_is_taken_as_it_was_wanted() -> None:
    with listening() as port:
        pass
    assert next_free(port) == port


def test_the_next_free_port_is_taken_instead_of_a_busy_one() -> None:
    with listening() as port:
        found = next_free(port)
        assert port < found <= port + ports.TRIES
        assert is_free(found)


def test_a_port_that_another_of_our_servers_will_take_is_passed_over() -> None:
    with listening() as port:
        pass
    assert next_free(port, {port}) > port


def test_no_free_port_is_an_error_that_names_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "TRIES", 1)
    with listening() as port, pytest.raises(UserError) as error:
        next_free(port)
    assert str(error.value).startswith(f"no free port from {port} on")
    assert "services.airflow_port" in str(error.value)


def test_the_search_ends_at_the_last_port_there_is() -> None:
    with ExitStack() as stack:
        if is_free(65535):
            stack.enter_context(listening(65535))
        with pytest.raises(UserError, match="no free port from 65535 on"):
            next_free(65535)
