"""Worth of texts in lists: one shop trained with all its texts and without any, on the same test users."""

from __future__ import annotations

import time
from dataclasses import replace

import pyarrow as pa

from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import PACKAGES, peak_mib
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.evaluate.metrics import PER_USER
from socialrec.evaluate.metrics.hits import Values, n_relevant
from socialrec.evaluate.paired import paired_test
from socialrec.evaluate.split import Split, make_split
from socialrec.features.inputs import INSIGHTS, Inputs
from socialrec.recommend.assessment.test_window import Trial, try_recipe
from socialrec.recommend.training.fits import learn_blend, validation_window
from socialrec.settings import Settings

NAME = "without_text"


def run(inputs: Inputs, settings: Settings, progress: Progress = to_standard_error) -> BenchResult:
    """Learn the blend on validation and measure its recipe on the test window, with texts and without.

    `text_gain`: NDCG with texts less NDCG without, mean over the users; `text_gain_low` and `_high` its 95% interval;
    `p_better`: chance of such a gain where texts make no difference.
    """
    started, chosen = time.perf_counter(), settings.evaluate
    split, metric = make_split(inputs.interactions, chosen), f"ndcg_at_{chosen.cutoff}"
    found, weights = {}, {}
    for name, evidence in (("with_text", inputs), ("without_text", without_texts(inputs))):
        trial = train(evidence, split, settings)
        found[name], weights[name] = ndcg_by_user(trial, settings), trial.recommender.weights
        progress(f"{name}: NDCG {found[name].mean():.4f}")
    test = paired_test(found["with_text"], found["without_text"], chosen.n_resamples, chosen.seed)
    gain = {"text_gain": test.difference, "text_gain_low": test.low, "text_gain_high": test.high}
    return BenchResult(
        name=NAME,
        metrics={metric: float(found["with_text"].mean()), **gain, "p_better": test.p_better, "n_users": test.n_users},
        seconds={"all": round(time.perf_counter() - started, 1)},
        peak_mib=peak_mib(),
        peers={"without_text": PeerResult({metric: float(found["without_text"].mean())})},
        ratios={},
        versions=versions(PACKAGES),
        chosen={"weights": weights},
    )


def train(inputs: Inputs, split: Split, settings: Settings) -> Trial:
    """Learn the blend on validation, fit it before the test window, and rank for its users."""
    learned = learn_blend(*validation_window(inputs, split, settings), settings)
    return try_recipe(inputs, split, learned.settings, learned.recommender.weights)


def without_texts(inputs: Inputs) -> Inputs:
    """Make the same shop without the vectors of its texts, and without what was read from comments but their stars."""
    comments = inputs.comments
    for name in INSIGHTS:
        column = comments.schema.field(name)
        comments = comments.set_column(
            comments.schema.get_field_index(name), column, pa.nulls(comments.num_rows, column.type)
        )
    return replace(inputs, comments=comments, embeddings=inputs.embeddings.slice(0, 0))


def ndcg_by_user(trial: Trial, settings: Settings) -> Values:
    """Compute the NDCG of each test user with a relevant product, float64 (n_tested,)."""
    relevant = trial.held.relevant
    values = PER_USER["ndcg"](trial.lists.ranked, relevant, settings.evaluate.cutoff)
    tested: Values = values[n_relevant(relevant) > 0]
    return tested
