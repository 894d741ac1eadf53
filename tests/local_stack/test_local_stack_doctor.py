"""What the doctor finds on a machine, and the remedy that it names."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.local_stack.home.doctor import SystemCheck, examine, java_version, require_health
from socialrec.local_stack.processes import identity
from socialrec.local_stack.record import Record, write_record
from socialrec.settings import Settings


def a_java(folder: Path, says: str) -> Path:
    """A program `java` that says what a real one of some version says."""
    file = folder / "bin" / "java"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\n")
    file.chmod(0o755)
    return file


def check(settings: Settings, name: str) -> SystemCheck:
    [found] = [check for check in examine(settings) if check.name == name]
    return found


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('java version "1.8.0_392"\nJava(TM) SE Runtime Environment (build 1.8.0_392-b08)', 8),
        ('openjdk version "11.0.21" 2023-10-17', 11),
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6-Debian)', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21.0.4" 2024-07-16', 21),
        ("no Java runtime present, requesting install", None),
    ],
)
def test_the_version_is_read_from_what_java_says(tmp_path: Path, says: str, version: int | None) -> None:
    assert java_version(str(a_java(tmp_path, says))) == version


def test_a_java_that_cannot_be_run_has_no_version(tmp_path: Path) -> None:
    file = a_java(tmp_path, 'openjdk version "17"')
    file.chmod(0o644)
    assert java_version(str(file)) is None
    assert java_version(str(tmp_path / "missing")) is None


@pytest.mark.usefixtures("no_java")
def test_a_missing_java_is_named_with_its_remedy(settings: Settings) -> None:
    found = check(settings, "Java")
    assert (found.is_ok, found.found) == (False, "none")
    assert "openjdk-17" in found.remedy and "JAVA_HOME" in found.remedy


@pytest.mark.usefixtures("no_java")
def test_a_night_is_not_started_without_java(settings: Settings) -> None:
    with pytest.raises(UserError, match="this machine is not ready: Java: none; install a JDK 17 or 21"):
        require_health(settings)


@pytest.mark.parametrize(("says", "is_ok"), [("1.8.0_392", False), ("11.0.21", False), ("17.0.15", True), ("21", True)])
@pytest.mark.usefixtures("no_java")
def test_java_must_be_17_or_newer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, is_ok: bool
) -> None:
    java = a_java(tmp_path, f'openjdk version "{says}"')
    monkeypatch.setenv("PATH", f"{java.parent}{os.pathsep}/bin")
    found = check(settings, "Java")
    assert found.is_ok is is_ok
    assert str(java) in found.found


@pytest.mark.usefixtures("no_java")
def test_java_home_goes_before_the_path_as_it_does_for_spark(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = a_java(tmp_path / "old", 'openjdk version "11.0.1"')
    new = a_java(tmp_path / "new", 'openjdk version "17.0.1"')
    monkeypatch.setenv("PATH", f"{new.parent}{os.pathsep}/bin")
    monkeypatch.setenv("JAVA_HOME", str(old.parents[1]))
    assert check(settings, "Java").found == f"11 ({old})"


def test_a_busy_port_is_told_and_is_no_fault(settings: Settings) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        services = settings.services.model_copy(update={"mlflow_port": port})
        found = check(settings.model_copy(update={"services": services}), "MLflow port")
    assert found.is_ok
    assert found.found == f"{port} is busy: the next free one will be taken"


def test_our_own_servers_are_known_as_such(settings: Settings) -> None:
    write_record(settings, Record(identity(os.getpid()), {"url": "http://a"}, {"url": "http://m"}))
    assert check(settings, "ports").found == "in use by our own servers: http://a, http://m"


def test_a_home_that_is_not_there_yet_is_judged_by_the_disk_that_it_will_be_on(settings: Settings) -> None:
    later = settings.model_copy(update={"home": settings.home / "not" / "yet"})
    assert check(later, "disk").found.endswith(f"free at {settings.home}")
