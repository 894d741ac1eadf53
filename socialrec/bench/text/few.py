"""Few labelled texts: the frozen encoder against TF-IDF, each under logistic regression, on the same drawn texts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text.benchmark import Scores, held_mib, scores, tfidf_regression
from socialrec.bench.text.tasks import Examples, SplitTask
from socialrec.encoders.encoder import load_encoder
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings

NAME = "text-few"
STRENGTH = 10.0
"""Inverse strength of the regularisation on unit vectors; of 1 to 1,000 the best on validation, with 300 texts."""
_MAX_ITERATIONS = 3000


def run(task: SplitTask, n_labelled: int, settings: TextSettings, n_draws: int) -> BenchResult:
    """Score both on the test part, as means over draws of so many training texts, each class by its share.

    `gain` is our mean over TF-IDF's, in the task's own metric. Raises UserError where there are too few texts.
    """
    if n_labelled >= len(task.training.texts):
        raise UserError(f"--few {n_labelled}: {task.name} has {len(task.training.texts):,} training texts")
    encoder = load_encoder(settings.model, settings)
    draws = [_draw(task.training, n_labelled, settings.seed + number) for number in range(n_draws)]
    started = time.perf_counter()
    tested = encoder.encode(task.test.texts)
    ours, theirs = [], []
    for number, drawn in enumerate(draws):
        own = LogisticRegression(C=STRENGTH, max_iter=_MAX_ITERATIONS).fit(encoder.encode(drawn.texts), drawn.labels)
        ours.append(scores(task.test.labels, own.predict(tested)))
        peer = tfidf_regression(task).fit(drawn.texts, drawn.labels)
        theirs.append(scores(task.test.labels, peer.predict(task.test.texts)))
        to_standard_error(f"draw {number + 1}: {ours[-1]}, TF-IDF {theirs[-1]}")
    mine, peers = _means(ours), _means(theirs)
    return BenchResult(
        name=NAME,
        metrics={
            "task": task.name,
            "metric": task.metric,
            "model": settings.model,
            **mine,
            f"{task.metric}_sd": round(statistics.pstdev(one[task.metric] for one in ours), 4),
            "gain": round(mine[task.metric] - peers[task.metric], 4),
            "labelled": n_labelled,
            "draws": n_draws,
            "n_test": len(task.test.texts),
            "test_sha256": task.test.sha256,
        },
        seconds={"all": round(time.perf_counter() - started, 1)},
        peak_mib=held_mib(),
        peers={"tfidf-logistic-regression": PeerResult(peers, {}, held_mib())},
        ratios={},
        versions=versions(["torch", "transformers", "scikit-learn"]),
    )


def _draw(examples: Examples, n: int, seed: int) -> Examples:
    try:
        places, _ = train_test_split(
            np.arange(len(examples.texts)), train_size=n, random_state=seed, stratify=examples.labels
        )
    except ValueError as error:
        raise UserError(f"--few {n} is too few for the classes: {error}") from None
    return examples.take(places)


def _means(found: Sequence[Scores]) -> dict[str, float]:
    return {name: round(statistics.mean(one[name] for one in found), 4) for name in found[0]}
