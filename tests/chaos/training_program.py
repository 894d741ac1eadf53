"""A training as a program: kind, model, folder of checkpoints, step to wait at (0: none). It tells each step."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import torch

from socialrec.settings.text import Precision, PretrainSettings, TextSettings
from socialrec.text.pretraining.pretrain import pretrain
from socialrec.text.tasks import Task, labelled
from socialrec.text.training.finetune import Progress, fine_tune

N_STEPS, CHECKPOINT_EVERY = 12, 2
COLOURS, THINGS = ("red", "blue", "green", "grey"), ("shoe", "lamp", "book", "chair")
TEXTS = [f"{frame} {colour} {thing}" for frame in ("the", "a", "warm") for colour in COLOURS for thing in THINGS]
TASKS: list[Task] = [labelled("colours", TEXTS, {"colour": [text.split()[1] for text in TEXTS]})]


def train(
    kind: str, model: Path, progress: Progress, checkpoints: Path | None = None, lora_dropout: float = 0.05
) -> list[float]:
    """Fine-tune or pre-train; the losses of all steps."""
    text = TextSettings(
        model=str(model), max_tokens=16, precision=Precision.FLOAT32, train_steps=N_STEPS, train_tokens=64,
        learning_rate=0.003, checkpoint_every=CHECKPOINT_EVERY, lora_dropout=lora_dropout,
    )  # fmt: skip
    if kind == "finetune":
        return fine_tune(TASKS, text, progress, checkpoints=checkpoints).losses
    settings = PretrainSettings(
        model=str(model), held_out_share=0.2, train_steps=N_STEPS, train_tokens=64, learning_rate=0.003, max_tokens=16,
        checkpoint_every=CHECKPOINT_EVERY,
    )  # fmt: skip
    return pretrain(TEXTS, settings, text, progress, checkpoints).losses


def main(kind: str, model: str, checkpoints: str, wait_at: str) -> None:
    """Train, and print the losses of all steps at the end."""
    torch.set_num_threads(1)

    def progress(step: int, loss: float) -> None:
        print(f"step {step}", flush=True)
        if step == int(wait_at):
            signal.pause()

    print(f"rank {os.environ.get('RANK', '0')} is {os.getpid()}", flush=True)
    losses = train(kind, Path(model), progress, Path(checkpoints))
    if os.environ.get("RANK", "0") == "0":
        print(f"losses {json.dumps(losses)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
