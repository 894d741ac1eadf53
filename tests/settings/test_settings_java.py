"""Java's options for Spark: quick compilation for small shops in local mode, thorough for all others; its archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.settings import java, load_settings
from socialrec.settings.java import driver_options, lack_of_memory

QUICK = "-XX:TieredStopAtLevel=1"


@pytest.mark.parametrize(
    ("landed_bytes", "limit_mib", "master", "is_quick"),
    [
        (1024**2, 1, "local[2]", True),
        (1024**2 + 1, 1, "local[2]", False),
        (10, 0, "local[2]", False),
        (10, 1, "spark://127.0.0.1:7077", False),
    ],
    ids=["small", "large", "switched off", "a cluster"],
)
def test_java_compiles_quickly_where_little_has_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, landed_bytes: int, limit_mib: int, master: str, is_quick: bool
) -> None:
    monkeypatch.setenv("SOCIALREC_SPARK__QUICK_LANDING_MIB", str(limit_mib))
    monkeypatch.setenv("SOCIALREC_SPARK__MASTER", master)
    day = tmp_path / "landing" / "shop" / "2026-01-31"
    day.mkdir(parents=True)
    (day / "comments.jsonl").write_bytes(b"x" * (landed_bytes - 4))
    (day / "products.csv").write_bytes(b"id\n\n")
    options = driver_options(load_settings(tmp_path), tmp_path / "scratch")
    assert (QUICK in options) is is_quick
    assert f"-Djava.io.tmpdir={tmp_path / 'scratch'}" in options


def test_a_shop_without_a_landing_folder_is_small(tmp_path: Path) -> None:
    assert QUICK in driver_options(load_settings(tmp_path), tmp_path)


@pytest.mark.parametrize("is_made", [True, False])
def test_java_takes_classes_from_the_archive_where_one_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_made: bool
) -> None:
    archive = tmp_path / "spark.jsa"
    monkeypatch.setattr(java, "CLASS_ARCHIVE", archive)
    if is_made:
        archive.touch()
    assert (f"-XX:SharedArchiveFile={archive}" in driver_options(load_settings(tmp_path), tmp_path)) is is_made


def test_a_lack_of_memory_names_the_settings_that_give_more(tmp_path: Path) -> None:
    assert lack_of_memory(load_settings(tmp_path)).endswith("set spark.driver_memory (now 2g) higher")
    (tmp_path / "settings.toml").write_text('spark.master = "spark://one:7077"\nspark.executor_memory = "8g"\n')
    wanted = "set spark.driver_memory (now 2g) or spark.executor_memory (now 8g) higher"
    assert lack_of_memory(load_settings(tmp_path)).endswith(wanted)
