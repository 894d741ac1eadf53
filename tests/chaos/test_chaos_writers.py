"""Many processes write one day at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lake_writer import start_writer, wait_for

from socialrec.contracts.gold import TEXTS
from socialrec.lake import Lake

DAY, NEXT_DAY, N_WRITERS = "2026-01-01", "2026-01-02", 8


@pytest.mark.slow
@pytest.mark.chaos(3, "eight processes commit one day at once", "one winner, no row lost or doubled, one-line errors")
@pytest.mark.parametrize("turn", range(1, 6))
def test_of_eight_writers_one_wins_whole_and_each_other_is_told(
    lake: Lake, turn: int, blow: Callable[..., None]
) -> None:
    names = [f"writer{n}-" for n in range(N_WRITERS)]
    for name, day in (("before", DAY), ("beside", NEXT_DAY)):
        written = start_writer(lake.root, day, name, "never")
        assert written.wait() == 0
    writers = {name: start_writer(lake.root, DAY, name, "2") for name in names}
    for writer in writers.values():
        wait_for(writer, "wrote 2")
    for writer in writers.values():
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    errors = {name: writer.communicate()[1] for name, writer in writers.items()}

    codes = {name: writer.returncode for name, writer in writers.items()}
    [winner] = [name for name, code in codes.items() if code == 0]
    assert sorted(lake.read(TEXTS, [DAY])["text_hash"].to_pylist()) == [f"{winner}{n}" for n in range(3)]
    assert sorted(lake.read(TEXTS, [NEXT_DAY])["text_hash"].to_pylist()) == [f"beside{n}" for n in range(3)]
    for name in set(names) - {winner}:
        assert codes[name] == 2
        [line] = errors[name].strip().splitlines()
        assert "another run wrote it first, this one changed nothing; run this job again" in line
    assert [commit.job for commit in lake.history(TEXTS)] == [winner, "beside", "before"]
    assert {folder.name for folder in lake.path(TEXTS).glob("stage-*")} == lake.folders(TEXTS)
    blow(N_WRITERS)
