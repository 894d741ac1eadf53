"""Pre-training: a language model reads the shop's own texts until the loss on held-out ones no longer falls."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from socialrec.encoders.batching import TrainingBatches, budget_batches
from socialrec.encoders.language_head import Questions, summed_loss
from socialrec.encoders.precision import chosen_device, compile_layers, encoding_dtype
from socialrec.encoders.tokens import Coverage, Ids, coverage, most_tokens, readable, tokenize
from socialrec.encoders.weights import BaseModel
from socialrec.errors import UserError
from socialrec.settings.text import PretrainSettings, TextSettings
from socialrec.text.pretraining.language_model import load_language_model, questions, save_language_model
from socialrec.text.pretraining.scratch import new_model
from socialrec.text.tasks import Ints
from socialrec.text.training.checkpoint import State, Tensors, load_checkpoint, save_checkpoint
from socialrec.text.training.memory import ChunkTooLarge, fitting, halved
from socialrec.text.training.optimizer import MAX_GRADIENT, adamw, moments, put, put_moments, set_learning_rate
from socialrec.text.training.processes import add_gradients, n_processes, own_rank, process_group, summed

Progress = Callable[[int, float], None]
"""Callback with the step, from 1, and its loss per token."""
_TRAINING, _HELD_OUT = 0, 1


@dataclass(frozen=True)
class PreTrained:
    """Model with the lowest loss on held-out texts, which may be the one before training."""

    base: BaseModel
    """Weights with the language head; the hash is that of the starting point."""
    head_is_new: bool
    """True if training started with a new head, so that its first losses carry little information."""
    coverage: Coverage
    """Share of the training texts that its vocabulary covers."""
    n_texts: int
    n_held_out: int
    losses: list[float]
    validations: list[tuple[int, float]]
    """Steps, from 0, and the mean loss of a held-out token after each, in nats."""

    @property
    def perplexity_before(self) -> float:
        """exp(loss) on held-out texts before the first step."""
        return math.exp(self.validations[0][1])

    @property
    def perplexity(self) -> float:
        """exp(loss) on held-out texts of the result. Comparable under one vocabulary only."""
        return math.exp(min(loss for _, loss in self.validations))

    def save(self, folder: Path) -> None:
        """Write a folder that `text.model` can name."""
        save_language_model(self.base, folder)


def is_held_out(text: str, share: float) -> bool:
    """Check if a text is held out: by its own hash, so that other texts do not matter."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def pretrain(
    texts: Sequence[str],
    settings: PretrainSettings,
    text: TextSettings,
    progress: Progress,
    checkpoints: Path | None = None,
) -> PreTrained:
    """Train an encoder to predict masked words, a decoder the next one, on distinct texts; stops early on held-out
    texts.

    Starts from `pretrain.model` (else `text.model`), or from scratch. With a folder for checkpoints a killed run can
    resume. Under torchrun the processes share every batch. The same texts and settings give the same model on the same
    kind of machine. Raises UserError where there is nothing to learn from or to measure on, or the checkpoint cannot be
    used.
    """
    distinct = sorted({readable(one) for one in texts} - {""})
    learned, held_out = _parts(distinct, settings.held_out_share)
    with process_group(text.device):
        training = _Pretraining(learned, held_out, settings, text)
        run = training.identity(distinct)
        if checkpoints is not None and (saved := load_checkpoint(checkpoints, run)):
            training.restore(*saved)
        training.validate_before()
        while not training.is_over:
            loss = training.step()
            if checkpoints is not None and training.state.step % settings.checkpoint_every == 0 and own_rank() == 0:
                save_checkpoint(checkpoints, run, training.state, training.tensors())
            if own_rank() == 0:
                progress(training.state.step, loss)
        return training.result()


def _parts(texts: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    held_out = [text for text in texts if is_held_out(text, share)]
    learned = [text for text in texts if not is_held_out(text, share)]
    if not learned or not held_out:
        raise UserError(
            f"of {len(texts)} distinct texts {len(held_out)} are held out by pretrain.held_out_share = {share:g}: "
            "pre-training needs some to learn from and some to measure on; bring more texts, or change the share"
        )
    return learned, held_out


class _Pretraining:
    """State of one run: the model, its optimiser and its progress."""

    def __init__(
        self, learned: Sequence[str], held_out: Sequence[str], settings: PretrainSettings, text: TextSettings
    ) -> None:
        self.settings, self.state = settings, State()
        if settings.from_scratch:
            self.base, self.head_is_new = new_model(learned, settings), True
        else:
            torch.manual_seed(settings.seed)
            self.base, self.head_is_new = load_language_model(settings.model or text.model)
        if settings.max_tokens > (limit := most_tokens(self.base)):
            raise UserError(
                f"pretrain.max_tokens is {settings.max_tokens}, but {self.base.name!r} reads {limit} at most"
            )
        self.device = chosen_device(text.device)
        network: nn.Module = self.base.model
        network.to(self.device)
        self.dtype = encoding_dtype(text.precision, self.device)
        if text.compile:
            compile_layers(network)
        self.trained = {name: p for name, p in self.base.model.named_parameters() if p.requires_grad}
        self.optimizer = adamw(list(self.trained.values()), settings)
        self.tokens, self.held_out = self._tokens(learned), self._tokens(held_out)
        self.batches = TrainingBatches(_lengths(self.tokens), settings.train_tokens, [settings.seed])
        self.best: Tensors = {}

    @property
    def is_over(self) -> bool:
        """True if all steps are done, or held-out texts have not gained for too long."""
        return self.state.step >= self.settings.train_steps or self.state.since_best >= self.settings.patience

    def identity(self, texts: Sequence[str]) -> str:
        """Hash everything that a run depends on (SHA-256): only an equal run may resume from a checkpoint."""
        words = json.dumps(self.base.tokenizer.get_vocab(), sort_keys=True)
        said = (self.settings.model_dump_json(), self.base.sha256, words, *texts)
        return hashlib.sha256("\0".join(said).encode()).hexdigest()

    def validate_before(self) -> None:
        """Measure the starting point, which counts as step 0."""
        if not self.state.validations:
            self._validate()

    def step(self) -> float:
        """Run one step; returns its mean loss per predicted token, over all processes."""
        number = self.state.step + 1
        self.base.model.train()
        set_learning_rate(self.optimizer, number, self.settings)
        part = self._learn(number)
        add_gradients(self.trained.values())
        nn.utils.clip_grad_norm_(self.trained.values(), MAX_GRADIENT)
        self.optimizer.step()
        self.optimizer.zero_grad()
        # The only time in a step that the host waits for a GPU.
        loss = float(summed(part))
        self.state.step = number
        self.state.losses.append(loss)
        if number % self.settings.validate_every == 0 or number == self.settings.train_steps:
            self._validate()
        return loss

    def _learn(self, number: int) -> torch.Tensor:
        """Compute the gradients of a step's batches, and this process's part of its loss, a scalar; if memory runs out,
        retry in chunks of half the size from now on.
        """
        n = self.settings.accumulation
        while True:
            # Seeded by the step alone, so that a resumed or repeated step has the same dropout.
            torch.manual_seed(self.settings.seed + 1009 * number + own_rank())
            try:
                return torch.stack([self._learn_batch(batch) for batch in range((number - 1) * n, number * n)]).sum()
            except ChunkTooLarge:
                self.optimizer.zero_grad()
            # Here the failed pass is released, and its memory free.
            longest = max(map(len, self.tokens))
            self.state.chunk_tokens = halved(self._chunk_tokens, longest, section="pretrain")

    def _learn_batch(self, number: int) -> torch.Tensor:
        """Add the gradients of one batch, chunk by chunk; returns this process's part of its loss."""
        asked = self._asked([self.tokens[place] for place in self.batches[number]], _TRAINING, number)
        own = asked.rows(slice(own_rank(), None, n_processes()))
        total = torch.zeros((), device=self.device)
        with fitting():
            for chunk in own.chunks(self._chunk_tokens):
                if chunk.n_asked:
                    with self._autocast():
                        loss = summed_loss(self.base, chunk) / asked.n_asked / self.settings.accumulation
                    loss.backward()
                    total += loss.detach()
        return total

    def _validate(self) -> None:
        self.base.model.eval()
        longest_first = sorted(self.held_out, key=lambda ids: (-len(ids), ids))
        total, n_asked = torch.zeros((), device=self.device, dtype=torch.float64), 0
        cuts = budget_batches(_lengths(longest_first), self.settings.train_tokens)
        with torch.no_grad(), self._autocast():
            for number, cut in enumerate(cuts):
                asked = self._asked(longest_first[cut], _HELD_OUT, number)
                n_asked += asked.n_asked
                total += summed_loss(self.base, asked) if asked.n_asked else 0.0
        self.state.validations.append((self.state.step, float(total) / max(1, n_asked)))
        if self.state.best_step == self.state.step:
            self.best = {name: parameter.detach().clone() for name, parameter in self.trained.items()}

    def _asked(self, tokens: Sequence[Ids], purpose: int, number: int) -> Questions:
        seed = int(np.random.default_rng([self.settings.seed, purpose, number]).integers(2**31))
        return questions(self.base, tokens, self.settings.masked_share, seed)

    @property
    def _chunk_tokens(self) -> int:
        return self.state.chunk_tokens or self.settings.train_tokens

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device, torch.bfloat16, enabled=self.dtype is torch.bfloat16)

    def _tokens(self, texts: Sequence[str]) -> list[Ids]:
        return tokenize(self.base, texts, self.settings.max_tokens)

    def tensors(self) -> dict[str, Tensors]:
        """Tensors that change from step to step, in groups."""
        return {
            "trained": dict(self.trained),
            "optimizer": moments(self.optimizer, self.trained),
            "best": self.best,
        }

    def restore(self, state: State, groups: dict[str, Tensors]) -> None:
        """Resume from a checkpoint's state and tensors."""
        self.state, self.best = state, groups.get("best", {})
        put(groups["trained"], self.trained)
        put_moments(self.optimizer, self.trained, groups["optimizer"])

    def result(self) -> PreTrained:
        """Best model so far."""
        put(self.best, self.trained)
        self.base.model.eval()
        return PreTrained(
            self.base,
            self.head_is_new,
            coverage(self.base, self.tokens),
            len(self.tokens),
            len(self.held_out),
            self.state.losses,
            self.state.validations,
        )


def _lengths(tokens: Sequence[Ids]) -> Ints:
    return np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
