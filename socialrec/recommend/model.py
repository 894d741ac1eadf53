"""Recommender: fitted signals, their blend, and data for explanations. Saved as safetensors and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.blend import TIE_BREAK, Blended
from socialrec.recommend.new_products import LearnedProducts, Mixing, NewProducts
from socialrec.recommend.scores import F64, InnerProductScores, Scores, SparseScores, Vectors
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import OncePerFeatures, Signal, UserBlock
from socialrec.recommend.signals.collaborative import Collaborative
from socialrec.recommend.signals.popularity import Popularity
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Flags, Indices

TENSORS = "model.safetensors"
DOCUMENT = "model.json"
FORMAT = 4
FORMATS_OF_RECIPES = (3, FORMAT)
"""Formats whose recipe (settings and weights) can be read, and fitted again."""
USERS = "model.users"


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
    """Scorer of every product of a feature set for blocks of users.

    learned: products that it was fitted on. signals: those that were fitted. weights: one per signal, adding up to 1.
    newcomer_weights: the same for users without products; None where they have no weights of their own.
    """

    def __init__(
        self,
        learned: LearnedProducts,
        signals: Sequence[Signal],
        weights: Mapping[str, float],
        info: ModelInfo,
        newcomer_weights: Mapping[str, float] | None = None,
    ) -> None:
        self.learned, self.signals, self.info = learned, tuple(signals), info
        self.weights = dict(weights)
        self.newcomer_weights = None if newcomer_weights is None else dict(newcomer_weights)
        self._extension = OncePerFeatures(self._extension_of)

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings, weights: Mapping[str, float], info: ModelInfo) -> Self:
        """Fit the signals of a given blend on the data; those of weight 0 are left out.

        Two are always fitted: popularity breaks ties, and the closed form finds the products behind a score. Signals
        for which the data have no evidence are left out as well.
        """
        always, newcomers = (Popularity, Collaborative), settings.newcomer_weights
        wanted = {name for each in (weights, newcomers or {}) for name, weight in each.items() if weight}
        kinds = (kind for kind in SIGNALS if kind in always or kind.name in wanted)
        signals = [kind.fit(data, settings) for kind in kinds if kind.has_evidence(data)]
        learned = LearnedProducts(data.products, data.popularity, Mixing.of(settings))
        return cls(learned, signals, weights, info, newcomers)

    def user_weights(self, block: UserBlock) -> F64:
        """Weight of each signal for each user, float64 (n_signals, n), with popularity's share that breaks ties."""
        names, newcomers = [signal.name for signal in self.signals], self.newcomer_weights or self.weights
        known = np.array([self.weights[name] for name in names])
        new = np.array([newcomers.get(name, 0.0) for name in names])
        has_products = np.diff(block.affinity.indptr) > 0
        weights: F64 = np.where(has_products, known[:, None], new[:, None])
        weights[names.index(Popularity.name)] += TIE_BREAK
        return weights

    def parts(self, block: UserBlock, weights: F64 | None = None) -> list[Scores]:
        """Scores of each signal, (n, n_products) of the block's features; signals of weight 0 are skipped."""
        nothing = SparseScores(sp.csr_matrix(block.affinity.shape, dtype=np.float32))
        extension = self._extension.of(block.features)
        return [
            extension.score(signal, block) if weights is None or weights[place].any() else nothing
            for place, signal in enumerate(self.signals)
        ]

    def score(self, block: UserBlock) -> Blended:
        """Blend the scores, (n, n_products), one part per signal."""
        weights = self.user_weights(block)
        return Blended(self.parts(block, weights), weights)

    def is_new(self, features: FeatureSet) -> Flags:
        """Check which products of these features the model has not learned from, bool (n_products,)."""
        return self._extension.of(features).new.is_new

    def weights_between(self, features: FeatureSet, sources: Indices, targets: Indices) -> F32:
        """Weights of the closed form from each source to each target product of the features, float32 (n_sources,
        n_targets), per unit of affinity; a new product's are those of the products that it resembles.
        """
        return self._extension.of(features).weights(self.collaborative, sources, targets)

    def with_weights(self, weights: Mapping[str, float]) -> Self:
        """Copy with the same signals under another blend."""
        copy = type(self)(self.learned, self.signals, weights, self.info, self.newcomer_weights)
        copy._extension = self._extension
        return copy

    @property
    def products(self) -> pa.Array:
        """Ids of the products that it was fitted on, (n_products,)."""
        return self.learned.ids

    def with_mixing(self, mixing: Mixing) -> Self:
        """Copy that mixes known products into new ones in another way."""
        learned = replace(self.learned, mixing=mixing)
        return type(self)(learned, self.signals, self.weights, self.info, self.newcomer_weights)

    def with_newcomers(self, weights: Mapping[str, float] | None) -> Self:
        """Copy with other weights for users without products."""
        copy = type(self)(self.learned, self.signals, self.weights, self.info, weights)
        copy._extension = self._extension
        return copy

    def with_collaborative(self, closed_form: Collaborative) -> Self:
        """Copy with another closed form."""
        signals = [closed_form if signal is self.collaborative else signal for signal in self.signals]
        return type(self)(self.learned, signals, self.weights, self.info, self.newcomer_weights)

    @property
    def collaborative(self) -> Collaborative:
        """Signal that finds the user's products behind a score."""
        return next(signal for signal in self.signals if isinstance(signal, Collaborative))

    def _extension_of(self, features: FeatureSet) -> Extension:
        return Extension(NewProducts.of(features, self.learned), {})

    def save(self, folder: Path) -> None:
        """Write `model.safetensors` and `model.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"{signal.name}.{key}": value for signal in self.signals for key, value in signal.state().items()}
        tensors[USERS] = self.learned.users
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, folder / TENSORS)
        document = {
            "format": FORMAT,
            "weights": self.weights,
            "newcomer_weights": self.newcomer_weights,
            "signals": [signal.name for signal in self.signals],
            "info": asdict(self.info),
            "products": self.products.to_pylist(),
            "mixing": asdict(self.learned.mixing),
        }
        (folder / DOCUMENT).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises UserError where the folder holds no whole model of this format."""
        document = read_document(folder)
        if document["format"] != FORMAT:
            raise UserError(
                f"{folder} holds a model of format {document['format']}, and this code scores with {FORMAT}: "
                "train a new model with the socialrec_train DAG"
            )
        try:
            products = pa.array(document["products"], pa.string())
            tensors = load_file(folder / TENSORS)
            learned = LearnedProducts(products, _users(tensors, len(products)), Mixing(**document["mixing"]))
            signals = _restored(tensors, document["signals"], len(products))
            info, newcomers = ModelInfo(**document["info"]), document["newcomer_weights"]
            return cls(learned, signals, document["weights"], info, newcomers)
        except _DAMAGE as error:
            why = " ".join(str(error).split())[:200]
            raise UserError(
                f"{folder} holds no whole recommender ({type(error).__name__}: {why}): fetch it again, or train again"
            ) from None


