"""Classes from the encoder as it is: logistic regression on vectors of each picture and of its mirror image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.linear_model import LogisticRegression

from socialrec.bench.pictures.clothing import Clothing
from socialrec.encoders.bulk import Vectors
from socialrec.encoders.pictures.encoder import PictureEncoder
from socialrec.encoders.pictures.weights import Pixels

STRENGTHS = (10.0, 30.0, 100.0, 300.0)
"""Inverse regularisations to choose from on validation."""
_MAX_ITERATIONS = 300


@dataclass(frozen=True)
class FrozenResult:
    """Accuracy on test of the regression that was best on validation, and that choice."""

    accuracy: float
    strength: float
    validation: dict[float, float]


def score_frozen(clothing: Clothing, encoder: PictureEncoder) -> FrozenResult:
    """Choose the strength on validation, then learn from training and validation together, and score test once."""
    train, validation, test = (
        both_views(part.contents, encoder) for part in (clothing.train, clothing.validation, clothing.test)
    )
    found = {
        strength: _accuracy(_fitted(train, clothing.train.labels, strength), validation, clothing.validation.labels)
        for strength in STRENGTHS
    }
    best = max(STRENGTHS, key=lambda strength: (found[strength], -strength))
    known = np.concatenate([train, validation], axis=1)
    labels = np.concatenate([clothing.train.labels, clothing.validation.labels])
    return FrozenResult(_accuracy(_fitted(known, labels, best), test, clothing.test.labels), best, found)


def both_views(contents: Sequence[bytes], encoder: PictureEncoder) -> Vectors:
    """Vectors of pictures and of their mirror images, float32 (2, n, dim)."""

    def mirrored(image: Image.Image) -> Pixels:
        return encoder.model.prepare(image)[..., ::-1]

    other = replace(encoder, model=replace(encoder.model, prepare=mirrored))
    return np.stack([encoder.encode(contents), other.encode(contents)])


def _fitted(views: Vectors, labels: npt.NDArray[np.int64], strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS).fit(np.concatenate(views), np.tile(labels, 2))


def _accuracy(model: LogisticRegression, views: Vectors, labels: npt.NDArray[np.int64]) -> float:
    scores = sum(model.predict_log_proba(view) for view in views)
    return float((np.argmax(scores, axis=1) == labels).mean())
