"""Recommender: fitted signals, their blend, and data for explanations. Saved as safetensors and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from socialrec.contracts.vocabulary import ModelKind
from socialrec.errors import UserError
from socialrec.features.data import TrainingData
from socialrec.recommend.blend import TIE_BREAK, Blended
from socialrec.recommend.scores import SparseScores
from socialrec.recommend.signals import SIGNALS, Collaborative, Popularity, Signal
from socialrec.recommend.signals.base import UserBlock
from socialrec.settings import RecommendSettings

TENSORS = "model.safetensors"
DOCUMENT = "model.json"
FORMAT = 3


@dataclass(frozen=True)
class ModelInfo:
    """Origin of a model: the recipe to refit it, and its inputs. kind: a value of ModelKind."""

    encoder_version: str
    ds: str = ""
    split_label: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    lake_versions: dict[str, int | None] = field(default_factory=dict)
    kind: str = ModelKind.TRAINED.value


class Recommender:
    """Scorer of every product of its catalogue for blocks of users.

    products: sorted names (n_products,). signals: those that were fitted. weights: one per signal, adding up to 1.
    """

    def __init__(
        self,
        products: pa.Array,
        signals: Sequence[Signal],
        weights: Mapping[str, float],
        info: ModelInfo,
    ) -> None:
        self.products, self.signals, self.info = products, tuple(signals), info
        self.weights = dict(weights)

    @classmethod
    def fit(
        cls, data: TrainingData, settings: RecommendSettings, weights: Mapping[str, float], info: ModelInfo
    ) -> Self:
        """Fit the signals of a given blend on the data; those of weight 0 are left out.

        Two are always fitted: popularity breaks ties, and the closed form finds the products behind a score.
        """
        always = (Popularity, Collaborative)
        signals = [kind.fit(data, settings) for kind in SIGNALS if kind in always or weights.get(kind.name)]
        return cls(data.products, signals, weights, info)

    def blend_weights(self) -> list[float]:
        """Weight of each signal, with the share of popularity that breaks ties."""
        return [self.weights[s.name] + (TIE_BREAK if s.name == Popularity.name else 0.0) for s in self.signals]

    def score(self, block: UserBlock) -> Blended:
        """Blend the scores, (n, n_products), one part per signal; signals of weight 0 are skipped."""
        nothing = SparseScores(sp.csr_matrix(block.affinity.shape, dtype=np.float32))
        weights = self.blend_weights()
        asked = zip(self.signals, weights, strict=True)
        return Blended([signal.score(block) if weight else nothing for signal, weight in asked], weights)

    def with_weights(self, weights: Mapping[str, float]) -> Self:
        """Copy with the same signals under another blend."""
        return type(self)(self.products, self.signals, weights, self.info)

    def with_collaborative(self, closed_form: Collaborative) -> Self:
        """Copy with another closed form."""
        signals = [closed_form if signal is self.collaborative else signal for signal in self.signals]
        return type(self)(self.products, signals, self.weights, self.info)

    @property
    def collaborative(self) -> Collaborative:
        """Signal that finds the user's products behind a score."""
        return next(signal for signal in self.signals if isinstance(signal, Collaborative))

    def save(self, folder: Path) -> None:
        """Write `model.safetensors` and `model.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"{signal.name}.{key}": value for signal in self.signals for key, value in signal.state().items()}
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, folder / TENSORS)
        document = {
            "format": FORMAT,
            "weights": self.weights,
            "signals": [signal.name for signal in self.signals],
            "info": asdict(self.info),
            "products": self.products.to_pylist(),
        }
        (folder / DOCUMENT).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises UserError where the folder holds no whole model of this format."""
        document = read_document(folder)
        try:
            products = pa.array(document["products"], pa.string())
            signals = _restored(load_file(folder / TENSORS), document["signals"], len(products))
            return cls(products, signals, document["weights"], ModelInfo(**document["info"]))
        except _DAMAGE as error:
            why = " ".join(str(error).split())[:200]
            raise UserError(
                f"{folder} holds no whole recommender ({type(error).__name__}: {why}): fetch it again, or train again"
            ) from None


_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    pa.ArrowException,
    SafetensorError,
)


def _restored(tensors: Mapping[str, npt.NDArray[Any]], names: Sequence[str], n_products: int) -> list[Signal]:
    """Restore the signals of these names. Raises one of `_DAMAGE` where an array is missing or does not fit."""
    # This number determines the reserved memory.
    said = tensors.get("collaborative.n_products", np.array([n_products]))
    if said.tolist() != [n_products]:
        raise ValueError(f"it has {n_products} products, and weights for {said.tolist()}")
    return [
        kind.restore(
            {key.partition(".")[2]: tensor for key, tensor in tensors.items() if key.startswith(f"{kind.name}.")}
        )
        for kind in SIGNALS
        if kind.name in names
    ]


def read_document(folder: Path) -> dict[str, Any]:
    """Read the JSON half of a saved model: weights, info and vocabularies. Raises UserError where there is none."""
    file = folder / DOCUMENT
    if not file.exists():
        raise UserError(
            f"{folder} holds no recommender ({DOCUMENT} is missing): train one with the socialrec_train DAG"
        )
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise UserError(f"{file} cannot be read as JSON: train a new model") from None
    if not isinstance(document, dict) or not isinstance(document.get("info", {}), dict):
        raise UserError(f"{file} is not the document of a recommender: train a new model")
    if document.get("format") != FORMAT:
        raise UserError(f"{file} has format {document.get('format')}, this code reads {FORMAT}: train a new model")
    return document
