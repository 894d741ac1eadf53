"""Archive of Spark's classes: Java takes them from it, and a failure to make it is a line, not an error."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from socialrec.etl import class_archive
from socialrec.settings import java, load_settings


@pytest.mark.slow
def test_the_next_spark_takes_its_classes_from_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "share" / "spark.jsa"
    monkeypatch.setattr(class_archive, "CLASS_ARCHIVE", archive)
    assert class_archive.main() == 0
    assert "archived Spark's classes" in capsys.readouterr().out
    # Nothing but the archive is left, readable by nobody else.
    assert [file.name for file in archive.parent.iterdir()] == ["spark.jsa"]
    monkeypatch.setattr(java, "CLASS_ARCHIVE", archive)
    home, log = tmp_path / "home", tmp_path / "loaded.txt"
    home.mkdir()
    options = f"{java.driver_options(load_settings(home), tmp_path)} -Xlog:class+load:file={log}"
    properties = tmp_path / "home" / "settings.toml"
    properties.write_text(f'spark.conf = {{ "spark.driver.extraJavaOptions" = "{options}" }}\n', encoding="utf-8")
    subprocess.run([sys.executable, class_archive.__file__, str(home)], check=True, capture_output=True)
    lines = log.read_text(encoding="utf-8").splitlines()
    # Java makes lambdas and Spark a plan's classes anew.
    loaded = [line for line in lines if " org.apache.spark." in line and not re.search(r"\$\$Lambda|Generated", line)]
    shared = [line for line in loaded if "shared objects file (top)" in line]
    assert len(shared) > 0.9 * len(loaded) > 1000


def test_an_installation_without_java_says_that_spark_starts_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "spark.jsa"
    monkeypatch.setattr(class_archive, "CLASS_ARCHIVE", archive)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no-java"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), "/bin"]))
    assert class_archive.main() == 0
    said = capsys.readouterr().out
    assert said.startswith("Spark's classes could not be archived, so that its jobs start some seconds later: ")
    assert "no-java" in said
    assert not archive.exists()
