"""Questions about products: the training of a shop on the half to learn from, measured on the test half."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from socialrec.answers.answering import answer
from socialrec.answers.composing import Composed, compose
from socialrec.answers.deletion import deletion_valid
from socialrec.answers.generator_training import Phrasing, train_generator
from socialrec.answers.model import AnswersModel
from socialrec.answers.pair_training import Progress
from socialrec.answers.pairs import with_wrong_passages
from socialrec.answers.passages import PassageIndex
from socialrec.answers.phrasing import rouge_l
from socialrec.answers.retrieval import OWN
from socialrec.answers.tables import PAIRS, PASSAGES
from socialrec.answers.templates import TemplateBook
from socialrec.answers.training import fit_answers
from socialrec.answers.verifying import unsupported
from socialrec.bench.answers import product_qa
from socialrec.bench.answers.pools import Pool, Rankings
from socialrec.bench.answers.product_qa import WrittenAnswer
from socialrec.bench.answers.report import COVERAGE, AnswerFigures
from socialrec.bench.answers.scores import surest, uncited_words
from socialrec.bench.progress import to_standard_error
from socialrec.display.messages.catalogue import SOURCE_LANGUAGE, messages_in
from socialrec.encoders.encoder import Encoder
from socialrec.settings import Settings

N_WRONG = 2
"""Wrong passages that are added to a question of which only right ones are known."""
_EVERY, _EVERY_GENERATED = 50, 10
"""Steps of a training, or texts of the generator, from one line of progress to the next."""


def trained(data: Path, encoder: Encoder, settings: Settings, report: AnswerFigures) -> AnswersModel:
    """Train as a shop does: hetPQA's judged passages calibrate, its known answers and semiPQA are learned from too; the
    generator, where there is one, learns from the answers that people wrote to it.
    """
    there = product_qa.files_in(data)
    report.chosen["skipped"] += sorted(product_qa.OPTIONAL - there)
    more = [PAIRS.empty_table()]
    if product_qa.POSITIVES in there:
        more.append(with_wrong_passages(product_qa.known_answers(data), N_WRONG, settings.answers.seed))
    if product_qa.OTHER_RANKING in there:
        more.append(product_qa.judged_attributes(data, training=True))
    judged = product_qa.judged_products(data, training=True)
    with report.stage("train_answers"):
        progress = _progress(_EVERY)
        model = fit_answers(judged, encoder, settings.answers, settings.text, progress, more=pa.concat_tables(more))
    if settings.answers.generator:
        written = product_qa.written_answers(data, training=True) if product_qa.POSITIVES in there else []
        phrasings = [Phrasing(one.question, one.passage, one.answer) for one in written]
        with report.stage("train_generator"):
            progress = _progress(_EVERY_GENERATED)
            model = replace(model, generator=train_generator(phrasings, settings.answers, settings.text, progress))
    report.chosen |= {
        "bound": model.bound,
        "trained_on": "hetPQA: products of the half to learn from; "
        "semiPQA: half of the questions, by a hash of their texts",
    }
    report.chosen |= dict(model.figures)
    return model


def _progress(every: int) -> Progress:
    def show(step: int, loss: float) -> None:
        if step % every == 0:
            to_standard_error(f"step {step}: loss {loss:.3f}")

    return show


def measure(data: Path, model: AnswersModel, encoder: Encoder, settings: Settings, report: AnswerFigures) -> None:
    """Measure ranking, decision, citations and texts on the test half."""
    with report.stage("measure_answers"):
        pool = Pool.of(product_qa.judged_products(data, training=False), encoder)
        started = time.perf_counter()
        found = pool.ranked(model, settings.answers)
        report.add({"questions_per_second": len(pool.judged) / (time.perf_counter() - started)})
        report.add_ranking("hetpqa", found)
        report.add_decision(found)
        report.add(_at_bound(found, model.bound))
        report.add(_deletion(pool, found, model, settings))
        there = product_qa.files_in(data)
        if product_qa.OTHER_RANKING in there:
            attributes = Pool.of(product_qa.judged_attributes(data, training=False), encoder)
            report.add_ranking("semipqa", attributes.ranked(model, settings.answers))
        if product_qa.WRITTEN in there:
            report.add(_texts(product_qa.written_answers(data, training=False), model, encoder.dim))


def _at_bound(found: Rankings, bound: float) -> dict[str, float]:
    """Coverage, right share and answered unanswerable questions at the bound that the training set."""
    shown, unanswerable = found.confidences >= bound, ~found.is_answerable
    return {
        "coverage_at_bound": float(shown.mean()),
        "precision_at_bound": float(found.first_right[shown].mean()) if shown.any() else 1.0,
        "unanswerable_answered_at_bound": float(shown[unanswerable].mean()) if unanswerable.any() else 0.0,
    }


def _deletion(pool: Pool, found: Rankings, model: AnswersModel, settings: Settings) -> dict[str, float]:
    """Share of answers that fall with the passages that they cite, where the most confident questions are answered."""
    least = float(found.confidences[surest(found.confidences, COVERAGE)].min())
    # Its own words stand or fall with the passage.
    lower = replace(model, bound=least, generator=None)
    chosen = pool.settings(settings.answers)
    no_templates = TemplateBook({}, {}, frozenset())
    asked = pool.asked()
    answers = answer(asked, pool.vectors, pool.index, no_templates, model=lower, settings=chosen)
    valid = deletion_valid(
        answers,
        asked,
        pool.vectors,
        pool.index,
        no_templates,
        model=lower,
        settings=chosen,
    )
    return {"deletion_valid": float(valid.mean()) if len(valid) else 1.0, "deletion_tested": float(len(valid))}


def _texts(written: Sequence[WrittenAnswer], model: AnswersModel, dim: int) -> dict[str, float]:
    """ROUGE-L of our answer, and of the passage as it is, to answers that people wrote from the same passage; and what
    became of the generator's words where there is one.
    """
    rows = [
        {
            "passage_id": f"{place:06}",
            "product_id": f"{place:06}",
            "category": None,
            "source": one.source,
            "place": 0,
            "text": one.passage,
            "n_agreeing": 1,
            "language": None,
        }
        for place, one in enumerate(written)
    ]
    index = PassageIndex.of(pa.Table.from_pylist(rows, PASSAGES), np.zeros((len(rows), dim), dtype=np.float32))
    shown = [place for place in range(len(written)) if f"{place:06}" in index.products]
    messages = messages_in(SOURCE_LANGUAGE)

    def composed(phrases: Sequence[str]) -> list[Composed]:
        found = (index.products[f"{place:06}"].start for place in shown)
        return [
            compose(row, [], OWN, index, messages, phrased=words) for row, words in zip(found, phrases, strict=True)
        ]

    def rouge(texts: Iterable[str]) -> float:
        return float(np.mean([rouge_l(text, written[place].answer) for place, text in zip(shown, texts, strict=True)]))

    plain = composed([""] * len(shown))
    figures = {
        "rouge_l": rouge(one.text for one in plain),
        "rouge_l_passage": rouge(written[place].passage for place in shown),
    }
    if model.generator is None:
        return figures
    phrases: list[str] = []
    started = time.perf_counter()
    for start in range(0, len(shown), _EVERY):
        some = [written[place] for place in shown[start : start + _EVERY]]
        phrases += model.generator.phrase([one.question for one in some], [one.passage for one in some])
        to_standard_error(f"{len(phrases)} of {len(shown)} answers phrased")
    seconds = time.perf_counter() - started
    made = composed(phrases)
    rejected = [bool(unsupported(words, [written[place].passage])) for place, words in zip(shown, phrases, strict=True)]
    uncited = [
        uncited_words(words, written[place].passage)
        for place, words, one in zip(shown, phrases, made, strict=True)
        if one.is_phrased
    ]
    return figures | {
        "rouge_l_phrased": rouge(one.text for one in made),
        "phrased": float(np.mean([one.is_phrased for one in made])),
        "phrased_rejected": float(np.mean(rejected)),
        "phrased_words_uncited": float(sum(map(len, uncited))),
        "phrasings_per_second": len(shown) / seconds,
    }
