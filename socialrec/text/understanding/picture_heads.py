"""Attributes of products from pictures and texts together: late fusion of one head for each.

A head on the pictures is a logistic regression on their principal components. Its probabilities p and those of the
text's calibrated head q are pooled as softmax(a · log q + b · log p) (Genest and Zidek, "Combining probability
distributions", Statistical Science 1986). The shares a and b are the likeliest on products that neither head has
learned from, which calibrates the result too. Where a product has no picture, the text's head decides alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.linalg import eigh
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from socialrec.contracts.vocabulary import Modality
from socialrec.encoders.encoder import Encoder, Vectors
from socialrec.errors import UserError
from socialrec.text.material import held_out_products, stated_values, texts_without_stated
from socialrec.text.tasks import MISSING, Ints
from socialrec.text.understanding.calibration import Logits
from socialrec.text.understanding.heads import Head
from socialrec.text.understanding.prediction import confidence_of, decided_by_of

TENSORS, DOCUMENT = "picture_heads.safetensors", "picture_heads.json"
COMPONENTS = 256
"""Most principal components of the pictures that a head reads."""
INVERSE_PENALTY = 0.01
"""Inverse strength of the head's L2 penalty, where the components have unit mean variance before the projection."""
MAX_ITERATIONS = 200
MOST_LEARNED, MOST_CHECKED = 20_000, 2_000
"""Products that a head learns from, and that the shares are learned on, at most."""
DOUBT = 0.02
"""Share of an even distribution in a head's probabilities, so that no head can exclude what it has hardly seen."""
MAX_SHARE, MIN_SHARE = 3.0, 0.02
"""Largest share of a head, and the smallest of pictures for which they are read at all."""
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fused:
    """Probabilities of both heads together, float32 (n, n_classes), and what decided, (n,) of `Modality`: the one whose
    share of the best value's lead over the second is larger.
    """

    chances: Logits
    decided_by: list[Modality]


@dataclass(frozen=True)
class PictureHead:
    """Head of one attribute on mean picture vectors: weights float32 (dim, n_classes), bias float32 (n_classes,), and
    the shares of text and picture in the pool.
    """

    classes: tuple[str, ...]
    weights: Vectors
    bias: Vectors
    text_share: float = 1.0
    picture_share: float = 0.0

    @classmethod
    def fit(cls, pictures: F64, labels: Ints, classes: tuple[str, ...]) -> PictureHead:
        """Learn from mean picture vectors (n, dim) of products with known classes, at least two of them."""
        from sklearn.linear_model import LogisticRegression

        centre = pictures.mean(axis=0)
        apart = pictures - centre
        n, dim = apart.shape
        kept = min(COMPONENTS, dim)
        _, axes = eigh(apart.T @ apart / n, subset_by_index=(dim - kept, dim - 1))
        axes /= max(float(np.sqrt((apart**2).mean())), np.finfo(np.float64).tiny)
        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MAX_ITERATIONS).fit(apart @ axes, labels)
        coefficients, intercepts = model.coef_, model.intercept_
        if len(model.classes_) == 2:
            # One row represents both classes: half of it with either sign gives the same probabilities.
            coefficients, intercepts = np.array([[-0.5], [0.5]]) * coefficients, np.array([-0.5, 0.5]) * intercepts
        weights = np.zeros((dim, len(classes)))
        bias = np.full(len(classes), np.log(np.finfo(np.float32).tiny))
        weights[:, model.classes_] = axes @ coefficients.T
        bias[model.classes_] = intercepts - centre @ weights[:, model.classes_]
        return cls(classes, weights.astype(np.float32), bias.astype(np.float32))

    def chances(self, pictures: F64) -> Logits:
        """Probabilities by the pictures alone, float32 (n, n_classes)."""
        found: Logits = softmax(pictures.astype(np.float32) @ self.weights + self.bias, axis=1)
        return found

    def with_shares(self, text: Logits, pictures: F64, labels: Ints) -> PictureHead:
        """Copy with the likeliest shares for labels (n,), under normal priors on them: text alone where there are few
        examples. text: probabilities of the text's head, (n, n_classes).
        """
        logs = np.stack([_doubted(text), _doubted(self.chances(pictures))]).astype(np.float64)

        def loss(shares: F64) -> float:
            likelihoods = log_softmax(np.tensordot(shares, logs, 1), axis=1)[np.arange(len(labels)), labels]
            return float(((shares - (1.0, 0.0)) ** 2).sum() / 2 - likelihoods.sum())

        text_share, picture_share = minimize(loss, (1.0, 0.1), bounds=[(0.0, MAX_SHARE)] * 2).x.tolist()
        return PictureHead(self.classes, self.weights, self.bias, text_share, picture_share)

    def fused(self, text: Logits, pictures: F64) -> Fused:
        """Pool the probabilities of the text's head (n, n_classes) with those of the pictures (n, dim)."""
        parts = self.text_share * _doubted(text), self.picture_share * _doubted(self.chances(pictures))
        total = parts[0] + parts[1]
        order = np.argsort(-total, axis=1, kind="stable")[:, :2]
        leads = [np.take_along_axis(part, order, axis=1) for part in parts]
        by_text, by_picture = (lead[:, 0] - lead[:, -1] for lead in leads)
        decided_by = [Modality.PICTURE if is_picture else Modality.TEXT for is_picture in by_picture > by_text]
        return Fused(softmax(total, axis=1).astype(np.float32), decided_by)


