"""Several processes on one machine: how they are started and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.text.training.processes import is_launched, launch

PROGRAM = """
import os, sys, time
from pathlib import Path
folder, code = Path(sys.argv[1]), int(sys.argv[2])
rank = os.environ["RANK"]
(folder / rank).write_text(os.environ["WORLD_SIZE"])
if code and rank == "0":
    time.sleep(60)
sys.exit(code)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "told").mkdir()
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return file


def test_each_process_knows_its_number_and_how_many_they_are(program: Path, tmp_path: Path) -> None:
    assert not is_launched()
    assert launch(str(program), [str(tmp_path / "told"), "0"], 2) == 0
    assert {file.name: file.read_text() for file in (tmp_path / "told").iterdir()} == {"0": "2", "1": "2"}


def test_one_that_meets_a_users_mistake_stops_the_others_and_its_exit_code_counts(
    program: Path, tmp_path: Path
) -> None:
    assert launch(str(program), [str(tmp_path / "told"), "2"], 2) == 2
