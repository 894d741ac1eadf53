"""Trainings are ended in their middle: they go on from a checkpoint, to the end that they would have had."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tiny_bert import make_bert
from training_program import CHECKPOINT_EVERY, N_STEPS

PROGRAM = Path(__file__).with_name("training_program.py")
Blow = Callable[[], None]


@dataclass
class Told:
    """What a training said: its steps, its processes by rank, its losses, and how it ended."""

    steps: list[int] = field(default_factory=list)
    pids: dict[str, int] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    code: int | None = None


@dataclass(frozen=True)
class Training:
    kind: str
    model: Path
    n_ranks: int = 1

    def run(self, checkpoints: Path, at: int = 0, do: Callable[[Told], None] | None = None) -> Told:
        """Run it as a program; at a step it waits, and something is done to it."""
        command = [sys.executable]
        if self.n_ranks > 1:
            command += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={self.n_ranks}"]
        command += [str(PROGRAM), self.kind, str(self.model), str(checkpoints), str(at)]
        environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[2]), "OMP_NUM_THREADS": "1"}
        told = Told()
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                match line.split():
                    case ["step", number]:
                        told.steps.append(int(number))
                        if do is not None and int(number) == at:
                            do(told)
                    case ["rank", rank, "is", pid]:
                        told.pids[rank] = int(pid)
                    case ["losses", *rest]:
                        told.losses = json.loads(" ".join(rest))
        told.code = process.returncode
        return told


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture(scope="module")
def undisturbed(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, int], list[float]]]:
    """The losses of a kind of training by so many processes, each trained once."""
    known: dict[tuple[str, int], list[float]] = {}

    def losses(kind: str, n_ranks: int) -> list[float]:
        if (kind, n_ranks) not in known:
            told = Training(kind, model, n_ranks).run(tmp_path_factory.mktemp("undisturbed"))
            assert (told.code, told.steps) == (0, list(range(1, N_STEPS + 1)))
            known[kind, n_ranks] = told.losses
        return known[kind, n_ranks]

    yield losses


def goes_on(training: Training, checkpoints: Path, ended_at: int, losses: list[float]) -> None:
    """The rerun begins behind the last checkpoint, and its losses are those of an undisturbed one."""
    again = training.run(checkpoints)
    assert again.code == 0
    assert again.steps == list(range(ended_at // CHECKPOINT_EVERY * CHECKPOINT_EVERY + 1, N_STEPS + 1))
    assert again.losses == pytest.approx(losses, abs=1e-6)


@pytest.mark.slow
@pytest.mark.chaos(13, "SIGTERM in a training", "it goes on from its checkpoint to the same loss within 1e-6")
@pytest.mark.parametrize(
    ("kind", "at"), [("finetune", 3), ("finetune", 8), ("finetune", 11), ("pretrain", 4), ("pretrain", 9)]
)
def test_a_training_that_is_told_to_end_goes_on_later(
    model: Path, undisturbed: Callable[[str, int], list[float]], tmp_path: Path, kind: str, at: int, blow: Blow
) -> None:
    training = Training(kind, model)
    told = training.run(tmp_path, at, lambda told: os.kill(told.pids["0"], signal.SIGTERM))
    assert (told.code, told.steps[-1]) == (-signal.SIGTERM, at)
    goes_on(training, tmp_path, at, undisturbed(kind, 1))
    blow()


@pytest.mark.slow
@pytest.mark.chaos(13, "kill -9 of one of two torchrun ranks", "all end; the rerun ends at the same loss within 1e-6")
@pytest.mark.parametrize(("kind", "at"), [("finetune", 5), ("pretrain", 8)])
def test_a_training_that_loses_a_rank_ends_and_goes_on_later(
    model: Path, undisturbed: Callable[[str, int], list[float]], tmp_path: Path, kind: str, at: int, blow: Blow
) -> None:
    training = Training(kind, model, n_ranks=2)
    told = training.run(tmp_path, at, lambda told: os.kill(told.pids["1"], signal.SIGKILL))
    assert told.code
    assert (told.losses, told.steps[-1]) == ([], at)
    goes_on(training, tmp_path, at, undisturbed(kind, 2))
    blow()
