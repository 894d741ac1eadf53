"""A shop that sells a kite and a train: passages, templates and attributes, small enough to check by eye."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

from socialrec.answers.answering import answer
from socialrec.answers.model import AnswersModel
from socialrec.answers.passages import PassageIndex
from socialrec.answers.tables import ATTRIBUTES, PASSAGES, QUESTIONS, TEMPLATES
from socialrec.answers.templates import TemplateBook
from socialrec.encoders.encoder import Encoder
from socialrec.settings.answers import AnswersSettings

SETTINGS = AnswersSettings()
SAID = (
    ("made", "kite", "toys", "description", 1, "The kite is made of nylon."),
    ("tail", "kite", "toys", "description", 1, "The tail is 2 m long."),
    ("flies", "kite", "toys", "comment", 3, "It flies well in light wind."),
    ("falls", "kite", "toys", "comment", 1, "It does not fly well in light wind."),
    ("brand", "kite", "toys", "stated", 1, "The brand is Acme."),
    ("power", "train", "toys", "description", 1, "The train needs 2 AA batteries."),
    ("back", None, None, "answer", 1, "You can send it back within 30 days."),
)
TEMPLATE_ROWS = (
    ("brand", "It is made by {brand}."),
    ("price", "It costs {price}."),
    ("size", "It is {size} wide."),
    ("weight", "It weighs {weight}."),
)
ATTRIBUTE_ROWS = (("kite", "brand", "Acme"), ("kite", "size", "{size} or so"), ("train", "weight", "300 g"))
ATTRIBUTE_NAMES = frozenset({"brand", "size", "weight"})


def passages_of(said: Sequence[tuple[str, str | None, str | None, str, int, str]]) -> pa.Table:
    rows = [
        {
            "passage_id": name,
            "product_id": product,
            "category": kind,
            "source": source,
            "place": 0,
            "text": text,
            "n_agreeing": n,
            "language": "en",
        }
        for name, product, kind, source, n, text in said
    ]
    return pa.Table.from_pylist(rows, PASSAGES)


def index_of(encoder: Encoder, *more: tuple[str, str | None, str | None, str, int, str]) -> PassageIndex:
    table = passages_of([*SAID, *more])
    return PassageIndex.of(table, encoder.encode(table["text"].to_pylist()))


def question(text: str, product: str | None = "kite", **said: Any) -> dict[str, Any]:
    usual = {"question_id": text, "product_id": product, "text": text, "language": "en"}
    return usual | {"intent": None, "intent_confidence": None} | said


def templates() -> pa.Table:
    rows = [{"intent": intent, "text": text, "language": "en"} for intent, text in TEMPLATE_ROWS]
    return pa.Table.from_pylist(rows, TEMPLATES)


def attributes(products: AbstractSet[str]) -> pa.Table:
    known = [row for row in ATTRIBUTE_ROWS if row[0] in products]
    rows = [{"product_id": p, "attribute": a, "value": v, "confidence": 1.0} for p, a, v in known]
    return pa.Table.from_pylist(rows, ATTRIBUTES)


def answers_to(
    encoder: Encoder,
    asked: Sequence[dict[str, Any]],
    index: PassageIndex | None = None,
    model: AnswersModel | None = None,
    settings: AnswersSettings = SETTINGS,
) -> list[dict[str, Any]]:
    """Answer questions from the shop's own index and by its untrained model, unless others are given."""
    table = pa.Table.from_pylist(list(asked), QUESTIONS)
    known = attributes({one["product_id"] for one in asked})
    found = answer(
        table,
        encoder.encode([one["text"] for one in asked]),
        index or index_of(encoder),
        TemplateBook.of(templates(), known, ATTRIBUTE_NAMES, settings.min_slot_confidence),
        model=model or AnswersModel.untrained(encoder.version, SETTINGS),
        settings=settings,
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows
