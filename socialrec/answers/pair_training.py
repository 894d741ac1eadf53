"""Training of the scorer of pairs: right passages of a question against wrong ones, each alone and side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from socialrec.answers.pair_scorer import Pair, PairHead, PairScorer, pair_logits, tokenize_pairs
from socialrec.encoders.body import TunedModel, tunable
from socialrec.encoders.precision import chosen_device, encoding_dtype
from socialrec.encoders.weights import BaseModel, load_weights
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import TextSettings, Tuning

Progress = Callable[[int, float], None]
"""Callback with the step, from 1, and its loss."""
_EMBEDDINGS = "embeddings."
_HEAD_RATE = 5.0
"""Learning rate of the head, relative to that of the layers below it."""
_WARMUP = 0.1
_WEIGHT_DECAY = 0.01
MAX_GRADIENT = 1.0
_GROUPED = 200
"""Questions that are drawn at random together, and then sorted by length."""


@dataclass(frozen=True)
class JudgedPassages:
    """Passages of one question, and which of them are right."""

    question: str
    passages: tuple[str, ...]
    is_right: tuple[bool, ...]


@dataclass(frozen=True)
class _Tokenized:
    pairs: list[Pair]
    is_right: list[bool]

    @property
    def longest(self) -> int:
        return max(len(ids) for ids, _ in self.pairs)


def train_pair_scorer(
    judged: Sequence[JudgedPassages], settings: AnswersSettings, text: TextSettings, progress: Progress
) -> PairScorer:
    """Train the layers of the base model `text.model` and a head on judged passages, in their order by question.

    The loss is the cross-entropy of each pair, and of the right ones among all passages of their question. The same
    input and settings give the same scorer on the same kind of machine.
    """
    torch.manual_seed(settings.seed)
    base = load_weights(text.model)
    body = _layers(base, text)
    device = chosen_device(text.device)
    head = PairHead(int(base.model.config.hidden_size)).to(device).train()
    body.network.to(device).train()
    ordered = sorted(judged, key=lambda one: (one.question, one.passages))
    tokenized = [_tokenize(base, one, settings.max_tokens) for one in ordered]
    groups = _parameter_groups(body.network, head, settings.learning_rate)
    optimizer = torch.optim.AdamW(groups)
    rates = [group["lr"] for group in groups]
    n_pairs = sum(min(sum(one.is_right) + settings.max_wrong_passages, len(one.pairs)) for one in tokenized)
    n_steps = max(1, round(settings.train_epochs * n_pairs / settings.train_pairs))
    is_half = encoding_dtype(text.precision, device) is torch.bfloat16
    for step, batch in zip(range(1, n_steps + 1), _batches(tokenized, settings), strict=False):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * share_of_rate(step, n_steps)
        with torch.autocast(device, torch.bfloat16, enabled=is_half):
            logits = pair_logits(base, body.network, head, [pair for one in batch for pair in one.pairs])
        loss = _loss(logits.float(), batch)
        loss.backward()
        nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], MAX_GRADIENT)
        optimizer.step()
        optimizer.zero_grad()
        progress(step, float(loss.detach()))
    return PairScorer.of(base, body, head, settings.max_tokens, text)


def _layers(base: BaseModel, text: TextSettings) -> TunedModel:
    """All parameters but the embeddings, which pairs of one shop are too few for."""
    body = tunable(base, text.model_copy(update={"tuning": Tuning.FULL}))
    kept = tuple(name for name in body.changed if _EMBEDDINGS not in name)
    for name, parameter in body.network.named_parameters():
        parameter.requires_grad_(name in kept)
    return TunedModel(body.network, kept)


def _parameter_groups(network: nn.Module, head: PairHead, rate: float) -> list[dict[str, Any]]:
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in trained if parameter.ndim > 1]
    vectors = [parameter for parameter in trained if parameter.ndim <= 1]
    return [
        {"params": matrices, "lr": rate, "weight_decay": _WEIGHT_DECAY},
        {"params": vectors, "lr": rate, "weight_decay": 0.0},
        {"params": list(head.parameters()), "lr": rate * _HEAD_RATE, "weight_decay": 0.0},
    ]


def _tokenize(base: BaseModel, one: JudgedPassages, max_tokens: int) -> _Tokenized:
    pairs = tokenize_pairs(base, [one.question] * len(one.passages), one.passages, max_tokens)
    return _Tokenized(pairs, list(one.is_right))


def _batches(tokenized: Sequence[_Tokenized], settings: AnswersSettings) -> Iterator[list[_Tokenized]]:
    """Batches of questions with about `train_pairs` pairs and similar lengths, without end; each round shows every
    question once, with other wrong passages where it has many.
    """
    rng = np.random.default_rng(settings.seed)
    while True:
        order = rng.permutation(len(tokenized))
        batches: list[list[_Tokenized]] = []
        for start in range(0, len(order), _GROUPED):
            drawn = [
                _drawn(tokenized[place], settings.max_wrong_passages, rng) for place in order[start : start + _GROUPED]
            ]
            batches += _cut(sorted(drawn, key=lambda one: one.longest), settings.train_pairs)
        yield from (batches[place] for place in rng.permutation(len(batches)))


def _drawn(one: _Tokenized, most_wrong: int, rng: np.random.Generator) -> _Tokenized:
    """Keep all right passages of a question, and at most so many wrong ones."""
    right, wrong = np.flatnonzero(one.is_right), np.flatnonzero(np.logical_not(one.is_right))
    kept = [*right, *rng.permutation(wrong)[:most_wrong]]
    return _Tokenized([one.pairs[place] for place in kept], [one.is_right[place] for place in kept])


def _cut(questions: Sequence[_Tokenized], n_pairs: int) -> list[list[_Tokenized]]:
    batches: list[list[_Tokenized]] = [[]]
    for one in questions:
        if sum(len(other.pairs) for other in batches[-1]) >= n_pairs:
            batches.append([])
        batches[-1].append(one)
    return batches


def share_of_rate(step: int, n_steps: int) -> float:
    """Rise over the first tenth of the steps, then fall in a line."""
    warm = max(1.0, _WARMUP * n_steps)
    return min(step / warm, 1.0, (n_steps - step + 1) / max(1.0, n_steps - warm))


def _loss(logits: torch.Tensor, batch: Sequence[_Tokenized]) -> torch.Tensor:
    is_right = torch.tensor([float(right) for one in batch for right in one.is_right], device=logits.device)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, is_right)
    beside = []
    sizes = [len(one.pairs) for one in batch]
    for scores, right in zip(logits.split(sizes), is_right.split(sizes), strict=True):
        if 0 < right.sum() < len(right):
            beside.append(-(torch.log_softmax(scores, 0) * right).sum() / right.sum())
    return loss + torch.stack(beside).mean() if beside else loss
