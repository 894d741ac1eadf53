"""Multi-task fine-tuning: one body, one head per task, trained until validation no longer gains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from socialrec.encoders.body import load_trained, tunable
from socialrec.encoders.encoder import Encoder, assemble
from socialrec.encoders.precision import compile_layers
from socialrec.encoders.weights import load_weights
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import Ints, Labelled, Task, require_learnable
from socialrec.text.training.adversarial import Adversary
from socialrec.text.training.checkpoint import State, Tensors, load_checkpoint, run_identity, save_checkpoint
from socialrec.text.training.chunks import Around, embed_in_chunks, untouched
from socialrec.text.training.feeds import Feed, feed_of, mean_loss
from socialrec.text.training.losses import TaskWeights
from socialrec.text.training.memory import ChunkTooLarge, fitting, halved
from socialrec.text.training.optimizer import MAX_GRADIENT, adamw, moments, put, put_moments, set_learning_rate
from socialrec.text.training.probing import probe
from socialrec.text.training.processes import add_gradients, n_processes, own_rank, process_group, summed
from socialrec.text.training.rank_memory import rank_memory, restore_rank_memory
from socialrec.text.understanding.heads import Heads, heads_beside

Progress = Callable[[int, float], None]
"""Callback with the step, from 1, and its loss."""


@dataclass(frozen=True)
class FineTuned:
    """Encoder and heads of the best validation (without one: of the end), and the course of training."""

    encoder: Encoder
    heads: Heads
    losses: list[float]
    validations: list[tuple[int, float]]
    task_losses: dict[str, list[float]]
    """Loss of each task at each step, before its weight."""
    task_weights: dict[str, float]
    """Weight of each task's loss at the end: fixed by the settings, or learned."""
    trained_share: float
    """Share of all weights, heads included, that were trained."""
    resumed_after: int
    """Step of the checkpoint from which the run resumed; 0 where there was none."""


def fine_tune(
    tasks: Sequence[Task],
    settings: TextSettings,
    progress: Progress,
    validation: Sequence[Task] = (),
    checkpoints: Path | None = None,
    *,
    start: Path | None = None,
) -> FineTuned:
    """Train what `settings.tuning` names, and a head for each labelled task, on all tasks in every step.

    Where a validation task of the same name is given, training stops after `patience` validations without gain, and the
    best one counts. With a folder for checkpoints, a killed run resumes from the last one. With a saved encoder to
    start from, which must have been tuned in the same way, it continues from that one and its heads, of whose classes
    some may then lack examples. Under torchrun the processes share every batch. The same tasks and settings give the
    same result on the same kind of machine. Raises UserError, before training, where a task holds nothing to learn or
    there is nothing to train.
    """
    if start is None:
        require_learnable(tasks)
    with process_group(settings.device):
        training = _Training(tasks, validation, settings, start)
        run = f"{run_identity(tasks, settings)} {start or ''}"
        if checkpoints is not None and (saved := load_checkpoint(checkpoints, run)):
            training.restore(*saved)
        while not training.is_over:
            loss = training.step()
            if own_rank() == 0:
                if training.state.step % settings.checkpoint_every == 0 and checkpoints is not None:
                    save_checkpoint(checkpoints, run, training.state, training.tensors())
                progress(training.state.step, loss)
        return training.result()


