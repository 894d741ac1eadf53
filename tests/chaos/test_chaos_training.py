"""Trainings end in their middle, or run out of memory: they go on to the end that they would have had."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from little_memory import Memory, limited
from tiny_bert import make_bert
from training_program import CHECKPOINT_EVERY, N_STEPS, train

pytestmark = pytest.mark.usefixtures("one_thread")
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


@pytest.fixture(scope="module")
def still_model(model: Path) -> Path:
    """The same without dropout: what it drops hangs on how a batch is cut."""
    folder = shutil.copytree(model, model.with_name("still-bert"))
    config = json.loads((folder / "config.json").read_text())
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config | still))
    return folder


@pytest.mark.filterwarnings("ignore:For backward hooks to be called", "ignore:Full backward hook is firing")
@pytest.mark.chaos(13, "out of memory in a step", "on in chunks of half the size, to the same losses within 1e-6")
@pytest.mark.parametrize("kind", ["finetune", "pretrain"])
@pytest.mark.parametrize(("at", "is_backward"), [(2, False), (7, True), (11, False)])
def test_a_training_that_runs_out_of_memory_goes_on_in_halves(
    still_model: Path, caplog: pytest.LogCaptureFixture, kind: str, at: int, is_backward: bool, blow: Blow
) -> None:
    undisturbed = train(kind, still_model, lambda step, loss: None, lora_dropout=0)
    memory = Memory(room=32, first_step=at, is_backward=is_backward)
    with limited(memory):
        losses = train(kind, still_model, memory.progress, lora_dropout=0)
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("socialrec")]
    assert messages == ["out of memory in chunks of 64 tokens: training continues in 32"]
    assert memory.n_full == 1
    assert losses == pytest.approx(undisturbed, abs=1e-6)
    assert len(losses) == N_STEPS
    blow()


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
