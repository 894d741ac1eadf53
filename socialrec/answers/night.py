"""Night of answers as the processes that make them see it: all but the questions and passages of their block."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.dataset as pds
import pyarrow.parquet as pq

from socialrec.answers.answering import answer
from socialrec.answers.model import AnswersModel, load_answers
from socialrec.answers.passages import PassageIndex
from socialrec.answers.tables import ATTRIBUTES, PASSAGES
from socialrec.answers.tables import TEMPLATES as TEMPLATE_COLUMNS
from socialrec.answers.templates import TemplateBook
from socialrec.contracts.gold import ANSWERS
from socialrec.contracts.vocabulary import AnswerDecision
from socialrec.errors import UserError
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import TextSettings
from socialrec.vectors.arrays import vectors_of

FILE, TEMPLATES, GENERAL = "night.json", "templates.parquet", "general"
AnswerBlock = Callable[[pa.Table, pa.Table], pa.Table]
_ASKED = ("text", "language", "product_id", "is_offered", "intent", "intent_confidence", "attributes")
"""Columns of a question that its answer depends on."""
_EVIDENCE = ("passage_id", "text", "n_agreeing", "category")
_KEPT = ("decision", "reason", "text", "language", "citations", "confidence", "phrased_by")
_DIGEST_BYTES = 8


@dataclass(frozen=True)
class AnswersStamp:
    """Day and versions that are on every row of gold.answers."""

    ds: str
    answers_version: str
    encoder_version: str
    generator_version: str = ""
    """Model that phrases answers; empty without one."""

    def load(self, folder: Path, text: TextSettings, settings: AnswersSettings) -> AnswersModel:
        """Load the model of answers of these versions. Raises UserError where the generator's files changed since."""
        model = load_answers(folder, self.encoder_version, text, settings.generator)
        found = model.generator.version if model.generator else ""
        if found != self.generator_version:
            raise UserError(
                f"answers.generator was {self.generator_version or 'none'} when this run began, and is "
                f"{found or 'none'} on this machine: put the same file on all machines, and run pin_answers again"
            )
        return model


