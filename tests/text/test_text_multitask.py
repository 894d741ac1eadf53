"""Fine-tuning on many tasks: every method learns, saves and comes back; killed runs go on; two processes are as one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from socialrec.encoders.body import TRAINED
from socialrec.encoders.encoder import load_saved
from socialrec.errors import UserError
from socialrec.settings.text import AdversarialMethod, TextSettings, Tuning
from socialrec.text.tasks import Labelled, Task, TextPairs, labelled
from socialrec.text.training.checkpoint import FILE
from socialrec.text.training.finetune import FineTuned, fine_tune
from socialrec.text.training.losses import TaskWeights
from socialrec.text.training.optimizer import warmup_cosine
from socialrec.text.understanding.heads import TENSORS, load_heads

PRODUCTS = ["shoe", "lamp", "book", "chair"]
COLOURS = ["red", "blue", "green", "grey"]
PHRASES = [f"{frame} {colour} {product}" for frame in ("the", "a") for colour in COLOURS for product in PRODUCTS]
ATTRIBUTES = labelled(
    "attributes",
    PHRASES,
    {
        "colour": [phrase.split()[1] for phrase in PHRASES],
        "kind": [phrase.split()[2] if phrase.startswith("the") else "" for phrase in PHRASES],
    },
)
MOOD = labelled(
    "mood",
    ["warm soft", "soft", "cold hard", "hard", "warm", "cold"],
    {"mood": ["up", "up", "down", "down", "up", "down"]},
)
PAIRS = TextPairs(COLOURS * 4, PRODUCTS * 4, np.array([0, 1, 2, 3] * 4))
TASKS: list[Task] = [PAIRS, MOOD, ATTRIBUTES]


def silent(step: int, loss: float) -> None:
    pass


@pytest.fixture(scope="module")
def settings(tiny: TextSettings) -> TextSettings:
    return tiny.model_copy(update={"head_dropout": 0.0, "train_steps": 25, "train_tokens": 48})


def changed(settings: TextSettings, **values: object) -> TextSettings:
    return settings.model_copy(update=values)


def accuracy(made: FineTuned, task: Labelled, output: int = 0) -> float:
    vectors = torch.from_numpy(made.encoder.encode(task.texts))
    logits = made.heads[task.name](vectors)[output]
    return float((logits.argmax(1).numpy() == task.labels[:, output]).mean())


@pytest.mark.parametrize("tuning", list(Tuning))
def test_every_method_learns_saves_and_comes_back(tuning: Tuning, settings: TextSettings, tmp_path: Path) -> None:
    rate = 0.003 if tuning is Tuning.FULL else 0.03
    made = fine_tune(TASKS, changed(settings, tuning=tuning, learning_rate=rate), silent)
    assert np.mean(made.losses[-5:]) < np.mean(made.losses[:5]) * 0.9
    assert accuracy(made, MOOD) > 0.8
    made.encoder.save(tmp_path)
    made.heads.save(tmp_path)
    again, heads = load_saved(tmp_path, settings), load_heads(tmp_path)
    assert again.version == made.encoder.version
    vectors = again.encode(PHRASES)
    np.testing.assert_array_equal(vectors, made.encoder.encode(PHRASES))
    for name, head in made.heads.items():
        for ours, theirs in zip(head(torch.from_numpy(vectors)), heads[name](torch.from_numpy(vectors)), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_frozen_bodies_and_bottlenecks_leave_the_base_as_it_is(settings: TextSettings, tmp_path: Path) -> None:
    frozen = fine_tune([MOOD], changed(settings, tuning=Tuning.FROZEN, train_steps=2), silent).encoder
    assert frozen.body.identity() == ""
    narrow = fine_tune([MOOD], changed(settings, tuning=Tuning.BOTTLENECK, bottleneck_dim=4, train_steps=2), silent)
    narrow.encoder.save(tmp_path)
    sizes = {tuple(tensor.shape) for tensor in load_file(tmp_path / TRAINED).values()}
    assert sizes == {(4, 32), (4,), (32, 4), (32,)}


def test_several_outputs_of_one_text_are_learned_where_they_are_known(settings: TextSettings) -> None:
    made = fine_tune([ATTRIBUTES], changed(settings, train_steps=40), silent)
    assert accuracy(made, ATTRIBUTES, 0) > 0.8
    known = ATTRIBUTES.take(np.flatnonzero(ATTRIBUTES.labels[:, 1] >= 0))
    assert accuracy(made, known, 1) > 0.8


def test_nothing_to_train_is_said_before_training(settings: TextSettings) -> None:
    with pytest.raises(UserError, match="nothing to train: text.tuning is 'frozen' and no task has a head"):
        fine_tune([PAIRS], changed(settings, tuning=Tuning.FROZEN), silent)


def test_training_stops_when_validation_no_longer_gains_and_the_best_counts(settings: TextSettings) -> None:
    wrong = Labelled("mood", MOOD.texts, MOOD.outputs, 1 - MOOD.labels)
    made = fine_tune([MOOD], changed(settings, validate_every=1, patience=3, train_steps=60), silent, [wrong])
    assert len(made.losses) < 60
    best = min(made.validations, key=lambda pair: pair[1])
    assert len(made.losses) == best[0] + 3
    early = fine_tune([MOOD], changed(settings, validate_every=1, patience=1, train_steps=60), silent, [wrong])
    assert early.encoder.version == made.encoder.version


def test_learned_task_weights_move(settings: TextSettings) -> None:
    fixed = fine_tune([MOOD, PAIRS], changed(settings, train_steps=5), silent)
    learned = fine_tune([MOOD, PAIRS], changed(settings, train_steps=5, learn_task_weights=True), silent)
    assert fixed.encoder.version != learned.encoder.version
    assert fixed.task_weights == {"mood": 1, "retrieval": 1}
    assert all(weight != 1 for weight in learned.task_weights.values())
    assert fixed.trained_share == pytest.approx(learned.trained_share, abs=1e-3)
    whole = fine_tune([MOOD, PAIRS], changed(settings, train_steps=1, tuning=Tuning.FULL), silent)
    # A head that the base model came with and that no vector passes through is not trained.
    assert fixed.trained_share < 0.9 < whole.trained_share <= 1


def test_a_task_weight_is_the_one_of_the_settings_or_the_learned_one() -> None:
    assert TaskWeights({"a": 2.0}, is_learned=False).current() == {"a": 2.0}
    learned = TaskWeights({"a": 2.0}, is_learned=True)
    assert learned.current() == {"a": pytest.approx(2)}
    with torch.no_grad():
        learned.log_variances[0].fill_(0.0)
    assert learned.current() == {"a": 1}


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    ("tuning", "killed_at"),
    [
        (Tuning.LORA, 8),
        *(
            pytest.param(*one, marks=pytest.mark.slow)
            for one in ((Tuning.FULL, 8), (Tuning.BOTTLENECK, 8), (Tuning.ADALORA, 14), (Tuning.ADALORA, 29))
        ),
    ],
)
def test_a_killed_run_goes_on_and_ends_where_it_would_have_ended(
    tuning: Tuning, killed_at: int, settings: TextSettings, tmp_path: Path
) -> None:
    """With dropout, accumulation, cached gradients, FreeLB, learned weights and validation, between two checkpoints."""
    # AdaLoRA takes ranks away from step 4 of 30 on, and after step 24 no more.
    n_steps = 30 if tuning is Tuning.ADALORA else 10
    values = {"tuning": tuning, "lora_dropout": 0.1, "head_dropout": 0.1, "accumulation": 2, "learn_task_weights": True}
    values |= {"adversarial_every": 2, "adversarial_method": AdversarialMethod.FREELB, "hard_negatives": 1}
    values |= {"contrastive_pairs": 6, "learning_rate": 0.003, "train_steps": n_steps}
    values |= {"checkpoint_every": 3, "validate_every": 2}
    wanted = changed(settings, **values)
    straight = fine_tune(TASKS, wanted, silent, [MOOD])

    def kill(step: int, loss: float) -> None:
        if step == killed_at:
            raise Killed

    with pytest.raises(Killed):
        fine_tune(TASKS, wanted, kill, [MOOD], tmp_path)
    seen: list[int] = []
    resumed = fine_tune(TASKS, wanted, lambda step, loss: seen.append(step), [MOOD], tmp_path)
    assert seen == list(range((killed_at - 1) // 3 * 3 + 1, n_steps + 1))
    assert (straight.resumed_after, resumed.resumed_after) == (0, seen[0] - 1)
    np.testing.assert_allclose(resumed.losses, straight.losses, atol=1e-6)
    for name, losses in straight.task_losses.items():
        np.testing.assert_allclose(resumed.task_losses[name], losses, atol=1e-6)
    np.testing.assert_allclose(np.sum(list(straight.task_losses.values()), axis=0), straight.losses, atol=1e-6)
    np.testing.assert_allclose(resumed.validations, straight.validations, atol=1e-6)
    np.testing.assert_allclose(resumed.encoder.encode(PHRASES), straight.encoder.encode(PHRASES), atol=1e-6)
    for ours, theirs in zip(resumed.heads.parameters(), straight.heads.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_a_checkpoint_of_other_examples_or_cut_short_is_not_used(settings: TextSettings, tmp_path: Path) -> None:
    short = changed(settings, train_steps=4, checkpoint_every=2)
    fine_tune([MOOD], short, silent, checkpoints=tmp_path)
    for tasks, damage in (([PAIRS], False), ([MOOD], True)):
        if damage:
            (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:200])
        seen: list[int] = []
        fine_tune(tasks, short, lambda step, loss, seen=seen: seen.append(step), checkpoints=tmp_path)
        assert seen == [1, 2, 3, 4]


def test_the_learning_rate_rises_in_a_line_and_falls_to_nearly_nothing(settings: TextSettings) -> None:
    rates = [warmup_cosine(step, changed(settings, train_steps=100, warmup_share=0.1)) for step in range(1, 101)]
    assert rates[:10] == pytest.approx([0.1 * n for n in range(1, 11)])
    assert rates[10] == 1
    assert rates == [*rates[:10], *sorted(rates[10:], reverse=True)]
    assert 0 < rates[-1] < 0.001


TWO = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
from test_text_multitask import TASKS, silent
from socialrec.settings.text import TextSettings
from socialrec.text.training.finetune import fine_tune
from socialrec.text.training.processes import own_rank
import os
made = fine_tune(TASKS, TextSettings.model_validate_json(sys.argv[2]), silent)
if os.environ.get("RANK", "0") == "0":
    made.encoder.save(Path(sys.argv[3]))
    made.heads.save(Path(sys.argv[3]))
"""


def run_script(script: Path, out: Path, settings: TextSettings, launcher: Sequence[str]) -> None:
    arguments = [str(Path(__file__).parent), settings.model_dump_json(), str(out)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, Path(__file__).parents[1:3])),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *launcher, str(script), *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "FutureWarning" not in done.stderr


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(settings: TextSettings, still_bert: Path, tmp_path: Path) -> None:
    """Over Gloo, started by torchrun, without dropout, which each process draws for itself."""
    script = tmp_path / "two.py"
    script.write_text(TWO)
    wanted = changed(settings, model=str(still_bert), train_steps=5, learning_rate=0.003, adversarial_every=2)
    wanted = changed(wanted, train_tokens=32, contrastive_pairs=8, hard_negatives=1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={port}"]
    for name, launcher in {"one": [], "two": torchrun}.items():
        (tmp_path / name).mkdir()
        run_script(script, tmp_path / name, wanted, launcher)
    one, two = (load_file(tmp_path / name / TENSORS) for name in ("one", "two"))
    for key, tensor in one.items():
        torch.testing.assert_close(two[key], tensor, atol=1e-4, rtol=1e-3)
    ours, theirs = (load_saved(tmp_path / name, settings).encode(PHRASES) for name in ("one", "two"))
    np.testing.assert_allclose(theirs, ours, atol=1e-4)
