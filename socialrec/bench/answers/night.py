"""Speed of a night of answers: whole blocks of a large shop, as the processes of `answer_questions` answer them.

Nothing is searched across blocks, so that the seconds of some blocks tell those of all. Texts are drawn from judged
questions and passages; vectors are those of their texts. Reading tables and sending rows to processes is not in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from socialrec.answers.model import AnswersModel
from socialrec.answers.night import AnsweringNight, AnswersStamp
from socialrec.answers.tables import ATTRIBUTES, PASSAGES, TEMPLATES
from socialrec.bench.answers.report import AnswerFigures
from socialrec.bench.children import watched
from socialrec.encoders.encoder import Encoder
from socialrec.encoders.prompts import Role
from socialrec.settings.answers import AnswersSettings
from socialrec.vectors.arrays import F32

CORES = 2
"""Cores that share a night."""


@dataclass(frozen=True)
class NightSize:
    """Size of a shop, of which every category is a block of its night, and of the parts that are measured."""

    passages: int = 2_000_000
    questions: int = 100_000
    passages_a_product: int = 100
    products_a_category: int = 100
    measured_blocks: int = 1
    more_questions: int = 2
    """Factor of the questions of the block whose memory is compared."""

    @property
    def passages_a_block(self) -> int:
        """Passages of a category."""
        return self.passages_a_product * self.products_a_category

    @property
    def n_blocks(self) -> int:
        """Number of categories."""
        return self.passages // self.passages_a_block

    @property
    def questions_a_block(self) -> int:
        """Questions about products of a category."""
        return self.questions // self.n_blocks


FULL = NightSize()
_VALUE = [field for field in ATTRIBUTES if field.name != "product_id"]


@dataclass(frozen=True)
class LargeShop:
    """Texts to draw from with their unit vectors, float32 (n, dim), and what answers."""

    questions: Sequence[str]
    question_vectors: F32
    passages: Sequence[str]
    passage_vectors: F32
    night: AnsweringNight
    model: AnswersModel
    size: NightSize

    @classmethod
    def of(
        cls, judged: pa.Table, encoder: Encoder, model: AnswersModel, settings: AnswersSettings, size: NightSize
    ) -> LargeShop:
        """Take the distinct texts of judged pairs, and a night without templates."""
        questions, passages = (sorted(set(judged[name].to_pylist())) for name in ("question", "passage"))
        stamp = AnswersStamp("2026-01-01", "measured", encoder.version)
        nothing = _evidence([], np.zeros((0, encoder.dim), dtype=np.float32), 0, size)
        night = AnsweringNight(TEMPLATES.empty_table(), (), nothing, stamp, settings)
        said = encoder.reading(Role.PASSAGE).encode(passages)
        return cls(questions, encoder.encode(questions), passages, said, night, model, size)

    def answered(self, block: int, n_questions: int) -> pa.Table:
        """Answer a block of a category: rows of gold.answers."""
        rng = np.random.default_rng(block)
        asked = rng.integers(0, len(self.questions), n_questions)
        said = rng.integers(0, len(self.passages), self.size.passages_a_block)
        texts = [self.passages[place] for place in said]
        evidence = _evidence(texts, self.passage_vectors[said], block, self.size)
        return self.night.answers(self._asked(asked, block, rng), evidence, self.model)

    def _asked(self, places: np.ndarray, block: int, rng: np.random.Generator) -> pa.Table:
        n = len(places)
        products = [f"p{block}-{product}" for product in rng.integers(0, self.size.products_a_category, n)]
        texts = [self.questions[place] for place in places]
        columns = {
            "question_id": [f"q{block}-{place}" for place in range(n)],
            **{"user_key": ["u"] * n, "platform": ["shop"] * n, "text_hash": ["h"] * n},
            **{"product_id": products, "text": texts, "language": ["en"] * n, "is_offered": [True] * n},
        }
        empty = {"intent": pa.string(), "intent_confidence": pa.float32(), "attributes": pa.list_(pa.struct(_VALUE))}
        empty |= {"products": pa.list_(pa.string()), "earlier": pa.struct([("inputs_hash", pa.int64())])}
        nulls = {name: pa.nulls(n, kind) for name, kind in empty.items()}
        return pa.table({**columns, **nulls, "embedding": _lists(self.question_vectors[places])})


def measure_night(shop: LargeShop, report: AnswerFigures) -> None:
    """Answer some whole blocks on one core, then one with more questions; add the minutes of the whole night by the
    processor's time, so that other programs do not count, and the memory of this process meanwhile.
    """
    size = shop.size
    # What is made once is no part of a block.
    shop.answered(0, 1)
    started = time.process_time()
    shop.answered(0, 1)
    one_question = time.process_time() - started
    started = time.process_time()
    for block in range(size.measured_blocks):
        shop.answered(block, size.questions_a_block)
    seconds = (time.process_time() - started) / size.measured_blocks
    with watched(os.getpid()) as usual:
        shop.answered(size.measured_blocks, size.questions_a_block)
    with watched(os.getpid()) as larger:
        shop.answered(size.measured_blocks, size.more_questions * size.questions_a_block)
    report.add(
        {
            "one_question_cpu_seconds": one_question,
            "night_block_cpu_seconds": seconds,
            "night_minutes_on_2_cores": seconds * size.n_blocks / CORES / 60,
            "night_peak_mib": usual.peak_mib,
            f"night_peak_mib_{size.more_questions}_times_the_questions": larger.peak_mib,
        }
    )
    report.chosen["night"] = (
        f"{size.measured_blocks} of {size.n_blocks} blocks of {size.questions_a_block} questions over "
        f"{size.passages_a_block:,} passages"
    )


def _evidence(texts: Sequence[str], vectors: F32, block: int, size: NightSize) -> pa.Table:
    """Passages of a block, PASSAGES with `embedding`."""
    columns = {
        "passage_id": [f"{block}-{place:07}" for place in range(len(texts))],
        "product_id": [f"p{block}-{place // size.passages_a_product}" for place in range(len(texts))],
        **{"category": [f"c{block}"] * len(texts), "source": ["description"] * len(texts)},
        **{"place": [0] * len(texts), "text": list(texts), "n_agreeing": [1] * len(texts)},
        "language": ["en"] * len(texts),
    }
    plain = pa.table({name: pa.array(columns[name], PASSAGES.field(name).type) for name in PASSAGES.names})
    return plain.append_column("embedding", _lists(vectors))


def _lists(vectors: F32) -> pa.Array:
    offsets = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.reshape(-1), pa.float32()))