@dataclass(frozen=True)
class AnsweringNight:
    """Templates, names of the attributes that any product has, passages about no product with their `embedding`, stamp
    and settings.
    """

    templates: pa.Table
    attributes: Sequence[str]
    general: pa.Table
    stamp: AnswersStamp
    settings: AnswersSettings

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote, and the passages about no product that Spark wrote beside it."""
        document = json.loads((folder / FILE).read_text(encoding="utf-8"))
        general = pds.dataset(folder / GENERAL, format="parquet").to_table()
        settings = AnswersSettings.model_validate(document["settings"])
        stamp = AnswersStamp(**document["stamp"])
        return cls(pq.read_table(folder / TEMPLATES), document["attributes"], general, stamp, settings)

    @staticmethod
    def save(
        folder: Path, templates: pa.Table, attributes: Sequence[str], stamp: AnswersStamp, settings: AnswersSettings
    ) -> None:
        """Write a night for other processes to load, all but its passages about no product."""
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(templates, folder / TEMPLATES)
        document = {"stamp": vars(stamp), "attributes": list(attributes), "settings": settings.model_dump(mode="json")}
        (folder / FILE).write_text(json.dumps(document), encoding="utf-8")

    def answers(self, questions: pa.Table, passages: pa.Table, model: AnswersModel) -> pa.Table:
        """Make rows of gold.answers of a block's open questions; those whose inputs did not change are kept.

        questions: see `etl.gold.questions.QuestionBlocks`. passages: of the block, with `embedding`.
        """
        hashes = self._hashes(questions, passages)
        earlier = questions["earlier"].to_pylist()
        is_kept = [
            before is not None and before["inputs_hash"] == now for before, now in zip(earlier, hashes, strict=True)
        ]
        asked = questions.filter(pa.array([not kept for kept in is_kept], pa.bool_()))
        made = iter(self._made(asked, passages, model))
        found = [before if kept else next(made) for before, kept in zip(earlier, is_kept, strict=True)]
        rows = zip(questions.drop_columns(["earlier", "embedding"]).to_pylist(), found, hashes, strict=True)
        return pa.Table.from_pylist([self._row(*row) for row in rows], schema=arrow_schema(ANSWERS))

    def _made(self, questions: pa.Table, passages: pa.Table, model: AnswersModel) -> list[dict[str, Any]]:
        """Answer questions, in their order, each with what phrased it; each citation with the source of its passage and
        the words it cites.
        """
        if not questions.num_rows:
            return []
        columns = [*PASSAGES.names, "embedding"]
        evidence = pa.concat_tables([passages.select(columns), self.general.select(columns)])
        vectors = vectors_of(questions["embedding"])
        near = vectors_of(evidence["embedding"]) if evidence.num_rows else vectors[:0]
        index = PassageIndex.of(evidence.drop_columns("embedding"), near)
        least = self.settings.min_slot_confidence
        book = TemplateBook.of(self.templates, attributes_of(questions), self.attributes, least)
        made = answer(questions, vectors, index, book, model=model, settings=self.settings)
        names = zip(*(index.columns[name] for name in ("passage_id", "source", "text")), strict=True)
        cited = {passage: (source, text) for passage, source, text in names}
        rows: list[dict[str, Any]] = made.to_pylist()
        for row in rows:
            row["phrased_by"] = self.stamp.generator_version if row.pop("is_phrased") else None
            for citation in row["citations"]:
                source, text = cited[citation["passage_id"]]
                citation |= {"source": source, "quote": str(text)[citation["start"] : citation["end"]]}
        return rows

    def _row(self, question: Mapping[str, Any], found: Mapping[str, Any], inputs_hash: int) -> dict[str, Any]:
        is_answered = found["decision"] != AnswerDecision.HAND_OVER
        return {
            **{name: question[name] for name in ("question_id", "user_key", "product_id", "text_hash", "platform")},
            **{name: found[name] for name in _KEPT},
            "products": (question["products"] or []) if is_answered else [],
            "inputs_hash": inputs_hash,
            "answers_version": self.stamp.answers_version,
            "encoder_version": self.stamp.encoder_version,
            "ds": self.stamp.ds,
        }

    def _hashes(self, questions: pa.Table, passages: pa.Table) -> list[int]:
        """Hash of all that each answer is made from: the question, what may be cited, templates, versions and settings;
        and of the columns that an answer has.
        """
        about = [sorted(map(str, table.select(_EVIDENCE).to_pylist())) for table in (passages, self.general)]
        models = (self.stamp.answers_version, self.stamp.encoder_version, self.stamp.generator_version)
        versions = (*models, self.settings.model_dump(mode="json"))
        templates = sorted(map(str, self.templates.select(TEMPLATE_COLUMNS.names).to_pylist()))
        shared = repr((about, templates, sorted(self.attributes), versions, _KEPT)).encode()
        begun = hashlib.blake2b(shared, digest_size=_DIGEST_BYTES)
        found = []
        for question in questions.select(_ASKED).to_pylist():
            own = begun.copy()
            own.update(repr(question).encode())
            found.append(int.from_bytes(own.digest(), "big", signed=True))
        return found


def attributes_of(questions: pa.Table) -> pa.Table:
    """Attributes (ATTRIBUTES) of the products that are offered and asked about, once each."""
    names = ("product_id", "is_offered", "attributes")
    known = {
        product: attributes
        for product, is_offered, attributes in zip(*(questions[name].to_pylist() for name in names), strict=True)
        if is_offered and attributes
    }
    rows = [{"product_id": product, **one} for product, attributes in known.items() for one in attributes]
    return pa.Table.from_pylist(rows, schema=ATTRIBUTES)


def block_answerer(model: Path, night: Path, text: TextSettings, threads: int) -> AnswerBlock:
    """Make a function for other processes from the questions and the passages of one block to rows of gold.answers.

    Model and night are loaded from these folders, once in each process.
    """
    loaded: list[tuple[AnsweringNight, AnswersModel]] = []

    def answered(questions: pa.Table, passages: pa.Table) -> pa.Table:
        if not loaded:
            import torch

            torch.set_num_threads(threads)
            there = AnsweringNight.load(night)
            loaded.append((there, there.stamp.load(model, text, there.settings)))
        there, answers = loaded[0]
        return there.answers(questions, passages, answers)

    return answered
