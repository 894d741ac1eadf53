"""Initial weights of heads: a linear model on the vectors of the encoder before training.

Linear probing, then fine-tuning (Kumar et al., "Fine-tuning can distort pretrained features and underperform
out-of-distribution", ICLR 2022): a head drawn at random spends the first steps on teaching the encoder noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from socialrec.encoders.encoder import Encoder, Vectors
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import MISSING, Ints, Labelled
from socialrec.text.training.losses import class_weights
from socialrec.text.understanding.heads import Head, Heads

MAX_ITERATIONS = 200


def probe(heads: Heads, tasks: Sequence[Labelled], encoder: Encoder, settings: TextSettings) -> None:
    """Fit the heads of these tasks on `settings.probe_texts` texts each, drawn with the seed; the encoder is not
    changed. A head with a table starts from that instead.
    """
    # A copy, because an encoder caches its network for encoding, and this one is about to change.
    reader = replace(encoder)
    for number, task in enumerate(tasks):
        places = drawn_evenly(task, settings.probe_texts, np.random.default_rng([settings.seed, number]))
        if not len(places) or heads[task.name].table is not None:
            continue
        drawn = task.take(places)
        vectors = reader.encode(drawn.texts)
        starts = np.cumsum([0, *(len(output.classes) for output in task.outputs)])
        for place, start in enumerate(starts[:-1]):
            weights = class_draw_weights(task.counts(place), drawn.counts(place), settings.class_balance)
            _fit(heads[task.name], int(start), vectors, drawn.labels[:, place], weights)


def drawn_evenly(task: Labelled, n: int, rng: np.random.Generator) -> Ints:
    """Draw at most n texts, of a task of one output as many of each class as there are, sorted by place.

    Of few texts drawn at random a rare class has hardly any. Several outputs share one random draw.
    """
    if len(task.outputs) != 1:
        return np.sort(rng.permutation(len(task))[:n])
    labels = task.labels[:, 0]
    chosen: list[Ints] = []
    left = n
    rarest_first = np.argsort(task.counts(0), kind="stable")
    for place, label in enumerate(rarest_first):
        own = rng.permutation(np.flatnonzero(labels == label))[: left // (len(rarest_first) - place)]
        chosen.append(own)
        left -= len(own)
    return np.sort(np.concatenate(chosen))


def class_draw_weights(counts: Ints, drawn: Ints, balance: float) -> Vectors:
    """Weight of each class: that of training, by which the drawn texts count as if they had been drawn at random."""
    weights = class_weights(counts, balance).numpy() * counts / np.maximum(drawn, 1)
    mean = (weights * drawn).sum() / max(1, drawn.sum())
    scaled: Vectors = (weights / mean if mean else weights).astype(np.float32)
    return scaled


def _fit(head: Head, start: int, vectors: Vectors, labels: Ints, weights: Vectors) -> None:
    """Fit one output's logistic regression into its rows of the head; classes that were not drawn stay as they are."""
    from sklearn.linear_model import LogisticRegression

    known = labels != MISSING
    if len(classes := np.unique(labels[known])) < 2:
        return
    model = LogisticRegression(max_iter=MAX_ITERATIONS)
    model.fit(vectors[known], labels[known], sample_weight=weights[labels[known]])
    coefficients, intercepts = model.coef_, model.intercept_
    if len(classes) == 2:
        # One row represents both classes: half of it with either sign gives the same probabilities.
        coefficients, intercepts = np.array([[-0.5], [0.5]]) * coefficients, np.array([-0.5, 0.5]) * intercepts
    rows = torch.from_numpy(start + classes)
    with torch.no_grad():
        head.linear.weight[rows] = torch.from_numpy(coefficients / head.scale).to(head.linear.weight)
        head.linear.bias[rows] = torch.from_numpy(intercepts).to(head.linear.bias)
