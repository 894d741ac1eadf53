"""Fine-tuning against TF-IDF and against the frozen encoder, each under logistic regression, on one fixed split."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import psutil
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text_tasks import Examples, SplitTask
from socialrec.text.encoders.encoder import load_encoder
from socialrec.text.tasks import Labelled, Output, labelled
from socialrec.text.training.finetune import FineTuned, fine_tune
from socialrec.text.understanding.perturbation import flips
from socialrec.text_settings import TextSettings

NAME = "text"
_MIB = 1024**2
_MAX_ITERATIONS = 1000
_MAX_DISTURBED = 500
"""Validation texts that are disturbed to see how many predictions flip."""
Scores = dict[str, float]


def run(task: SplitTask, settings: TextSettings, n_seeds: int) -> BenchResult:
    """Train and score all three; the encoder is tuned as the settings say, once a seed, from `settings.seed` on.

    The baselines learn from training and validation together, fine-tuning stops early on validation. `gain` is our mean
    over the better baseline, in the task's own metric; `flips_<kind>` is the share of predictions on validation texts
    that flip once these are disturbed.
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
    runs = [_fine_tuned(task, seeded) for seeded in seeds]
    seconds = (time.perf_counter() - started) / n_seeds
    return _result(task, runs, peers, seconds, settings)


def scores(labels: Sequence[str], predicted: Sequence[str]) -> Scores:
    """Accuracy, and the mean F1 over the classes that occur in `labels`."""
    classes = sorted(set(labels))
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, labels=classes, average="macro", zero_division=0)),
    }


def _regression(task: SplitTask) -> LogisticRegression:
    """Balanced where macro-F1 counts, by which most tasks gain."""
    return LogisticRegression(max_iter=_MAX_ITERATIONS, class_weight="balanced" if task.metric == "macro_f1" else None)


def _tfidf(known: Examples, task: SplitTask) -> Scores:
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), _regression(task))
    model.fit(known.texts, known.labels)
    return scores(task.test.labels, model.predict(task.test.texts))


def _frozen(known: Examples, task: SplitTask, settings: TextSettings) -> Scores:
    encoder = load_encoder(settings.model, settings)
    model = _regression(task).fit(encoder.encode(known.texts), known.labels)
    return scores(task.test.labels, model.predict(encoder.encode(task.test.texts)))


def _fine_tuned(task: SplitTask, settings: TextSettings) -> Scores:
    classes = known_classes(task)
    training, validation = (
        labelled(task.name, part.texts, {task.name: part.labels}, [classes])
        for part in (task.training, task.validation)
    )
    made = tune(training, validation, settings)
    found = scores(task.test.labels, told(made, task.name, classes, task.test.texts))
    sample = validation.take(range(min(_MAX_DISTURBED, len(validation))))
    shares = flips(made.encoder, made.heads, [sample], settings.seed)
    return found | {name.removesuffix(f"_{task.name}"): share for name, share in shares.items()}


def known_classes(task: SplitTask) -> Output:
    """The task's classes that have two training examples or more."""
    counts = Counter(task.training.labels)
    return Output(task.name, tuple(sorted(label for label, count in counts.items() if count > 1)))


def tune(training: Labelled, validation: Labelled, settings: TextSettings) -> FineTuned:
    """Fine-tune as the settings say, telling how it goes."""

    def progress(step: int, loss: float) -> None:
        if step % settings.validate_every == 0:
            to_standard_error(f"step {step} of {settings.train_steps}: loss {loss:.3f}")

    made = fine_tune([training], settings, progress, [validation])
    to_standard_error("validation losses: " + ", ".join(f"{loss:.4f} at {step}" for step, loss in made.validations))
    return made


def told(made: FineTuned, task: str, output: Output, texts: Sequence[str]) -> list[str]:
    """What a task's head says of texts, by one of its outputs."""
    head = made.heads[task]
    place = head.outputs.index(output)
    return [output.classes[number] for number in head.predict(made.encoder.encode(texts))[:, place]]


def _measured(peer: Callable[[], Scores]) -> PeerResult:
    started = time.perf_counter()
    found = {name: round(value, 4) for name, value in peer().items()}
    return PeerResult(found, {"total": round(time.perf_counter() - started, 1)}, held_mib())


def _result(
    task: SplitTask, runs: Sequence[Scores], peers: Mapping[str, PeerResult], seconds: float, settings: TextSettings
) -> BenchResult:
    means = {name: statistics.mean(run[name] for run in runs) for name in runs[0]}
    spreads = {f"{name}_sd": statistics.pstdev(run[name] for run in runs) for name in runs[0]}
    floor = max(peer.metrics[task.metric] for peer in peers.values())
    sizes = {"training": task.training, "validation": task.validation, "test": task.test}
    return BenchResult(
        name=NAME,
        metrics={
            "task": task.name,
            "metric": task.metric,
            **{name: round(value, 4) for name, value in (means | spreads).items()},
            "gain": round(means[task.metric] - floor, 4),
            "seeds": len(runs),
            "tuning": settings.tuning.value,
            "steps": settings.train_steps,
            **{f"n_{name}": len(part.texts) for name, part in sizes.items()},
        },
        seconds={"a_seed": round(seconds, 1)},
        peak_mib=held_mib(),
        peers=peers,
        ratios={},
        versions=versions(["torch", "transformers", "peft", "scikit-learn"]),
    )


def held_mib() -> int:
    """The memory of this process, in MiB."""
    return int(psutil.Process().memory_info().rss // _MIB)
