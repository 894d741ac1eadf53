"""Aspects and their sentiment in annotated reviews, by clause, against word lists with the mood of the whole text."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.linear_model import LogisticRegression

from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text.aspect_lists import LAPTOP, PLAIN
from socialrec.bench.text.benchmark import held_mib
from socialrec.contracts.vocabulary import AspectSentiment
from socialrec.encoders.encoder import load_encoder
from socialrec.encoders.shipped.choice import with_model
from socialrec.errors import UserError
from socialrec.settings.aspects import ASPECTS
from socialrec.settings.text import TextSettings
from socialrec.text.understanding.aspect_learning import learn_aspects, singular
from socialrec.text.understanding.aspects import AspectReader

NAME = "aspects"
_FILE = "laptop_quad_{part}.tsv"
_SENTIMENTS = ("negative", "neutral", "positive")
_BY_ENTITY = {"SUPPORT": "service", "WARRANTY": "service", "SHIPPING": "delivery"}
_BY_ATTRIBUTE = {"PRICE": "price", "QUALITY": "quality", "DESIGN_FEATURES": "design"}
_CLITIC = re.compile(r" ' (?=(?:s|t|m|re|ve|ll|d)\b)")
_NEGATION = re.compile(r" n't\b")
PRODUCT = "laptop notebook chromebook computer"
"""Used as the text of every product, which the data lack."""
MOST_LEARNED = 20
Pairs = frozenset[tuple[str, str]]
"""Aspects with their sentiments."""


@dataclass(frozen=True)
class Review:
    """One annotated sentence: its aspects with their sentiments, its mood, the most frequent sentiment, and the words
    that it judges, as annotated.
    """

    text: str
    pairs: Pairs
    mood: str
    terms: frozenset[str] = frozenset()


def aspect_of(category: str) -> str | None:
    """Map a category such as `SUPPORT#QUALITY` to an aspect of the shop; None where it has none.

    The entity decides for support, warranty and shipping, else the attribute.
    """
    entity, _, attribute = category.partition("#")
    return _BY_ENTITY.get(entity) or _BY_ATTRIBUTE.get(attribute)


def read_reviews(file: Path) -> list[Review]:
    """Read a file of ACOS: a sentence and its quadruples (aspect, category, sentiment, opinion), separated by tabs.

    Raises UserError where the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return [_review(*line.split("\t")) for line in lines if line]
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{file} cannot be read as reviews of ACOS: {error}") from None


def _review(text: str, *quadruples: str) -> Review:
    said = [(category, _SENTIMENTS[int(sign)]) for _, category, sign, _ in (one.split(" ") for one in quadruples)]
    pairs = frozenset((aspect, sentiment) for category, sentiment in said if (aspect := aspect_of(category)))
    counts = Counter(sentiment for _, sentiment in said)
    tokens = text.split()
    spans = (map(int, one.split(" ")[0].split(",")) for one in quadruples)
    terms = frozenset(singular(token) for start, end in spans if start >= 0 for token in tokens[start:end])
    return Review(written(text), pairs, max(sorted(counts), key=counts.__getitem__), terms)


def written(text: str) -> str:
    """Join the clitics that ACOS separates: `do n't` and `it ' s` become `don't` and `it's`."""
    return _NEGATION.sub("n't", _CLITIC.sub("'", text))


def run(data: Path, part: str, settings: TextSettings) -> BenchResult:
    """Score both on one part, `dev` or `test`: micro F1 of aspects, and of aspects with their sentiment.

    The mood is that of logistic regression over the frozen encoder, learned on the training part; ours takes it only
    where no word says anything. `gain_…` are points of F1 over the peer, `learned_…` of aspects learned on the training
    part.
    """
    training, reviews = (read_reviews(data / "acos-laptop" / _FILE.format(part=name)) for name in ("train", part))
    settings = with_model(settings, [review.text for review in training])
    encoder = load_encoder(settings.model, settings)
    moods = LogisticRegression(max_iter=1000, C=3).fit(
        encoder.encode([review.text for review in training]), [review.mood for review in training]
    )
    mood_of = [str(mood) for mood in moods.predict(encoder.encode([review.text for review in reviews]))]
    started = time.perf_counter()
    reader, plain = AspectReader(LAPTOP), AspectReader(PLAIN)
    ours = [_pairs(reader.read(review.text, mood)) for review, mood in zip(reviews, mood_of, strict=True)]
    seconds = time.perf_counter() - started
    theirs = [
        frozenset((aspect, mood) for aspect in plain.read(review.text))
        for review, mood in zip(reviews, mood_of, strict=True)
    ]
    actual = [review.pairs for review in reviews]
    found, peer = figures(actual, ours), figures(actual, theirs)
    learned = learn_aspects([(review.text, PRODUCT) for review in training], ASPECTS, MOST_LEARNED)
    gains = {f"gain_{name}": round(100 * (found[name] - peer[name]), 1) for name in ("aspect_f1", "pair_f1")}
    return BenchResult(
        name=NAME,
        metrics={"part": part, "reviews": len(reviews), **found, **gains, **learned_figures(learned, reviews)},
        seconds={"reading": round(seconds, 2)},
        peak_mib=held_mib(),
        peers={"word-lists-and-mood": PeerResult(peer)},
        ratios={},
        versions=versions(["torch", "transformers", "scikit-learn"]),
    )


def figures(actual: Sequence[Pairs], predicted: Sequence[Pairs]) -> dict[str, float]:
    """Precision, recall and micro F1 of aspects with their sentiment (`pair_…`) and without, and F1 of each aspect.

    A predicted aspect whose sentiment is unknown counts as an aspect and as a wrong pair.
    """
    aspects = [[frozenset(aspect for aspect, _ in pairs) for pairs in side] for side in (actual, predicted)]
    found = {**_scores("pair", actual, predicted), **_scores("aspect", *aspects)}
    for name in sorted({aspect for pairs in actual for aspect, _ in pairs}):
        own = [[one & {name} for one in side] for side in aspects]
        found[f"{name}_f1"] = _scores(name, *own)[f"{name}_f1"]
    return found


def learned_figures(learned: Mapping[str, Sequence[str]], reviews: Sequence[Review]) -> dict[str, float]:
    """Number of learned aspects, and the share of the sentences naming one in which its word is annotated as judged."""
    reader = AspectReader(learned)
    named = [(singular(name), review) for review in reviews for name in reader.read(review.text)]
    n_right = sum(word in review.terms for word, review in named)
    share = {"learned_precision": round(n_right / len(named), 4)} if named else {}
    return {"learned_aspects": len(learned), "learned_named": len(named), **share}


def _scores(name: str, actual: Sequence[frozenset[object]], predicted: Sequence[frozenset[object]]) -> dict[str, float]:
    n_right = sum(len(told & said) for said, told in zip(actual, predicted, strict=True))
    n_actual, n_predicted = (sum(map(len, side)) for side in (actual, predicted))
    parts = {"precision": n_predicted, "recall": n_actual, "f1": (n_actual + n_predicted) / 2}
    return {f"{name}_{key}": round(n_right / total, 4) if total else 0.0 for key, total in parts.items()}


def _pairs(found: Mapping[str, AspectSentiment]) -> Pairs:
    return frozenset((aspect, sentiment.value) for aspect, sentiment in found.items())
