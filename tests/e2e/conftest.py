"""A home of the tiny shop for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_shop import Shop, tiny_shop

from socialrec.settings import load_settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--home", type=Path, help="a running home to look at in place of the tiny shop")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Shop]:
    if running := request.config.getoption("--home"):
        yield Shop(load_settings(running))
        return
    with tiny_shop(tmp_path_factory.mktemp("night") / "home") as found:
        yield found
