"""A home of the tiny shop for each file of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_shop import SMALL, Shop, free_port, land_the_shop

from socialrec.service.processes import end, find
from socialrec.service.record import read_record
from socialrec.settings import load_settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--home", type=Path, help="a running home to look at in place of the tiny shop")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Shop]:
    if running := request.config.getoption("--home"):
        yield Shop(load_settings(running))
        return
    home = tmp_path_factory.mktemp("night") / "home"
    land_the_shop(home)
    ports = f"services.airflow_port = {free_port()}\nservices.mlflow_port = {free_port()}\n"
    (home / "settings.toml").write_text(SMALL + ports)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SOCIALREC_")]:
            patch.delenv(name)
        settings = load_settings(home)
        try:
            yield Shop(settings)
        finally:
            if record := read_record(settings):
                end([*filter(None, [find(record.supervisor)]), *record.left_running()], patience=5)
