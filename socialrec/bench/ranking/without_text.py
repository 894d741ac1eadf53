"""Worth of texts in lists: one shop trained with all its texts and without any, on the same test users."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import PACKAGES, peak_mib
from socialrec.bench.ranking.keys import mean_weights
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.errors import UserError
from socialrec.evaluate.metrics import PER_USER
from socialrec.evaluate.metrics.hits import Values, n_relevant
from socialrec.evaluate.paired import paired_test
from socialrec.evaluate.split import Split, make_split
from socialrec.features.inputs import INSIGHTS, Inputs
from socialrec.recommend.assessment.test_window import try_recipe
from socialrec.recommend.training.fits import learn_blend, validation_window
from socialrec.settings import Settings
from socialrec.vectors.arrays import vocabulary

NAME = "without_text"


@dataclass(frozen=True)
class TextTrial:
    """One training's weight of each signal, and `ndcg` of each tested `user_key` (strings)."""

    weights: Mapping[str, float]
    ndcg: pa.Table


def run(
    inputs: Inputs, settings: Settings, n_splits: int = 1, *, progress: Progress = to_standard_error
) -> BenchResult:
    """Learn the blend on validation and measure its recipe on the test window, with texts and without.

    `text_gain`: NDCG with texts less NDCG without, mean over the users; `text_gain_low` and `_high` its 95% interval;
    `p_better`: chance of such a gain where texts make no difference. Over several random splits a user counts once, by
    the mean of the user's NDCG. Raises UserError where several splits are asked for and times make the only one.
    """
    started, chosen = time.perf_counter(), settings.evaluate
    shops = {"with_text": inputs, "without_text": without_texts(inputs)}
    found: dict[str, list[TextTrial]] = {name: [] for name in shops}
    for split in splits(inputs.interactions, settings, n_splits):
        for name, evidence in shops.items():
            found[name].append(measure_shop(evidence, split, settings))
            progress(f"split {split.seed}, {name}: NDCG {pc.mean(found[name][-1].ndcg['ndcg']).as_py():.4f}")
    spoken, silent = (mean_by_user([trial.ndcg for trial in trials]) for trials in found.values())
    test = paired_test(spoken, silent, chosen.n_resamples, chosen.seed)
    gain = {"text_gain": test.difference, "text_gain_low": test.low, "text_gain_high": test.high}
    metric = f"ndcg_at_{chosen.cutoff}"
    return BenchResult(
        name=NAME,
        metrics={metric: float(spoken.mean()), **gain, "p_better": test.p_better, "n_users": test.n_users},
        seconds={"all": round(time.perf_counter() - started, 1)},
        peak_mib=peak_mib(),
        peers={"without_text": PeerResult({metric: float(silent.mean())})},
        ratios={},
        versions=versions(PACKAGES),
        chosen={"weights": {name: mean_weights([trial.weights for trial in trials]) for name, trials in found.items()}},
    )


def splits(interactions: pa.Table, settings: Settings, n: int) -> list[Split]:
    """Make `n` splits under seeds in turn. Raises UserError for several where times make the only one."""
    chosen = settings.evaluate
    seeds = range(chosen.seed, chosen.seed + n)
    made = [make_split(interactions, chosen.model_copy(update={"seed": seed})) for seed in seeds]
    if n > 1 and made[0].kind == "time":
        raise UserError("the events of this shop have times, which make the one split that it has: leave --seeds out")
    return made


def measure_shop(inputs: Inputs, split: Split, settings: Settings) -> TextTrial:
    """Learn the blend on validation, fit it before the test window, and measure each user with a relevant product."""
    learned = learn_blend(*validation_window(inputs, split, settings), settings)
    trial = try_recipe(inputs, split, learned.settings, learned.recommender.weights)
    values = PER_USER["ndcg"](trial.lists.ranked, trial.held.relevant, settings.evaluate.cutoff)
    users, tested = vocabulary(split.test_pairs(inputs.interactions)["user_key"]), n_relevant(trial.held.relevant) > 0
    return TextTrial(trial.recommender.weights, pa.table({"user_key": users, "ndcg": values}).filter(pa.array(tested)))


def without_texts(inputs: Inputs) -> Inputs:
    """Make the same shop without the vectors of its texts, and without what was read from comments but their stars."""
    comments = inputs.comments
    for name in INSIGHTS:
        column = comments.schema.field(name)
        comments = comments.set_column(
            comments.schema.get_field_index(name), column, pa.nulls(comments.num_rows, column.type)
        )
    return replace(inputs, comments=comments, embeddings=inputs.embeddings.slice(0, 0))


def mean_by_user(measured: Sequence[pa.Table]) -> Values:
    """Mean of each user's `ndcg` over some splits, float64 (n_users,), in the order of the keys."""
    means = pa.concat_tables(measured).group_by("user_key").aggregate([("ndcg", "mean")])
    values: Values = means.sort_by("user_key")["ndcg_mean"].to_numpy()
    return values
