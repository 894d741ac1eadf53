"""Ranking quality on any pairs: choices are made on validation, and the test pairs are read once."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.cold_products import ColdProblem, measure_cold
from socialrec.bench.ranking.cold_users import ColdUsersProblem, measure_cold_users
from socialrec.bench.ranking.lexical import lexical_vectors
from socialrec.bench.ranking.pair_files import read_pairs, read_texts, read_ties
from socialrec.bench.ranking.peers import choose_neighbours, peer_lists
from socialrec.bench.ranking.problem import Problem, TextOf
from socialrec.bench.ranking.without import WithoutSignals
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.errors import UserError
from socialrec.evaluate.measure import measure
from socialrec.evaluate.metrics.hits import Ranked
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.training.ablation import BLEND
from socialrec.recommend.training.fits import Blend, measured_blend
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.recommend.training.search import SearchResult, SearchTrial, search_settings
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import positions

NAME = "ranking"
TEXT_DIM = 256
PACKAGES = ("numpy", "scipy", "pyarrow")


@dataclass
class Stages:
    """Seconds by stage, in the order in which they began."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block."""
        self.progress(f"{name} …")
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


@dataclass(frozen=True)
class Choice:
    """Settings, blend and the peers' numbers of neighbours that validation chose, with the figures behind them."""

    found: SearchResult
    blend: Blend
    neighbours: dict[str, int]

    @property
    def settings(self) -> RecommendSettings:
        """Settings to fit with."""
        return self.blend.settings.recommend

    def document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        used = {
            "block_mib",
            "block_users",
            "list_length",
            "max_reasons",
            "min_named_friends",
            "min_reason_share",
            "score_decimals",
        }
        return {
            "settings": self.settings.model_dump(mode="json", exclude=used),
            "trials": self.found.n_trials,
            "neighbours": self.neighbours,
            "blend": self.blend.weights,
            "validation": self.blend.figures[BLEND],
            "ablation": [asdict(row) for row in self.blend.ablation],
        }


@dataclass(frozen=True)
class RankingOutcome:
    """Test figures of the recommender and of each peer, and the choice behind them."""

    metrics: dict[str, float]
    peers: dict[str, dict[str, float]]
    choice: Choice


@dataclass(frozen=True)
class RankingOptions:
    """Choices about the measuring.

    is_published: fitted on train alone, with train alone left out of the lists, as published models are; else refitted
    on train and validation. is_ordered: rows are oldest first. cold_products: share of products to take out of all
    learning, see `bench.ranking.cold_products`; cold_users: share of users with ties, see `bench.ranking.cold_users`.
    without: signals to leave out by turns, see `bench.ranking.without`. text_dim: length of the products' text vectors,
    `TEXT_DIM` where it is None.
    """

    is_published: bool = False
    is_ordered: bool = False
    cold_products: float = 0.0
    cold_users: float = 0.0
    without: Sequence[str] = ()
    text_dim: int | None = None


def run(
    files: Mapping[str, Path | None],
    cutoffs: Sequence[int],
    settings: Settings,
    progress: Progress = to_standard_error,
    options: RankingOptions | None = None,
) -> BenchResult:
    """Measure on tab-separated files by the names train, valid, test, social and item_text.

    Raises UserError naming file and column where something cannot be read.
    """
    stages, options = Stages(progress), options or RankingOptions()
    with stages.stage("read"):
        seed, dim = settings.evaluate.seed, options.text_dim or TEXT_DIM
        problem = read_problem(files, seed, is_ordered=options.is_ordered, text_dim=dim)
        if options.is_published:
            problem = replace(problem, refit=False, masks_validation=False)
    more: dict[str, float] = {}
    cold_users = cold_products = None
    chosen_on = problem
    if options.cold_users:
        cold_users = ColdUsersProblem.of(problem, options.cold_users, settings.evaluate.seed)
        problem = chosen_on = cold_users.known
    if options.cold_products:
        cold_products = ColdProblem.of(problem, options.cold_products, settings.evaluate.seed)
        problem, chosen_on = cold_products.chosen, cold_products.choosing
    choice = choose(chosen_on, cutoffs[0], settings, stages)
    outcome = test(problem, choice, cutoffs, stages, options.without)
    with stages.stage("cold"):
        if cold_users:
            more |= measure_cold_users(cold_users, choice.blend.weights, choice.settings)
        if cold_products:
            more |= measure_cold(cold_products, choice.blend.weights, choice.settings)
    return BenchResult(
        name=NAME,
        metrics={**outcome.metrics, **more, **problem.n_pairs},
        seconds={name: round(value, 2) for name, value in stages.seconds.items()},
        peak_mib=peak_mib(),
        peers={name: PeerResult(figures) for name, figures in outcome.peers.items()},
        ratios=ratios(outcome.metrics, outcome.peers, cutoffs[0]),
        versions=versions(PACKAGES),
        chosen=outcome.choice.document(),
    )


