"""Scratch folders are gone with their process, whether it ends or is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from socialrec.lake.owners import OWNER_FILE, claimed
from socialrec.runtime import job
from socialrec.runtime.scratch import scratch_folder, sweep_scratch

WORKING = """
import sys, time
from pathlib import Path
from socialrec.runtime.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1]), "spark") as folder:
    (folder / "half").touch()
    print(folder, flush=True)
    time.sleep(600)
"""


def killed_at_work(root: Path) -> Path:
    """The folder of a process that was killed while it worked there."""
    with subprocess.Popen([sys.executable, "-c", WORKING, str(root)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        process.kill()
    return folder


def test_a_folder_is_gone_with_what_is_in_it(tmp_path: Path) -> None:
    with scratch_folder(tmp_path, "spark") as folder:
        (folder / "file").touch()
    assert not folder.exists()


def test_the_next_job_sweeps_what_a_killed_one_left_and_no_more(home: Path) -> None:
    root = home / "scratch"
    left = killed_at_work(root)
    assert (left / "half").exists()
    with scratch_folder(root, "spark") as mine:
        args = job.parser("x").parse_args(["--ds", "2026-01-01", "--home", str(home)])
        with job.run("build_gold", args):
            assert not left.exists()
            assert mine.exists()


def test_a_process_of_another_machine_is_taken_to_live(tmp_path: Path) -> None:
    left = killed_at_work(tmp_path)
    owner = json.loads((left / OWNER_FILE).read_text())
    (left / OWNER_FILE).write_text(json.dumps({**owner, "host": "elsewhere"}))
    sweep_scratch(tmp_path)
    assert left.exists()


def test_what_a_process_leaves_that_is_killed_while_it_claims_a_folder_is_swept(tmp_path: Path) -> None:
    empty, half_claimed, full = (tmp_path / "spark" / name for name in ("empty", "half", "full"))
    for folder in (empty, half_claimed, full):
        folder.mkdir(parents=True)
    (half_claimed / f"{OWNER_FILE}.partial").write_text('{"ho')
    (full / "somebody's").touch()
    (tmp_path / "spark" / "file").touch()
    sweep_scratch(tmp_path)
    assert sorted(path.name for path in (tmp_path / "spark").iterdir()) == ["file", "full"]


def test_a_folder_that_is_swept_before_it_is_marked_is_made_again(tmp_path: Path) -> None:
    made: list[Path] = []

    def make() -> Path:
        folder = tmp_path / "kind" / str(len(made))
        folder.mkdir(parents=True)
        if not made:
            sweep_scratch(tmp_path)
        made.append(folder)
        return folder

    assert claimed(make) == made[1]
    assert (made[0].exists(), (made[1] / OWNER_FILE).exists()) == (False, True)
