"""Time to fit the model, without the search of its settings, against implicit's ALS on the same pairs."""

from __future__ import annotations

import time
from collections.abc import Mapping

from socialrec.bench.load import LoadMeter
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import PACKAGES, Stages, figures, peak_mib, said
from socialrec.bench.ranking.problem import Problem
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.fits import learn_blend
from socialrec.recommend.training.offline import rank
from socialrec.recommend.training.search import search_settings
from socialrec.settings import Settings

NAME = "fit"


def run(
    problem: Problem, settings: Settings, *, searches: bool = False, progress: Progress = to_standard_error
) -> BenchResult:
    """Learn the blend on validation, then time the fit on train and validation, and score the test users with it.

    Settings of the signals are the current ones, or searched on validation first. `seconds.fit` is the time of the
    final fit; `seconds.each` that of every signal with weight; `seconds.blend` that of the fit before validation and of
    learning the blend.
    """
    meter, stages, cutoff = LoadMeter(), Stages(progress), settings.evaluate.cutoff
    held, data_at = problem.held_out("validation"), problem.data_at("validation")
    if searches:
        with stages.stage("search"):
            chosen = search_settings(data_at, held, settings, said(progress)).settings
        settings = settings.model_copy(update={"recommend": chosen})
    with stages.stage("blend"):
        learned = learn_blend(data_at(settings.recommend), held, settings)
    weights, settings = learned.recommender.weights, learned.settings
    data, held = problem.data_at("test")(settings.recommend), problem.held_out("test")
    with stages.stage("fit"):
        recommender = Recommender.fit(data, settings.recommend, weights, ModelInfo(""))
    with stages.stage("score"):
        ranked = rank(recommender, data, held, cutoff, settings.recommend).ranked
    peer = _implicit_als(data, settings, progress)
    return BenchResult(
        name=NAME,
        metrics={**figures(ranked, held, [cutoff]), **problem.n_pairs},
        seconds={name: round(value, 3) for name, value in stages.seconds.items()} | _each(data, settings, weights),
        peak_mib=peak_mib(),
        peers={"implicit_als": PeerResult({}, {"fit": round(peer, 3)})},
        ratios={"ratio_to_implicit_als": round(peer / stages.seconds["fit"], 3)},
        versions=versions([*PACKAGES, "implicit"]),
        chosen={"blend": weights, "settings": settings.recommend.model_dump(mode="json")},
        load=meter.load(),
    )


def _each(data: FeatureSet, settings: Settings, weights: Mapping[str, float]) -> dict[str, float]:
    """Seconds to fit each signal of the blend alone."""
    seconds = {}
    for kind in SIGNALS:
        if weights[kind.name]:
            started = time.perf_counter()
            kind.fit(data, settings.recommend)
            seconds[f"fit_{kind.name}"] = round(time.perf_counter() - started, 3)
    return seconds


def _implicit_als(data: FeatureSet, settings: Settings, progress: Progress) -> float:
    """Seconds of implicit's ALS with as many factors and iterations as ours, in float32 and with its own solver."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    progress("implicit ALS …")
    chosen = settings.recommend
    # Its own threads and those of the BLAS slow each other down, as implicit warns.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(chosen.factor_dim, iterations=chosen.factor_iterations, random_state=0)
        started = time.perf_counter()
        model.fit(data.affinity, show_progress=False)
        return time.perf_counter() - started
