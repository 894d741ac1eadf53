"""One task as the training loop sees it: tokenized once, cut into batches, with the loss of any of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch

from socialrec.settings import TextSettings
from socialrec.text.batching import TrainingBatches, budget_batches
from socialrec.text.encoder import Encoder
from socialrec.text.heads import Head, Heads
from socialrec.text.losses import class_weights, info_nce, known_weight, masked_cross_entropy
from socialrec.text.processes import equal_parts, gathered, n_processes, own_part, own_rank
from socialrec.text.tasks import Ints, Labelled, Pairs, Task
from socialrec.text.tokens import Ids

MIN_PAIRS = 2
"""A pair alone has no negatives."""


class PairFeed:
    """Pairs and their contrastive loss."""

    def __init__(self, pairs: Pairs, encoder: Encoder, settings: TextSettings, number: int) -> None:
        self.name = pairs.name
        self._encoder, self._temperature, self._ids = encoder, settings.temperature, pairs.product_ids
        self._comments, self._products = encoder.tokenize(pairs.comments), encoder.tokenize(pairs.products)
        self.lengths = _lengths(self._comments) + _lengths(self._products)
        self.batches = TrainingBatches(self.lengths, settings.train_tokens, [settings.seed, number], MIN_PAIRS)

    def part_loss(self, places: Ints) -> torch.Tensor:
        """This process's part of the loss of a batch: each embeds some pairs, and all are everybody's negatives."""
        parts = equal_parts(places)
        comments, products = self._embedded(parts[own_rank()])
        ids = self._ids[np.concatenate(parts)]
        return info_nce(gathered(comments), gathered(products), ids, self._temperature) / n_processes()

    def loss_and_weight(self, places: Ints) -> tuple[torch.Tensor, float]:
        """Summed loss of a batch within this process, and what to divide sums by."""
        loss = info_nce(*self._embedded(places), self._ids[places], self._temperature)
        return loss * len(places), float(len(places))

    def _embedded(self, places: Ints) -> tuple[torch.Tensor, torch.Tensor]:
        comments, products = ([side[place] for place in places] for side in (self._comments, self._products))
        return self._encoder.embed_tokens(comments), self._encoder.embed_tokens(products)


class LabelFeed:
    """Labelled texts, and the masked cross-entropy of their head's outputs."""

    def __init__(self, task: Labelled, head: Head, encoder: Encoder, settings: TextSettings, number: int) -> None:
        self.name = task.name
        self._encoder, self._head = encoder, head
        self._tokens = encoder.tokenize(task.texts)
        self._labels = torch.from_numpy(task.labels)
        counts = (task.counts(place) for place in range(len(task.outputs)))
        self._weights = [class_weights(count, settings.balance_classes) for count in counts]
        self.lengths = _lengths(self._tokens)
        self.batches = TrainingBatches(self.lengths, settings.train_tokens, [settings.seed, number])

    def part_loss(self, places: Ints) -> torch.Tensor:
        """This process's part of the loss of a batch; the processes' parts add up to it."""
        loss = self._summed(own_part(places))
        weight = self._known(places)
        return loss / weight if weight else loss * 0

    def loss_and_weight(self, places: Ints) -> tuple[torch.Tensor, float]:
        """Summed loss of a batch within this process, and what to divide sums by."""
        return self._summed(places), self._known(places)

    def _summed(self, places: Ints) -> torch.Tensor:
        device = self._head.linear.weight.device
        if not len(places):
            return torch.zeros((), device=device)
        logits = self._head(self._encoder.embed_tokens([self._tokens[place] for place in places]))
        labels = self._labels[places].to(device)
        parts = zip(logits, labels.T, self._weights, strict=True)
        return torch.stack([masked_cross_entropy(out, label, w.to(device)) for out, label, w in parts]).sum()

    def _known(self, places: Ints) -> float:
        labels = self._labels[places]
        return sum(known_weight(label, weights) for label, weights in zip(labels.T, self._weights, strict=True))


Feed = PairFeed | LabelFeed


def feed_of(task: Task, heads: Heads, encoder: Encoder, settings: TextSettings, number: int) -> Feed:
    """The feed of a task, whose batches are those of its number."""
    if isinstance(task, Pairs):
        return PairFeed(task, encoder, settings, number)
    return LabelFeed(task, heads[task.name], encoder, settings, number)


def mean_loss(feed: Feed, budget: int) -> float:
    """Loss over all examples, without gradients, in batches of equal length."""
    order = np.argsort(-feed.lengths, kind="stable")
    batches = budget_batches(feed.lengths[order], budget, MIN_PAIRS)
    with torch.no_grad():
        parts = [feed.loss_and_weight(order[batch]) for batch in batches]
    weight = sum(weight for _, weight in parts)
    return float(sum(loss for loss, _ in parts)) / weight if weight else 0.0


def _lengths(tokens: Sequence[Ids]) -> Ints:
    return np.fromiter(chain(map(len, tokens)), dtype=np.int64, count=len(tokens))
