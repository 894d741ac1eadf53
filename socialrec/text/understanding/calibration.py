"""Calibration of confidences, so that they match the share of right predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from socialrec.text.tasks import Ints

Logits = npt.NDArray[np.float32]
MAX_FACTOR = 20.0
"""Bound on temperatures: between its inverse and it."""
MAX_SHARE = 2.0
"""Largest share of a correction: twice as much as was learned."""
N_BINS = 15


def fit_temperature(logits: Logits, labels: Ints) -> float:
    """The likeliest T of softmax(logits / T) (Guo et al. 2017, section 4.2) under a standard normal prior on log T.

    Without the prior, a few examples that are all predicted right would give certainty; many outweigh it. `logits` is
    (n, n_classes), `labels` (n,) of known classes. 1 where there are no examples.
    """
    if not len(labels):
        return 1.0

    def loss(log_temperature: float) -> float:
        likelihoods = log_softmax(logits / np.exp(log_temperature), axis=1)
        return log_temperature**2 / 2 - float(likelihoods[np.arange(len(labels)), labels].sum())

    bound = float(np.log(MAX_FACTOR))
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x))


def fit_share(start: Logits, corrections: Logits, labels: Ints) -> float:
    """The likeliest share c, 0 to MAX_SHARE, of softmax(start + c · corrections), under a standard normal prior on c.

    `start` are log-probabilities (n, n_classes), so that 0 gives these; labels (n,) are known classes.
    """

    def loss(share: float) -> float:
        return share**2 / 2 + len(labels) * log_loss(softmax(start + share * corrections, axis=1), labels)

    return float(minimize_scalar(loss, bounds=(0.0, MAX_SHARE), method="bounded").x)


def log_loss(probabilities: Logits, labels: Ints) -> float:
    """Mean negative log-probability of the labels (n,), n at least 1; `probabilities` is (n, n_classes)."""
    chances = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(chances, np.finfo(np.float32).tiny)).mean())


@dataclass(frozen=True)
class Bin:
    """Predictions of one range of confidence: its lower bound, their number, mean confidence, and the right share."""

    lower: float
    n: int
    confidence: float
    accuracy: float


def calibration_bins(probabilities: Logits, labels: Ints) -> list[Bin]:
    """Compare confidence and accuracy over equally wide bins of confidence; bins without predictions are left out.

    `probabilities` is (n, n_classes), `labels` (n,).
    """
    confidences = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    places = np.minimum((confidences * N_BINS).astype(np.int64), N_BINS - 1)
    members = ((place, places == place) for place in np.unique(places))
    return [
        Bin(float(place / N_BINS), int(own.sum()), float(confidences[own].mean()), float(is_right[own].mean()))
        for place, own in members
    ]


def expected_calibration_error(probabilities: Logits, labels: Ints) -> float:
    """Mean distance of confidence and accuracy over the bins (Guo et al. 2017, equation 3).

    `probabilities` is (n, n_classes), `labels` (n,), n at least 1. 0 is perfect, and the largest is 1.
    """
    bins = calibration_bins(probabilities, labels)
    return sum(one.n * abs(one.confidence - one.accuracy) for one in bins) / len(labels)
