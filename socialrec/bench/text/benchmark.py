"""Fine-tuning against TF-IDF and against the frozen encoder, each under logistic regression, on one fixed split."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import psutil
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import Pipeline, make_pipeline

from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text.model import TextModel
from socialrec.bench.text.tasks import Examples, SplitTask
from socialrec.encoders.encoder import load_encoder
from socialrec.settings.text import TextSettings
from socialrec.text.understanding.perturbation import flip_shares

NAME = "text"
_MIB = 1024**2
_MAX_ITERATIONS = 1000
_MAX_DISTURBED = 500
"""Validation texts that are perturbed to count flipped predictions."""
Scores = dict[str, float]


def run(task: SplitTask, settings: TextSettings, n_seeds: int, beside: Sequence[SplitTask] = ()) -> BenchResult:
    """Train and score all three; the encoder is tuned as the settings say, once a seed, from `settings.seed` on.

    It also learns the tasks `beside`, other labels of the same texts, and is scored on the one task alone. The
    baselines learn from training and validation together, fine-tuning stops early on validation. `gain` is our mean
    over the better baseline, in the task's own metric; `flips_<kind>` is the share of predictions on validation texts
    that flip when these are perturbed.
    """
    known = Examples(task.training.texts + task.validation.texts, task.training.labels + task.validation.labels)
    peers = {
        "tfidf-logistic-regression": _measured(lambda: _tfidf(known, task)),
        "frozen-encoder-logistic-regression": _measured(lambda: _frozen(known, task, settings)),
    }
    for name, peer in peers.items():
        to_standard_error(f"{name}: {peer.metrics}")
    started = time.perf_counter()
    seeds = [settings.model_copy(update={"seed": settings.seed + number}) for number in range(n_seeds)]
    runs = [_fine_tuned(task, beside, seeded) for seeded in seeds]
    seconds = (time.perf_counter() - started) / n_seeds
    return _result([task, *beside], runs, peers, seconds, settings)


def scores(labels: Sequence[str], predicted: Sequence[str]) -> Scores:
    """Accuracy, and the mean F1 over the classes that occur in `labels`."""
    classes = sorted(set(labels))
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, labels=classes, average="macro", zero_division=0)),
    }


def _regression(task: SplitTask) -> LogisticRegression:
    """Logistic regression, with balanced classes where macro-F1 counts, which helps most tasks."""
    return LogisticRegression(max_iter=_MAX_ITERATIONS, class_weight="balanced" if task.metric == "macro_f1" else None)


def tfidf_regression(task: SplitTask) -> Pipeline:
    """Logistic regression over TF-IDF of one and two words, or characters where no space is between words."""
    analyzer = "word" if task.is_spaced else "char"
    words = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return make_pipeline(words, _regression(task))


def _tfidf(known: Examples, task: SplitTask) -> Scores:
    model = tfidf_regression(task).fit(known.texts, known.labels)
    return scores(task.test.labels, model.predict(task.test.texts))


def _frozen(known: Examples, task: SplitTask, settings: TextSettings) -> Scores:
    encoder = load_encoder(settings.model, settings)
    model = _regression(task).fit(encoder.encode(known.texts), known.labels)
    return scores(task.test.labels, model.predict(encoder.encode(task.test.texts)))


def _fine_tuned(task: SplitTask, beside: Sequence[SplitTask], settings: TextSettings) -> Scores:
    model = TextModel.train([task, *beside], settings)
    found = scores(task.test.labels, model.labels(0, task.test.texts))
    sample = task.validation.texts[:_MAX_DISTURBED]
    shares = flip_shares(lambda texts: model.classes(0, texts), sample, settings.seed)
    return found | {f"flips_{kind}": share for kind, share in shares.items()}


def _measured(peer: Callable[[], Scores]) -> PeerResult:
    started = time.perf_counter()
    found = {name: round(value, 4) for name, value in peer().items()}
    return PeerResult(found, {"total": round(time.perf_counter() - started, 1)}, held_mib())


def _result(
    tasks: Sequence[SplitTask],
    runs: Sequence[Scores],
    peers: Mapping[str, PeerResult],
    seconds: float,
    settings: TextSettings,
) -> BenchResult:
    task, *beside = tasks
    means = {name: statistics.mean(run[name] for run in runs) for name in runs[0]}
    spreads = {f"{name}_sd": statistics.pstdev(run[name] for run in runs) for name in runs[0]}
    floor = max(peer.metrics[task.metric] for peer in peers.values())
    sizes = {"training": task.training, "validation": task.validation, "test": task.test}
    return BenchResult(
        name=NAME,
        metrics={
            "task": task.name,
            "metric": task.metric,
            "beside": ",".join(other.name for other in beside),
            **{name: round(value, 4) for name, value in (means | spreads).items()},
            "gain": round(means[task.metric] - floor, 4),
            "seeds": len(runs),
            "model": settings.model,
            "tuning": settings.tuning.value,
            "steps": settings.train_steps,
            **{f"n_{name}": len(part.texts) for name, part in sizes.items()},
            "test_sha256": task.test.sha256,
        },
        seconds={"a_seed": round(seconds, 1)},
        peak_mib=held_mib(),
        peers=peers,
        ratios={},
        versions=versions(["torch", "transformers", "peft", "scikit-learn"]),
    )


def held_mib() -> int:
    """Memory of this process, in MiB."""
    return int(psutil.Process().memory_info().rss // _MIB)
