"""Products without interactions: a share of them is taken out of all learning, and must be found by what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from socialrec.bench.ranking.problem import Problem, SplitPairs
from socialrec.errors import UserError
from socialrec.evaluate.measure import measure
from socialrec.evaluate.metrics.hits import Ranked
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.policy import POOL_LISTS, lacking, least_new, lists_with_new
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.content import Content
from socialrec.recommend.signals.factors import Factors
from socialrec.recommend.training.offline import HeldOut, Scorer, rank
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Flags

CUTOFF = 20
RIDGES = (0.01, 0.1, 1.0, 10.0)
"""Levels of the ridge of `AlsWithContent`, in units of the mean variance of texts; chosen on validation."""


@dataclass(frozen=True)
class ColdProblem:
    """Problem without the pairs of some products, and those products.

    choosing: a shop that has none of these, where other products have pairs in validation alone; for_choice: those,
    bool (n_products of choosing,). chosen: the shop of the test, where `cold` are without pairs, bool (n_products,).
    whole: the same with all pairs.
    """

    choosing: Problem
    for_choice: Flags
    chosen: Problem
    whole: Problem
    cold: Flags

    @classmethod
    def of(cls, whole: Problem, share: float, seed: int) -> Self:
        """Draw the products to take out, as many for choosing as for the test. Raises UserError where none is left."""
        n = len(whole.products)
        drawn = np.random.default_rng(seed).permutation(n)[: 2 * int(share * n)]
        cold, for_choice = (np.isin(np.arange(n), part) for part in np.split(drawn, 2))
        chosen = replace(whole, train=_without(whole.train, cold), validation=_without(whole.validation, cold))
        choosing = replace(chosen, train=_without(chosen.train, for_choice)).within(~cold)
        if not cold.any() or not cold[whole.test.products].any():
            raise UserError(f"--cold-products {share:g} takes out no product of the test pairs: give a larger share")
        return cls(choosing, for_choice[~cold], chosen, whole, cold)


def measure_cold(problem: ColdProblem, weights: Mapping[str, float], settings: RecommendSettings) -> dict[str, float]:
    """Measure lists of `CUTOFF` places, made by the rules on new products, and those of peers, by the same rules.

    cold_recall_at_20: share of the pairs with cold products that are listed, among all products; cold_peer_…;
    ratio_cold_to_best_peer. warm_recall_at_20: of the same pairs, where the products' other pairs are learned from, and
    cold_share_of_warm. cold_places: share of the places that cold products get; cold_pairs: their share of the test
    pairs. cold_cost_ndcg_at_10, …_20: loss of NDCG of all test pairs next to lists without cold products.
    """
    data, held = problem.chosen.data_at("test")(settings), problem.chosen.held_out("test")
    asked = only(held, problem.cold)
    model = Recommender.fit(data, settings, weights, ModelInfo(""))
    rivals = {"content": Content(), "als_with_content": _best_als(problem, settings)}
    best = {name: recall_of(lists_of(scorer, data, asked, settings), asked) for name, scorer in rivals.items()}
    found = recall_of(lists_of(model, data, asked, settings), asked)
    warm_data = problem.whole.data_at("test")(settings)
    warm_model = Recommender.fit(warm_data, settings, weights, ModelInfo(""))
    warm = recall_of(rank(warm_model, warm_data, asked, CUTOFF, settings).ranked, asked)
    listed = lists_of(model, data, held, settings)
    return {
        f"cold_recall_at_{CUTOFF}": found,
        **{f"cold_peer_{name}": recall for name, recall in best.items()},
        "ratio_cold_to_best_peer": found / max(best.values()) if any(best.values()) else 0.0,
        f"warm_recall_at_{CUTOFF}": warm,
        "cold_share_of_warm": found / warm if warm else 0.0,
        "cold_places": float(problem.cold[listed[listed >= 0]].mean()),
        "cold_pairs": asked.relevant.nnz / held.relevant.nnz,
        **_costs(listed, lists_of(model, data, held, without_new(settings)), held),
    }


def lists_of(scorer: Scorer, data: FeatureSet, held: HeldOut, settings: RecommendSettings) -> Ranked:
    """Lists of `CUTOFF` places by the rules on new products, which are those that nobody has met: (n, CUTOFF)."""
    is_new = data.popularity == 0
    pool = rank(scorer, data, held, POOL_LISTS * CUTOFF, settings).ranked
    if n_reserved := least_new(CUTOFF, is_new, settings):
        best = rank(scorer, data, held, n_reserved, settings, among=is_new).ranked
        pool = np.hstack([pool, lacking(pool, best)])
    return lists_with_new(pool, is_new, CUTOFF, settings)


def without_new(settings: RecommendSettings) -> RecommendSettings:
    """Settings of lists without new products."""
    return settings.model_copy(update={"max_new_share": 0.0})


def _costs(listed: Ranked, without: Ranked, held: HeldOut) -> dict[str, float]:
    """Share of the NDCG at two cutoffs that lists lose next to others; below 0 where they gain."""
    costs = {}
    for k in (CUTOFF // 2, CUTOFF):
        name = f"ndcg_at_{k}"
        ours, theirs = (measure(lists, held.relevant, k)[name] for lists in (listed, without))
        costs[f"cold_cost_{name}"] = 1.0 - ours / theirs if theirs else 0.0
    return costs


class AlsWithContent:
    """Factors of implicit ALS, where those of products without users are predicted from their vectors by ridge.

    Gantner et al., "Learning attribute-to-feature mappings for cold-start recommendations" (ICDM 2010).
    """

    name = "als_with_content"

    def __init__(self, factors: Factors, products: F32) -> None:
        self.factors, self._vectors = factors, Vectors(products)

    @classmethod
    def of(cls, factors: Factors, data: FeatureSet, ridge: float) -> Self:
        """Fit the mapping on the products with users."""
        known, text = data.popularity > 0, data.text.astype(np.float64)
        gram = text[known].T @ text[known]
        gram[np.diag_indices_from(gram)] += ridge * np.trace(gram) / len(gram)
        mapping = np.linalg.solve(gram, text[known].T @ factors.products[known])
        predicted = np.where(known[:, None], factors.products, text @ mapping)
        return cls(factors, predicted.astype(np.float32))

    def score(self, block: UserBlock) -> Scores:
        """Score products for users, (n, n_products)."""
        scores = self.factors.score(block)
        assert isinstance(scores, InnerProductScores)
        return InnerProductScores(scores.users, self._vectors)


def only(held: HeldOut, products: Flags) -> HeldOut:
    """Held-out pairs with these products alone."""
    relevant = held.relevant.multiply(products[None, :].astype(np.float32)).tocsr()
    relevant.eliminate_zeros()
    rows = np.flatnonzero(np.diff(relevant.indptr))
    return HeldOut(held.rows[rows], held.seen[rows], relevant[rows])


def recall_of(ranked: Ranked, held: HeldOut) -> float:
    """Share of all held-out pairs that are in the lists, which counts pairs and not users."""
    rows = np.repeat(np.arange(len(ranked)), ranked.shape[1])
    columns = ranked.ravel()
    hits = int(np.asarray(held.relevant[rows[columns >= 0], columns[columns >= 0]] > 0).sum())
    return hits / max(int(held.relevant.nnz), 1)


def _best_als(problem: ColdProblem, settings: RecommendSettings) -> Scorer:
    """Fit ALS with the ridge that finds most of the validation's cold products."""
    plain = settings.model_copy(update={"factor_text": 0.0})
    data, held = problem.choosing.data_at("validation")(plain), problem.choosing.held_out("validation")
    asked, factors = only(held, problem.for_choice), Factors.fit(data, plain)

    def recall(ridge: float) -> float:
        return recall_of(rank(AlsWithContent.of(factors, data, ridge), data, asked, CUTOFF, plain).ranked, asked)

    best = max(RIDGES, key=recall) if len(asked.rows) else RIDGES[-1]
    final = problem.chosen.data_at("test")(plain)
    return AlsWithContent.of(Factors.fit(final, plain), final, best)


def _without(pairs: SplitPairs, products: Flags) -> SplitPairs:
    return pairs[~products[pairs.products]]
