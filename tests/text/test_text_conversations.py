"""Tasks of conversations: intents by the shop's templates, pairs of questions and answers, and their windows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from socialrec.evaluate.split import Split
from socialrec.settings.text import TaskName
from socialrec.text.conversations import Conversations, answered_questions, intents
from socialrec.text.material import COMMENT_COLUMNS, EVENT_COLUMNS, PRODUCT_COLUMNS, make_tasks
from socialrec.text.tasks import Labelled, TextPairs

TIME = pa.timestamp("us", "UTC")
QUESTIONS = {
    "question_id": pa.string(),
    "user_key": pa.string(),
    "product_id": pa.string(),
    "text": pa.string(),
    "asked_ts": TIME,
}
ANSWERS = {"question_id": pa.string(), "text": pa.string(), "author_kind": pa.string(), "n_votes": pa.int64()}
TEMPLATES = pa.table(
    {"intent": ["brand", "price", "any"], "text": ["It is made by {brand}.", "It costs {price} today.", "It {x}."]}
)
NO_KEYS = np.array([], dtype=np.uint64)


def rows_of(columns: dict[str, pa.DataType], *rows: tuple[Any, ...]) -> pa.Table:
    names = list(columns)
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], pa.schema(columns.items()))


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def conversations() -> Conversations:
    questions = rows_of(
        QUESTIONS,
        ("q1", "ann", "kite", "Who makes it?", day(1)),
        ("q2", "bob", None, "How much is it?", day(2)),
        ("q3", "cid", "kite", "Is it loud?", day(5)),
        ("q4", "dan", "kite", "Who is the maker?", day(5)),
        ("q5", "eve", "kite", "Is it red?", None),
    )
    answers = rows_of(
        ANSWERS,
        ("q1", "It is  made by ACME", "shop", None),
        ("q1", "No idea", "customer", 9),
        ("q2", "It costs $ 5 today!", "shop", None),
        ("q3", "Yes", "customer", 1),
        ("q3", "No", "customer", 3),
        ("q4", "It is made by Acme.", "shop", None),
    )
    return Conversations(questions, answers, TEMPLATES)


def test_an_intent_is_the_template_of_which_the_shops_answer_is_an_instance() -> None:
    task = intents(conversations())
    [output] = task.outputs
    assert {text: output.classes[label] for text, label in zip(task.texts, task.labels[:, 0], strict=True)} == {
        "Who makes it?": "brand",
        "Who is the maker?": "brand",
        "How much is it?": "price",
    }


def test_a_question_is_paired_with_the_shops_answer_or_the_one_with_most_votes() -> None:
    task = answered_questions(conversations())
    assert dict(zip(task.comments, task.products, strict=True)) == {
        "Who makes it?": "It is  made by ACME",
        "How much is it?": "It costs $ 5 today!",
        "Is it loud?": "No",
        "Who is the maker?": "It is made by Acme.",
    }
    assert len(set(task.product_ids.tolist())) == 4


def test_the_order_of_rows_does_not_matter() -> None:
    said = conversations()
    turned = Conversations(
        said.questions.take([4, 2, 0, 3, 1]), said.answers.take([5, 3, 1, 0, 2, 4]), TEMPLATES.take([2, 1, 0])
    )
    assert intents(turned).texts == intents(said).texts
    assert answered_questions(turned).products == answered_questions(said).products


def test_questions_of_the_validation_window_are_held_out_and_a_shop_without_any_has_no_such_tasks() -> None:
    split = Split("time", day(4), day(6), 1, NO_KEYS, NO_KEYS)
    nothing = {
        "comments": pa.table(
            {name: pa.array([], TIME if name.endswith("_ts") else pa.string()) for name in COMMENT_COLUMNS}
        ),
        "products": pa.table({name: pa.array([], pa.string()) for name in PRODUCT_COLUMNS}),
        "interactions": pa.table(
            {name: pa.array([], TIME if name.endswith("_ts") else pa.string()) for name in EVENT_COLUMNS}
        ),
    }
    names = (TaskName.ANSWERS_QUESTION, TaskName.INTENT)
    assert make_tasks(names, split, **nothing) == ([], [])
    [pairs, training], [later, validation] = make_tasks(names, split, **nothing, conversations=conversations())
    assert isinstance(pairs, TextPairs)
    assert isinstance(later, TextPairs)
    assert (list(pairs.comments), list(later.comments)) == (
        ["How much is it?", "Who makes it?"],
        ["Is it loud?", "Who is the maker?"],
    )
    # One question each of two intents is too little to learn from.
    assert isinstance(training, Labelled)
    assert training.outputs == validation.outputs == ()
