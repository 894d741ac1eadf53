"""Feed of one task for the training loop: tokenized once, cut into batches, with the loss of each batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeVar

import numpy as np
import torch

from socialrec.encoders.batching import TrainingBatches, budget_batches
from socialrec.encoders.encoder import Encoder
from socialrec.encoders.tokens import Ids
from socialrec.runtime.transfer import to_device
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import Ints, Labelled, Task, TextPairs
from socialrec.text.training.losses import class_weights, info_nce, known_weight, masked_cross_entropy
from socialrec.text.training.mining import hard_negatives
from socialrec.text.training.processes import equal_parts, gathered, n_processes, own_part, own_rank
from socialrec.text.understanding.heads import Head, Heads

Item = TypeVar("Item")
MIN_PAIRS = 2
"""Minimum of pairs in a batch: a pair alone has no negatives."""


class PairFeed:
    """Pairs and their contrastive loss."""

    def __init__(self, pairs: TextPairs, encoder: Encoder, settings: TextSettings, number: int) -> None:
        self.name = pairs.name
        self._encoder, self._temperature = encoder, settings.temperature
        self._comments, self._products = encoder.tokenize(pairs.comments), encoder.tokenize(pairs.products)
        self._ids, self._first = _numbered(pairs)
        self._negatives = self._mined(settings)
        comments, products = _lengths(self._comments), _lengths(self._products)
        self.longest = int(max(comments.max(), products.max()))
        self.lengths = comments + products + products[self._first[self._negatives]].sum(axis=1)
        # A given number of pairs applies whatever their tokens.
        tokens, at_least = (0, n) if (n := settings.contrastive_pairs) else (_budget(settings, pairs), MIN_PAIRS)
        self.batches = TrainingBatches(self.lengths, tokens, [settings.seed, number], at_least)

    def tokens(self, places: Ints) -> list[Ids]:
        """Texts that this process embeds of a batch: comments, their products, then their hard negatives."""
        own = equal_parts(places)[own_rank()]
        # A missing one is embedded as some product, so that all processes have equally many; the loss skips it by id.
        negatives = self._first[self._negatives[own]].ravel()
        return [*_at(self._comments, own), *_at(self._products, own), *_at(self._products, negatives)]

    def part_loss(self, vectors: torch.Tensor, places: Ints) -> torch.Tensor:
        """Part of the loss of a batch in this process: each embeds some pairs, and all pairs are everybody's
        negatives.
        """
        parts = equal_parts(places)
        n, everyone = len(parts[own_rank()]), np.concatenate(parts)
        comments, products, negatives = (gathered(side) for side in vectors.tensor_split((n, 2 * n)))
        ids = np.concatenate([self._ids[everyone], self._negatives[everyone].ravel()])
        return info_nce(comments, torch.cat([products, negatives]), ids, self._temperature) / n_processes()

    def loss_and_weight(self, places: Ints) -> tuple[torch.Tensor, float]:
        """Sum of a batch's loss within this process, and the divisor of sums; in-batch negatives alone."""
        comments, products = (
            self._encoder.embed_tokens(_at(side, places)) for side in (self._comments, self._products)
        )
        loss = info_nce(comments, products, self._ids[places], self._temperature)
        return loss * len(places), float(len(places))

    def _mined(self, settings: TextSettings) -> Ints:
        """Mine each pair's hard negatives (n, n_negatives), MISSING where too few products qualify."""
        if not settings.hard_negatives:
            return np.zeros((len(self._ids), 0), dtype=np.int64)
        # A copy, because an encoder caches its network for encoding, and this one is about to change.
        reader = replace(self._encoder)
        comments, products = (
            reader.encode_tokens(self._comments),
            reader.encode_tokens(_at(self._products, self._first)),
        )
        return hard_negatives(comments, products, self._ids, settings.hard_negatives, settings.hard_negative_margin)


class LabelFeed:
    """Labelled texts, and the masked cross-entropy of their head's outputs."""

    def __init__(self, task: Labelled, head: Head, encoder: Encoder, settings: TextSettings, number: int) -> None:
        self.name = task.name
        self._encoder, self._head = encoder, head
        self._tokens = encoder.tokenize(task.texts)
        self._labels = torch.from_numpy(task.labels)
        # Counts are of the classes as frequent as they are, so that what corrects them must be too.
        balance = 0.0 if head.table is not None else settings.class_balance
        counts = (task.counts(place) for place in range(len(task.outputs)))
        self._weights = [class_weights(count, balance) for count in counts]
        self._start = None if head.table is None else torch.from_numpy(head.table.rows(task.texts))
        self.lengths = _lengths(self._tokens)
        self.longest = int(self.lengths.max())
        self.batches = TrainingBatches(self.lengths, _budget(settings, task), [settings.seed, number])

    def tokens(self, places: Ints) -> list[Ids]:
        """Texts that this process embeds of a batch."""
        return _at(self._tokens, own_part(places))

    def part_loss(self, vectors: torch.Tensor, places: Ints) -> torch.Tensor:
        """Part of the loss of a batch in this process; the processes' parts add up to it."""
        loss = self._summed(vectors, own_part(places))
        weight = self._known(places)
        return loss / weight if weight else loss * 0

    def loss_and_weight(self, places: Ints) -> tuple[torch.Tensor, float]:
        """Sum of a batch's loss within this process, and the divisor of sums."""
        vectors = self._encoder.embed_tokens(_at(self._tokens, places))
        return self._summed(vectors, places), self._known(places)

    def _summed(self, vectors: torch.Tensor, places: Ints) -> torch.Tensor:
        labels = to_device(self._labels[places], vectors.device)
        outputs = self._head(vectors)
        if self._start is not None:
            outputs[0] = outputs[0] + to_device(self._start[places], vectors.device)
        weights = [to_device(weight, vectors.device) for weight in self._weights]
        parts = zip(outputs, labels.T, weights, strict=True)
        return torch.stack([masked_cross_entropy(out, label, weight) for out, label, weight in parts]).sum()

    def _known(self, places: Ints) -> float:
        labels = self._labels[places]
        return sum(known_weight(label, weights) for label, weights in zip(labels.T, self._weights, strict=True))


Feed = PairFeed | LabelFeed


def feed_of(task: Task, heads: Heads, encoder: Encoder, settings: TextSettings, number: int) -> Feed:
    """Make the feed of a task, with the batches of its number."""
    if isinstance(task, TextPairs):
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


def _numbered(pairs: TextPairs) -> tuple[Ints, Ints]:
    """Number of each pair's product (n,), and a pair of each number (n_products,). Equal texts are one product."""
    _, first, product = np.unique(pairs.product_ids, return_index=True, return_inverse=True)
    _, of_text, text = np.unique(_at(pairs.products, first), return_index=True, return_inverse=True)
    return text[product], first[of_text]


def _at(items: Sequence[Item], places: Ints) -> list[Item]:
    return [items[place] for place in places]


def _budget(settings: TextSettings, task: Task) -> int:
    """Tokens of one batch of a task."""
    return settings.task_tokens.get(task.name, settings.train_tokens)


def _lengths(tokens: Sequence[Ids]) -> Ints:
    return np.fromiter(chain(map(len, tokens)), dtype=np.int64, count=len(tokens))
