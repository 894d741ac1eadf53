"""Retrieval before and after pre-training: a better language model can be a worse encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialrec.encoders.encoder import load_encoder
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import TextPairs
from socialrec.text.understanding.recall import recall_at

CUTOFF = 10
MAX_PAIRS = 1000
"""Most pairs that are measured on."""


@dataclass(frozen=True)
class Retrieval:
    """Recall of `text.model` and of the pre-trained model, neither of them fine-tuned, on the same later pairs."""

    before: float
    after: float
    n_pairs: int

    @property
    def has_fallen(self) -> bool:
        """True if the pre-trained model finds fewer products."""
        return self.after < self.before

    @property
    def figures(self) -> dict[str, float]:
        """Metrics under their MLflow names."""
        return {"val/pair_recall_at_10_before": self.before, "val/pair_recall_at_10": self.after}


def measure_retrieval(made: str, pairs: TextPairs, settings: TextSettings) -> Retrieval | None:
    """Measure the model in the folder `made` beside `text.model`, on pairs that neither has read; None without any.

    Of many pairs MAX_PAIRS are drawn by the seed.
    """
    if not len(pairs):
        return None
    drawn = pairs.take(np.random.default_rng(settings.seed).permutation(len(pairs))[:MAX_PAIRS])
    before, after = (recall_at(load_encoder(name, settings), drawn, CUTOFF) for name in (settings.model, made))
    return Retrieval(before, after, len(drawn))