@dataclass(frozen=True)
class Extension:
    """Scores of a model's signals for all products of one feature set; vectors: those of inner products, by signal."""

    new: NewProducts
    vectors: dict[str, Vectors]

    def score(self, signal: Signal, block: UserBlock) -> Scores:
        """Score all products of the block's features by one signal."""
        if not self.new.is_needed or not (signal.learns_products or signal.counts_users):
            return signal.score(block)
        if signal.learns_products:
            block = block.of_products(self.new.columns)
        scores = signal.score(block)
        if not isinstance(scores, InnerProductScores):
            return self.new.scores(scores)
        if signal.name not in self.vectors:
            extend = self.new.at_least if signal.counts_users else self.new.vectors
            self.vectors[signal.name] = extend(scores.vectors)
        return InnerProductScores(scores.users, self.vectors[signal.name])

    def weights(self, closed_form: Collaborative, sources: Indices, targets: Indices) -> F32:
        """Weights of the closed form between products of the features, float32 (n_sources, n_targets)."""
        if not self.new.is_needed:
            return closed_form.weights(sources, targets)
        place = np.full(len(self.new.is_new), -1, dtype=np.int64)
        place[self.new.columns] = np.arange(len(self.new.columns))
        mixtures = self.new.mixtures[targets]
        learned = np.unique(mixtures.indices).astype(np.int64)
        is_learned = place[sources] >= 0
        found = np.zeros((len(sources), len(targets)), dtype=np.float32)
        between = closed_form.weights(place[sources[is_learned]], learned)
        found[is_learned] = mixtures[:, learned].dot(between.T).T
        return found


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


def _users(tensors: Mapping[str, npt.NDArray[Any]], n_products: int) -> F32:
    """Read the users of each product. Raises one of `_DAMAGE` where they are missing or do not fit."""
    users = np.asarray(tensors[USERS], dtype=np.float32)
    if users.shape != (n_products,):
        raise ValueError(f"it has {n_products} products, and users of {users.size}")
    return users


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
    if document.get("format") not in FORMATS_OF_RECIPES:
        raise UserError(f"{file} has format {document.get('format')}, this code reads {FORMAT}: train a new model")
    return document
