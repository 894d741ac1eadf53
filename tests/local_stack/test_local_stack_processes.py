"""Processes are told apart and ended for certain: tried on real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from socialrec.local_stack.processes import end, find, identity, tree

Start = Callable[..., subprocess.Popen[bytes]]

STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
depth, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
if depth:
    subprocess.Popen([sys.executable, __file__, str(depth - 1), str(folder)])
(folder / f"ready-{depth}").touch()
time.sleep(600)
"""
"""Ignores SIGTERM, as do its child and grandchild."""

POLITE = """
import pathlib, signal, sys, time
def leave(*_):
    pathlib.Path(sys.argv[1], "goodbye").touch()
    sys.exit()
signal.signal(signal.SIGTERM, leave)
pathlib.Path(sys.argv[1], "ready-0").touch()
time.sleep(600)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program and waits until it, and what it starts in turn, are at work."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(code: str, *arguments: str, ready: int = 1) -> subprocess.Popen[bytes]:
        file = tmp_path / "program.py"
        file.write_text(code)
        begun.append(subprocess.Popen([sys.executable, str(file), *arguments, str(tmp_path)]))
        while len(list(tmp_path.glob("ready-*"))) < ready:
            assert begun[-1].poll() is None
            time.sleep(0.02)
        return begun[-1]

    yield start
    for process in begun:
        for left in tree([psutil.Process(process.pid)]) if process.poll() is None else []:
            left.kill()
        process.wait()


def test_a_process_is_found_by_its_identity() -> None:
    found = find(identity(os.getpid()))
    assert found is not None
    assert found.pid == os.getpid()


def test_a_number_that_another_process_has_got_since_is_not_taken_for_the_old_one() -> None:
    mine = identity(os.getpid())
    assert find({**mine, "created": mine["created"] - 100}) is None


def test_a_process_that_has_ended_is_not_found_whether_its_parent_has_noticed_or_not(start: Start) -> None:
    process = start(POLITE)
    known = identity(process.pid)
    process.kill()
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.02)
    assert find(known) is None
    process.wait()
    assert find(known) is None


def test_nothing_known_is_nothing_found() -> None:
    assert find(None) is None


def test_a_tree_that_ignores_sigterm_is_ended_down_to_the_grandchildren(start: Start) -> None:
    root = psutil.Process(start(STUBBORN, "2", ready=3).pid)
    family = tree([root])
    assert len(family) == 3
    end([root], patience=0.3)
    assert [process for process in family if find({"pid": process.pid, "created": process.create_time()})] == []


def test_a_process_is_asked_before_it_is_made_to_end(start: Start, tmp_path: Path) -> None:
    process = start(POLITE)
    end([psutil.Process(process.pid)], patience=30)
    assert (tmp_path / "goodbye").exists()
    assert process.wait() == 0


def test_ending_what_has_ended_already_is_no_error(start: Start) -> None:
    process = start(POLITE)
    known = psutil.Process(process.pid)
    process.kill()
    process.wait()
    end([known], patience=0.1)


ADOPT = """
import os, subprocess, time
import psutil
from socialrec.local_stack.processes import adopt_orphans, reap

adopt_orphans()
told = subprocess.run(["sh", "-c", "sleep 600 & echo $!"], stdout=subprocess.PIPE, text=True)
orphan = psutil.Process(int(told.stdout))
print("ours" if orphan.ppid() == os.getpid() else "lost")
orphan.kill()
while orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE:
    time.sleep(0.02)
reap()
print("gone" if not psutil.pid_exists(orphan.pid) else "left")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt its descendants' orphans")
def test_a_child_whose_parent_ends_becomes_ours_and_is_collected_when_it_ends_too() -> None:
    # The orphan must not hold the pipe that we read, so its output goes nowhere.
    code = ADOPT.replace("sleep 600 &", "sleep 600 >/dev/null 2>&1 &")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["ours", "gone"]