@dataclass(frozen=True)
class PictureHeads:
    """Heads by attribute, and the version of the picture encoder whose vectors they read."""

    picture_version: str
    heads: Mapping[str, PictureHead]

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors) and the rest (JSON) beside the encoder."""
        tensors = {f"{name}.{part}": getattr(h, part) for name, h in self.heads.items() for part in ("weights", "bias")}
        save_file(tensors, folder / TENSORS)
        said = {
            name: {"classes": head.classes, "text_share": head.text_share, "picture_share": head.picture_share}
            for name, head in self.heads.items()
        }
        document = {"picture_version": self.picture_version, "heads": said}
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")

    def predict(self, head: Head, texts: Vectors, pictures: F64) -> dict[str, pa.Array]:
        """Predict from vectors of texts and mean pictures of the same products, a row each: by attribute the likeliest
        value, and in `<attribute>_confidence` (float32) and `<attribute>_decided_by` what belongs to it.
        """
        columns: dict[str, pa.Array] = {}
        for output, chances in zip(head.outputs, head.probabilities(texts), strict=True):
            if (own := self.heads.get(output.name)) is not None and own.classes == output.classes:
                found = own.fused(chances, pictures)
                best = pa.array(found.chances.argmax(axis=1))
                columns[output.name] = pa.array(own.classes, pa.string()).take(best)
                columns[confidence_of(output.name)] = pa.array(found.chances.max(axis=1), pa.float32())
                columns[decided_by_of(output.name)] = pa.array(found.decided_by, pa.string())
        return columns


def fit_picture_heads(
    head: Head, encoder: Encoder, products: pa.Table, pictures: F64, picture_version: str
) -> tuple[PictureHeads, dict[str, float]]:
    """Learn heads for the outputs of the text's head, and their shares on every tenth product, which that head has not
    learned from either; returns also the accuracy there, by text alone and with pictures.

    products: rows of silver.products. pictures: their mean picture vectors, float64 (n_products, dim), zeros without.
    An attribute of which pictures say nothing gets no head.
    """
    is_checked, has_picture = held_out_products(products), pictures.any(axis=1)
    asked = texts_without_stated(products, np.flatnonzero(is_checked & has_picture)[:MOST_CHECKED])
    chances = head.probabilities(encoder.encode([text for _, text, _ in asked])) if asked else []
    heads, figures = {}, {}
    for output, of_text in zip(head.outputs, chances, strict=False):
        labels = _labels(stated_values(products, output.name), output.classes)
        learned = _evenly(np.flatnonzero(has_picture & ~is_checked & (labels != MISSING)))
        told = [
            place for place, (row, _, missing) in enumerate(asked) if output.name in missing and labels[row] != MISSING
        ]
        if not told or len(np.unique(labels[learned])) < 2:
            continue
        rows = np.array([asked[place][0] for place in told])
        fitted = PictureHead.fit(pictures[learned], labels[learned], output.classes)
        fitted = fitted.with_shares(of_text[told], pictures[rows], labels[rows])
        if fitted.picture_share >= MIN_SHARE:
            heads[output.name] = fitted
            both = fitted.fused(of_text[told], pictures[rows]).chances
            for name, found in (("text", of_text[told]), ("text_and_picture", both)):
                figures[f"{output.name}_accuracy_by_{name}"] = float((found.argmax(axis=1) == labels[rows]).mean())
    return PictureHeads(picture_version, heads), figures


def picture_heads_beside(folder: Path) -> PictureHeads | None:
    """Load the heads that were saved beside an encoder; None where there are none.

    Raises UserError where they are damaged.
    """
    if not (folder / DOCUMENT).exists():
        return None
    try:
        said: dict[str, Any] = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        tensors = load_file(folder / TENSORS)
        heads = {name: _restored(name, values, tensors) for name, values in said["heads"].items()}
        return PictureHeads(str(said["picture_version"]), heads)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SafetensorError) as error:
        raise UserError(
            f"{folder} holds no picture heads that can be read: {' '.join(str(error).split())[:200]}"
        ) from None


def _restored(name: str, said: Mapping[str, Any], tensors: Mapping[str, Vectors]) -> PictureHead:
    classes, weights, bias = tuple(map(str, said["classes"])), tensors[f"{name}.weights"], tensors[f"{name}.bias"]
    if weights.ndim != 2 or weights.shape[1:] != bias.shape or bias.shape != (len(classes),):
        raise ValueError(f"the weights of {name} do not fit its classes")
    return PictureHead(classes, weights, bias, float(said["text_share"]), float(said["picture_share"]))


def _doubted(chances: Logits) -> Logits:
    """Logarithms of probabilities with some of an even distribution, float32 (n, n_classes)."""
    found: Logits = np.log((1.0 - DOUBT) * chances + DOUBT / chances.shape[1])
    return found


def _labels(values: Sequence[str], classes: Sequence[str]) -> Ints:
    """Number of each value among the classes, int64 (n,), MISSING for others."""
    number = {name: place for place, name in enumerate(classes)}
    return np.array([number.get(value, MISSING) for value in values], dtype=np.int64)


def _evenly(rows: Ints) -> Ints:
    return rows[:: -(-len(rows) // MOST_LEARNED)] if len(rows) else rows
