"""Recipe on the test window: fitted before it, with lists for the held-out users, and the cost of both."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from socialrec.evaluate.baselines import popular_lists
from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.comparison import Comparison, compare
from socialrec.evaluate.measure import Figures, HeldOutSet
from socialrec.evaluate.metrics import popularity_overlap
from socialrec.evaluate.metrics.hits import Ranked, n_relevant
from socialrec.evaluate.slices import UserFacts, make_slices
from socialrec.evaluate.split import Split
from socialrec.features.context import ScoringSnapshot, Stamp
from socialrec.features.feature_set import FeatureSet
from socialrec.features.inputs import Inputs
from socialrec.features.item_metadata import first_seen_since, numbered, small_sellers
from socialrec.features.item_rows import NightProducts
from socialrec.features.product_features import named_column
from socialrec.features.tables import NamedUsers, tables_of
from socialrec.recommend.assessment.deletion import reasons_figures
from socialrec.recommend.assessment.manipulation import simulate_attacks
from socialrec.recommend.assessment.sample_lists import sample_lists
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.training.offline import HeldOut, RankedLists, held_out, rank
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT, Indices, positions, vocabulary


@dataclass(frozen=True)
class Trial:
    """Recipe (inputs, settings) refitted before the test window, and its lists for the users of that window.

    cost: `fit_seconds`, and `score_milliseconds_per_user`.
    """

    inputs: Inputs
    settings: Settings
    data: FeatureSet
    held: HeldOut
    recommender: Recommender
    lists: RankedLists
    cost: Figures


@dataclass(frozen=True)
class ListFigures:
    """Properties of a trial's lists beside accuracy that the gate bounds, of candidate and champion alike.

    popularity_overlap: share of places that popularity would fill equally. reasons: result of `reasons_figures` over a
    sample of the tested users. manipulation: result of `simulate_attacks`.
    """

    popularity_overlap: float
    reasons: Figures
    manipulation: Figures
    cost: Figures

    def document(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Assessment:
    """A trial beside its rivals.

    soundness: `leaked_pairs` (held-out pairs in the evidence) and `constant_share` (of users to whom all products score
    the same). champion_facts: the champion's, where there is one. samples: rows of `sample_lists`.
    """

    comparison: Comparison
    soundness: dict[str, float]
    facts: ListFigures
    champion_facts: ListFigures | None
    n_tested: int
    n_products: int
    samples: list[tuple[int | str, ...]]

    def document(self) -> dict[str, Any]:
        """Plain data that the gate decides on."""
        champion = self.champion_facts.document() if self.champion_facts else None
        numbers = {"champion_facts": champion, "n_tested": self.n_tested, "n_products": self.n_products}
        return {**self.comparison.document(), **self.soundness, **self.facts.document(), **numbers}

    def metrics(self) -> Figures:
        """Figures by MLflow name."""
        facts = self.facts
        test = {**self.soundness, "popularity_overlap": facts.popularity_overlap, **facts.reasons, **facts.manipulation}
        named = {f"test/{name}": value for name, value in test.items()}
        return self.comparison.metrics() | named | {f"cost/{name}": value for name, value in facts.cost.items()}


def try_recipe(inputs: Inputs, split: Split, settings: Settings, weights: Mapping[str, float]) -> Trial:
    """Fit before the test window with a given blend, and rank for its users. Raises ValueError on broken scores."""
    data = inputs.features(split, "test", settings)
    training = split.training_interactions(inputs.interactions, "test")
    held = held_out(data, training, split.test_pairs(inputs.interactions))
    started = time.perf_counter()
    recommender = Recommender.fit(data, settings.recommend, weights, ModelInfo(""))
    fitted = time.perf_counter()
    lists = rank(recommender, data, held, settings.evaluate.cutoff, settings.recommend)
    per_user = (time.perf_counter() - fitted) / max(len(held.rows), 1)
    cost = {"fit_seconds": fitted - started, "score_milliseconds_per_user": 1000 * per_user}
    return Trial(inputs, settings, data, held, recommender, lists, cost)


def assess(trial: Trial, champion: Trial | None, inputs: Inputs, split: Split, settings: Settings) -> Assessment:
    """Measure a trial, popularity and (where there is one) a trial of the champion's recipe for the same users."""
    popular = popular_lists(trial.data.popularity, trial.held.seen, settings.evaluate.cutoff)
    rivals = {"popularity": popular} | ({} if champion is None else {"champion": champion.lists.ranked})
    ranked, constant = trial.lists.ranked, trial.lists.is_constant
    held = held_out_set(trial, inputs, split, settings)
    return Assessment(
        comparison=compare(ranked, rivals, held, settings.evaluate),
        soundness={
            "leaked_pairs": leaked_pairs(trial.data, trial.held),
            "constant_share": float(constant.mean()) if len(constant) else 0.0,
        },
        facts=facts_of(trial, popular, split, settings),
        champion_facts=None if champion is None else facts_of(champion, popular, split, settings),
        n_tested=int((n_relevant(held.relevant) > 0).sum()),
        n_products=len(trial.data.products),
        samples=sample_lists(ranked, trial.held, trial.data.products, inputs.products, settings.evaluate.seed),
    )


