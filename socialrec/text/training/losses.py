"""Losses of the tasks, and their combination."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from socialrec.runtime.transfer import to_device
from socialrec.text.tasks import MISSING, Ints


def info_nce(comments: torch.Tensor, products: torch.Tensor, product_ids: Ints, temperature: float) -> torch.Tensor:
    """InfoNCE (van den Oord et al. 2018) of unit vectors (n, dim) in both directions; a scalar.

    The other pairs are the negatives; another comment on the same product is not one. Products beyond the n-th
    (m, dim; their ids beyond the n-th too) are further negatives of every comment; those of id MISSING are nobody's.
    """
    n = len(comments)
    scores = comments @ products.T / temperature
    is_no_negative = (product_ids[:n, None] == product_ids[None, :]) | (product_ids == MISSING)
    np.fill_diagonal(is_no_negative, False)
    scores = scores.masked_fill(to_device(torch.from_numpy(is_no_negative), scores.device), float("-inf"))
    own = torch.arange(n, device=scores.device)
    return (cross_entropy(scores, own) + cross_entropy(scores[:, :n].T, own)) / 2


def class_weights(counts: Ints, balance: float) -> torch.Tensor:
    """Weight of each class, float32: n / (n_classes · count), King & Zeng (2001), to the power of `balance`.

    At 1 all classes count the same; there a class of few examples among many makes steps uneven: each of its texts
    outweighs the rest of a batch. A power between keeps part of the lift.
    """
    weights = (counts.sum() / (len(counts) * np.maximum(counts, 1))) ** balance
    return torch.from_numpy(weights.astype(np.float32))


def masked_cross_entropy(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Sum, not mean, of the weighted cross-entropies of logits (n, n_classes) whose label (n,) is known; a scalar.

    Divided by `known_weight` of a whole batch, the sums of its parts add up to the batch's mean.
    """
    return cross_entropy(logits.float(), labels, weights, ignore_index=MISSING, reduction="sum")


def known_weight(labels: torch.Tensor, weights: torch.Tensor) -> float:
    """Sum of the weights of the labels (n,) that are known."""
    return float(weights[labels[labels != MISSING]].sum())


class TaskWeights(nn.Module):
    """Weighted sum of the tasks' losses, with fixed weights or ones learned from uncertainty.

    Learned, a task of log variance s counts as exp(-s) · loss + s / 2 (Kendall, Gal & Cipolla 2018, section 3.2).
    """

    def __init__(self, weights: Mapping[str, float], is_learned: bool) -> None:
        super().__init__()
        self.fixed = dict(weights)
        self._places = {name: place for place, name in enumerate(weights)} if is_learned else {}
        starts = (torch.tensor(-float(np.log(weight))) for weight in weights.values())
        self.log_variances = nn.ParameterList(starts if is_learned else [])

    def forward(self, name: str, loss: torch.Tensor, share: float = 1.0) -> torch.Tensor:
        """Weighted loss of a task; of a step's several parts each adds its `share` of the second term."""
        if name not in self._places:
            return self.fixed[name] * loss
        log_variance = self.log_variances[self._places[name]]
        total: torch.Tensor = torch.exp(-log_variance) * loss + share * log_variance / 2
        return total

    def current(self) -> dict[str, float]:
        """Factor of each task's loss now."""
        learned = {name: float(torch.exp(-self.log_variances[place].detach())) for name, place in self._places.items()}
        return self.fixed | learned
