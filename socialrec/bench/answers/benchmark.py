"""Benchmark of answers: ranking, decision and intents on public data, each beside its peers.

Everything is chosen inside the half to learn from, by the training that a shop runs; the test half is read once.
"""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc

from socialrec.answers.model import AnswersModel
from socialrec.bench.answers import intents, product_qa, questions
from socialrec.bench.answers.night import FULL, LargeShop, NightSize, measure_night
from socialrec.bench.answers.pools import Pool
from socialrec.bench.answers.report import AnswerFigures
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.encoders.encoder import load_encoder
from socialrec.encoders.shipped.choice import with_model
from socialrec.errors import UserError
from socialrec.settings import Settings

NAME = "answers"
PACKAGES = ("bm25s", "numpy", "torch", "transformers")


def run(
    data: Path,
    settings: Settings,
    *,
    ranking: Path | None = None,
    decide: Path | None = None,
    size: NightSize = FULL,
) -> BenchResult:
    """Train on the half to learn from of `product-qa` and on CLINC150's training part, and measure on the rest.

    `ranking` and `decide` are files of anybody's judged passages, on which the same model is measured; `size` is that
    of the shop whose night is timed. Parts whose data are not in the folder are skipped, and named in `chosen`. Raises
    UserError where there is nothing to measure.
    """
    parts = (product_qa.FOLDER, intents.FOLDER)
    there = [name for name in parts if (data / name).is_dir()]
    own = {name: file for name, file in (("ranking", ranking), ("decide", decide)) if file is not None}
    if not (there or own):
        raise UserError(f"{data} holds neither {' nor '.join(parts)}: name the folder with the data")
    report = AnswerFigures(chosen={"skipped": [name for name in parts if name not in there]})
    if product_qa.FOLDER in there or own:
        settings = settings.model_copy(update={"text": with_model(settings.text, _questions(data, list(own.values())))})
        encoder = load_encoder(settings.text.model, settings.text)
        model = AnswersModel.untrained(encoder.version, settings.answers)
        if product_qa.FOLDER in there:
            model = questions.trained(data, encoder, settings, report)
            questions.measure(data, model, encoder, settings, report)
            with report.stage("measure_night"):
                asked = product_qa.judged_products(data, training=False)
                measure_night(LargeShop.of(asked, encoder, model, settings.answers, size), report)
        for name, file in own.items():
            found = Pool.of(product_qa.judged_file(file), encoder).ranked(model, settings.answers)
            if name == "ranking":
                report.add_ranking("own", found)
            else:
                report.add_decision(found, "own_")
    if intents.FOLDER in there:
        intents.measure(data, settings, report)
    peers = {name: PeerResult(figures) for name, figures in report.peers.items() if figures}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return BenchResult(NAME, report.metrics, report.seconds, peak, peers, {}, versions(PACKAGES), chosen=report.chosen)


def _questions(data: Path, own: Sequence[Path]) -> list[str]:
    """Questions by which a model is chosen: those to learn from, or else of the first own file."""
    is_there = (data / product_qa.FOLDER).is_dir()
    judged = product_qa.judged_products(data, training=True) if is_there else product_qa.judged_file(own[0])
    questions: list[str] = pc.unique(judged["question"]).to_pylist()
    return questions
