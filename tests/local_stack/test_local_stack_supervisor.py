"""What the supervisor decides, without a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.local_stack.supervisor import Supervisor
from socialrec.settings import Settings


@pytest.mark.parametrize(
    ("started", "now", "is_enough"),
    [([0, 10, 20], 40, False), ([0, 10, 20, 30], 40, True), ([0, 10, 20, 3605], 3609, False)],
)
def test_a_program_that_dies_four_times_within_an_hour_is_not_started_again(
    settings: Settings, tmp_path: Path, started: list[float], now: float, is_enough: bool
) -> None:
    (lock := tmp_path / "lock").touch()
    supervisor = Supervisor(settings, lock)
    supervisor.starts["scheduler"] = started
    assert supervisor.keeps_dying("scheduler", now) is is_enough