def facts_of(trial: Trial, popular: Ranked, split: Split, settings: Settings) -> ListFigures:
    """Compute the facts of a trial; popular: popularity's lists for the same users, int64 (n_users, cutoff)."""
    overlap = popularity_overlap(trial.lists.ranked, popular, settings.evaluate.cutoff)
    attacks = simulate_attacks(
        trial.data, trial.held, trial.recommender, inputs=trial.inputs, split=split, settings=trial.settings
    )
    return ListFigures(
        popularity_overlap=float(np.nanmean(overlap)) if np.isfinite(overlap).any() else 1.0,
        reasons=reasons_figures(trial.recommender, sample_context(trial, split)),
        manipulation=attacks,
        cost=trial.cost,
    )


def sample_context(trial: Trial, split: Split) -> ScoringSnapshot:
    """Build the evidence before the cut as a night would see it, to list and explain a seeded sample of the tested
    users.
    """
    settings = trial.settings
    data, known = trial.data, np.flatnonzero(trial.held.rows != ABSENT)
    n = min(settings.evaluate.explained_users, len(known))
    rows = np.sort(np.random.default_rng(settings.evaluate.seed).choice(trial.held.rows[known], n, replace=False))
    place = sp.csr_matrix(
        (np.ones(len(known), np.float32), (trial.held.rows[known], known)), (len(data.users), len(trial.held.rows))
    )
    # Rules that depend on kinds of products are left out: the figures are of the model.
    free = {"max_per_category": None, "max_new_share": 1.0, "min_new_share": 0.0}
    free |= {"list_length": settings.evaluate.cutoff}
    evidence, everyone = trial.inputs.evidence(split, "test", settings), data.users
    named, encoder = NamedUsers(everyone, everyone, data.communities), trial.recommender.info.encoder_version
    tables = tables_of(evidence, named, trial.inputs.ds, encoder, settings)
    products = NightProducts.of(tables.items, data.products)
    snapshot = ScoringSnapshot.of(
        tables.users,
        tables.community_likes,
        products,
        Stamp("", "", ""),
        settings.recommend.model_copy(update=free),
    )
    return replace(
        snapshot,
        features=data,
        target_rows=rows,
        platforms=pa.nulls(n, pa.string()),
        seen=place.dot(trial.held.seen).tocsr(),
        returned=sp.csr_matrix(data.affinity.shape, dtype=np.float32),
        active=np.ones(len(data.products), dtype=np.bool_),
        brand=np.full(len(data.products), ABSENT, dtype=np.int64),
        age_days=np.zeros(len(data.products), dtype=np.float32),
        small_seller=np.zeros(len(data.products), dtype=np.bool_),
    )


def leaked_pairs(data: FeatureSet, held: HeldOut) -> int:
    """Number of held-out pairs in the evidence that was learned from; above 0 only if the future leaked."""
    known = held.rows != ABSENT
    return int(data.affinity[held.rows[known]].multiply(held.relevant[known]).nnz)


def held_out_set(trial: Trial, inputs: Inputs, split: Split, settings: Settings) -> HeldOutSet:
    """Held-out set for every model's lists, with the slices, from the trial's training data."""
    data, held = trial.data, trial.held
    users = vocabulary(split.test_pairs(inputs.interactions)["user_key"])
    facts = UserFacts(
        n_products=np.diff(held.seen.indptr).astype(np.int64),
        n_ties=_n_ties(data, held.rows),
        platform=_platforms(inputs.interactions, users),
        community=np.append(data.communities, ABSENT)[held.rows],
    )
    category, brand = (numbered(named_column(inputs.products, name, data.products)) for name in ("category", "brand"))
    small = small_sellers(brand, data.popularity, settings.recommend.small_seller_share)
    new = first_seen_since(inputs.products, data.products, inputs.ds, settings.evaluate.new_product_days)
    watched = {"small_sellers": small, "new_products": new}
    catalogue = Catalogue(data.popularity, len(data.users), data.text, category, watched)
    kinds = {"seller/small": small, "seller/large": (brand != ABSENT) & ~small}
    kinds |= {"product_age/new": new, "product_age/old": ~new}
    slices = make_slices(facts, held.relevant, data.popularity, kinds, settings.evaluate)
    return HeldOutSet(held.relevant, held.seen, catalogue, slices)


def _n_ties(data: FeatureSet, rows: Indices) -> Indices:
    counts = np.append(np.diff(data.ties.indptr), 0)
    return counts[np.where(rows == ABSENT, len(counts) - 1, rows)].astype(np.int64)


def _platforms(interactions: pa.Table, users: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Platform of each user: pseudonyms are made from platform and id, so each has one."""
    found = interactions.select(["user_key", "platform"]).group_by("user_key").aggregate([("platform", "min")])
    rows = pa.array(positions(users, found["user_key"].combine_chunks()))
    return np.asarray(found["platform_min"].take(rows).to_pylist(), dtype=np.str_)