def cutoffs_of(text: str) -> list[int]:
    """Cutoffs written as `10,20`. Raises UserError on anything else."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise UserError(f"--k {text!r} is not a list of whole numbers above 0, such as 10,20")
    return [int(part) for part in parts]


def read_problem(
    files: Mapping[str, Path | None], seed: int, *, is_ordered: bool = False, text_dim: int = TEXT_DIM
) -> Problem:
    """Build matrices from the files. Texts are used as they are: they must not reveal held-out pairs."""
    train, test, valid, social, texts = (files.get(name) for name in ("train", "test", "valid", "social", "item_text"))
    assert train is not None
    assert test is not None
    parts = read_pairs(train), read_pairs(valid) if valid else None, read_pairs(test)
    text_of = _vectors_of(read_texts(texts) if texts else None, text_dim)
    ties = read_ties(social) if social else None
    return Problem.of_tables(parts, ties, text_of, seed, ordered=is_ordered)


def test(
    problem: Problem, choice: Choice, cutoffs: Sequence[int], stages: Stages, without: Sequence[str] = ()
) -> RankingOutcome:
    """Fit the chosen settings and measure on the test pairs at each cutoff, also without each of some signals."""
    chosen, blends = choice.settings, WithoutSignals.of(without, choice.blend.ablation)
    with stages.stage("fit"):
        data = problem.data_at("test")(chosen)
        recommender = Recommender.fit(data, chosen, blends.wanted(choice.blend.weights), ModelInfo(""))
        recommender = recommender.with_weights(choice.blend.weights)
    held, longest = problem.held_out("test"), max(cutoffs)
    with stages.stage("score"):
        ranked = rank(recommender, data, held, longest, chosen).ranked
    with stages.stage("without"):
        both = chosen, choice.blend.settings.evaluate
        gains = blends.measure((recommender, ranked), data, held, cutoffs, both)
    with stages.stage("peers"):
        rivals = peer_lists(data, held, longest, chosen, choice.neighbours)
    peers = {name: figures(lists, held, cutoffs) for name, lists in rivals.items()}
    return RankingOutcome(figures(ranked, held, cutoffs) | gains, peers, choice)


def choose(problem: Problem, cutoff: int, settings: Settings, stages: Stages) -> Choice:
    """Choose settings, then the blend, then run the ablation, all for NDCG at the cutoff on the validation pairs."""
    settings = settings.model_copy(update={"evaluate": settings.evaluate.model_copy(update={"cutoff": cutoff})})
    held, data_at = problem.held_out("validation"), problem.data_at("validation")
    with stages.stage("search"):
        found = search_settings(data_at, held, settings, said(stages.progress))
    settings = settings.model_copy(update={"recommend": found.settings})
    with stages.stage("blend"):
        blend = measured_blend(data_at(found.settings), held, settings)
    stages.progress(f"blend {blend.weights}, validation {blend.figures['blend']}")
    with stages.stage("peers"):
        neighbours = choose_neighbours(data_at(found.settings), held, settings)
    return Choice(found, blend, neighbours)


def said(progress: Progress) -> Callable[[SearchTrial], None]:
    """Say each trial of a search as one line."""

    def report(trial: SearchTrial) -> None:
        values = ", ".join(f"{name} {value:g}" for name, value in trial.values.items())
        progress(f"{trial.signal} {trial.ndcg:.4f}: {values}")

    return report


def figures(ranked: Ranked, held: HeldOut, cutoffs: Sequence[int]) -> dict[str, float]:
    """All metrics at all cutoffs, and the number of users they are means over."""
    found = {name: value for k in cutoffs for name, value in measure(ranked, held.relevant, k).items()}
    return {"n_tested_users": found.pop("n_users"), **found}


def ratios(metrics: Mapping[str, float], peers: Mapping[str, Mapping[str, float]], cutoff: int) -> dict[str, float]:
    """Our NDCG divided by that of each peer and of the best peer; 0 where a peer finds nothing."""
    name = f"ndcg_at_{cutoff}"
    rivals = {who: found[name] for who, found in peers.items()}
    rivals["best_peer"] = max(rivals.values())
    return {f"ratio_{who}": round(metrics[name] / value, 4) if value else 0.0 for who, value in rivals.items()}


def peak_mib() -> int:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _vectors_of(texts: pa.Table | None, dim: int) -> TextOf:
    def of(products: pa.Array) -> Any:
        vectors = np.zeros((len(products), 1), dtype=np.float32)
        if texts is not None:
            owners = positions(texts["item"], products)
            known = pa.array(owners >= 0)
            vectors = lexical_vectors(texts["text"].filter(known).to_pylist(), owners[owners >= 0], len(products), dim)
        return lambda window: vectors

    return of