class _Training:
    """State of one run: the model, its optimiser and its progress."""

    def __init__(
        self, tasks: Sequence[Task], validation: Sequence[Task], settings: TextSettings, start: Path | None
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.state, self.resumed_after = settings, State(), 0
        base = load_weights(settings.model)
        self.body = tunable(base, settings)
        if start is not None:
            load_trained(self.body, start)
        self.encoder = assemble(base, self.body, settings, settings.max_tokens)
        with_heads = [task for task in tasks if isinstance(task, Labelled)]
        known = Heads({}) if start is None else heads_beside(start)
        self.heads = Heads.of(with_heads, self.encoder.dim, settings.head_dropout)
        probe(self.heads, [task for task in with_heads if task.name not in known], self.encoder, settings)
        self.heads = self.heads.going_on_from(known, settings.head_dropout).to(base.model.device)
        weights = {task.name: settings.task_weights.get(task.name, 1.0) for task in tasks}
        self.weights = TaskWeights(weights, settings.learn_task_weights).to(base.model.device)
        self.model = nn.ModuleList([self.body.network, self.heads, self.weights])
        self.trained = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        if not self.trained:
            raise UserError("nothing to train: text.tuning is 'frozen' and no task has a head; set it to lora")
        self.optimizer = adamw(list(self.trained.values()), settings)
        self.feeds = self._feeds(tasks, settings)
        self.checks = self._feeds(validation, settings.model_copy(update={"hard_negatives": 0}))
        self.adversary = Adversary(base.model.get_input_embeddings(), settings)
        if settings.compile:
            compile_layers(self.body.network)
        self.best: Tensors = {}

    @property
    def is_over(self) -> bool:
        """True if all steps are done, or validation has not gained for too long."""
        return self.state.step >= self.settings.train_steps or self.state.since_best >= self.settings.patience

    def step(self) -> float:
        """Run one step on every task; returns its loss over all processes."""
        number = self.state.step + 1
        self.model.train()
        set_learning_rate(self.optimizer, number, self.settings)
        parts = self._learn(number)
        self._update(number)
        # The only time in a step that the host waits for a GPU: its work is queued without a look at results.
        losses: list[float] = summed(torch.stack(parts)).tolist()
        for feed, part in zip(self.feeds, losses, strict=True):
            self.state.task_losses.setdefault(feed.name, []).append(part)
        loss = sum(losses)
        self.state.step = number
        self.state.losses.append(loss)
        if self.checks and (number % self.settings.validate_every == 0 or number == self.settings.train_steps):
            self._validate()
        return loss

    def _learn(self, number: int) -> list[torch.Tensor]:
        """Compute the gradients of a step's batches, and this process's part of each task's loss, scalars; if memory
        runs out, retry in chunks of half the size from now on.
        """
        n = self.settings.accumulation
        batches = range((number - 1) * n, number * n)
        while True:
            try:
                feeds = range(len(self.feeds))
                return [torch.stack([self._learn_batch(place, batch) for batch in batches]).sum() for place in feeds]
            except ChunkTooLarge:
                self.optimizer.zero_grad()
            # Here the failed pass is released, and its memory free.
            self.state.chunk_tokens = halved(self._chunk_tokens, max(feed.longest for feed in self.feeds))

    def _learn_batch(self, place: int, batch: int) -> torch.Tensor:
        """Add the gradients of one batch, every n-th step in perturbed passes; returns the first pass's part of the
        loss.
        """
        feed = self.feeds[place]
        # Seeded by the batch alone, so that a resumed or repeated batch has the same dropout.
        seed = int(np.random.SeedSequence([self.settings.seed, place, batch, own_rank()]).generate_state(1)[0])
        every = self.settings.adversarial_every
        if not every or (self.state.step + 1) % every:
            return self._backward(feed, feed.batches[batch], seed)
        weights, around = self.adversary.passes(seed), self.adversary.disturbing
        first, *_ = [self._backward(feed, feed.batches[batch], seed, weight, around) for weight in weights]
        return first

    def _backward(
        self, feed: Feed, places: Ints, seed: int, weight: float = 1.0, around: Around = untouched
    ) -> torch.Tensor:
        """Run one pass over a batch: its vectors, the loss of all of them, and backward; returns this process's part of
        the loss.
        """
        torch.manual_seed(seed)
        with self._autocast():
            with fitting():
                vectors = embed_in_chunks(self.encoder, feed.tokens(places), self._chunk_tokens, around)
            # Processes communicate between vectors and loss; on either side each may run out of memory.
            leaves = vectors.detach().requires_grad_(vectors.requires_grad)
            part = feed.part_loss(leaves, places) / self.settings.accumulation
            share = 1 / self.settings.accumulation / n_processes()
            weighted = weight * self.weights(feed.name, part, share)
        if weighted.requires_grad:
            weighted.backward()
        with fitting():
            if leaves.grad is not None:
                vectors.backward(leaves.grad)
        return part.detach()

    def _update(self, number: int) -> None:
        regularization = self.body.orthogonality()
        if regularization is not None:
            (regularization / n_processes()).backward()
        add_gradients(self.trained.values())
        nn.utils.clip_grad_norm_(self.trained.values(), MAX_GRADIENT)
        self.optimizer.step()
        self.body.allocate_ranks(number)
        self.optimizer.zero_grad()

    def _validate(self) -> None:
        self.model.eval()
        with self._autocast():
            losses = [mean_loss(feed, self.settings.batch_tokens) for feed in self.checks]
        self.state.validations.append((self.state.step, sum(losses) / len(losses)))
        if self.state.best_step == self.state.step:
            self.best = {name: parameter.detach().clone() for name, parameter in self.trained.items()}

    def _autocast(self) -> torch.autocast:
        is_half = self.encoder.dtype is torch.bfloat16
        return torch.autocast(self.encoder.base.model.device.type, torch.bfloat16, enabled=is_half)

    @property
    def _chunk_tokens(self) -> int:
        return self.state.chunk_tokens or self.settings.train_tokens

    def _feeds(self, tasks: Sequence[Task], settings: TextSettings) -> list[Feed]:
        known = [task for task in tasks if len(task)]
        return [feed_of(task, self.heads, self.encoder, settings, n) for n, task in enumerate(known)]

    def tensors(self) -> dict[str, Tensors]:
        """Tensors that change from step to step, in groups."""
        return {
            "trained": dict(self.trained),
            "optimizer": moments(self.optimizer, self.trained),
            "best": self.best,
            "ranks": rank_memory(self.body.network),
        }

    def restore(self, state: State, groups: dict[str, Tensors]) -> None:
        """Resume from a checkpoint's state and tensors."""
        self.state, self.resumed_after = state, state.step
        self.best = groups.get("best", {})
        put(groups["trained"], self.trained)
        put_moments(self.optimizer, self.trained, groups.get("optimizer", {}))
        restore_rank_memory(self.body.network, groups.get("ranks", {}))

    def result(self) -> FineTuned:
        """Encoder and heads at their best, under their version."""
        put(self.best, self.trained)
        encoder = assemble(self.encoder.base, self.body, self.settings, self.settings.max_tokens)
        n_trained = sum(parameter.numel() for parameter in self.trained.values())
        return FineTuned(
            encoder,
            self.heads.eval(),
            self.state.losses,
            self.state.validations,
            self.state.task_losses,
            self.weights.current(),
            n_trained / sum(parameter.numel() for parameter in self.model.parameters()),
            self.resumed_after,
        )
