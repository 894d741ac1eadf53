"""What a user did and said lately, and the product that they took next, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from socialrec.contracts.gold import SOCIAL_TIES
from socialrec.evaluate.split import Split
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.user_order import NamedTables
from socialrec.settings.text import TaskName, TextSettings
from socialrec.text import histories
from socialrec.text.histories import next_product
from socialrec.text.material import COMMENT_COLUMNS, make_tasks
from socialrec.text.tasks import Task, TextPairs
from socialrec.text.training.finetune import fine_tune
from socialrec.text.training.gathering import TextTables, gather

TIME = pa.timestamp("us", "UTC")
WORDS = ["shoe", "lamp", "book", "chair", "red", "blue"]
PRODUCTS = pa.table(
    {"product_id": WORDS, "title": WORDS, "text": WORDS, "category": [None] * 6, "brand": [None] * 6},
    pa.schema([(name, pa.string()) for name in ("product_id", "title", "text", "category", "brand")]),
)
Event = tuple[str, str, int | None]
"""User, product and hour."""
Said = tuple[str, str, int | None, str]
"""User, product, hour and text."""


def hour(number: int | None) -> datetime | None:
    return None if number is None else datetime(2026, 1, 1, number, tzinfo=UTC)


def events(*rows: Event, kind: str = "view") -> pa.Table:
    users, products, hours = (list(column) for column in zip(*rows, strict=True))
    columns = {"user_key": users, "product_id": products, "event_type": [kind] * len(rows)}
    return pa.table(columns | {"event_ts": pa.array(map(hour, hours), TIME)})


def comments(*rows: Said) -> pa.Table:
    users, products, hours, texts = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns = {name: pa.array([None] * len(rows), pa.string()) for name in COMMENT_COLUMNS}
    columns |= {"rating": pa.array([None] * len(rows), pa.float64()), "created_ts": pa.array(map(hour, hours), TIME)}
    for name, values in {"user_key": users, "product_id": products, "text": texts, "comment_id": texts}.items():
        columns[name] = pa.array(values, pa.string())
    return pa.table(columns)


def pairs_of(task: Task) -> list[tuple[str, str]]:
    assert isinstance(task, TextPairs)
    return list(zip(task.comments, task.products, strict=True))


ANN = events(("ann", "shoe", 1), ("ann", "lamp", 2), ("ann", "shoe", 3), ("ann", "book", 5))
SAYING = comments(("ann", "lamp", 4, "warm light"))


def test_each_latest_text_goes_with_the_product_taken_next_and_a_product_is_new_once() -> None:
    """The book follows the comment, the lamp and the shoe; the lamp follows the shoe; the shoe follows nothing."""
    task = next_product(SAYING, PRODUCTS, ANN)
    assert pairs_of(task) == [("warm light", "book"), ("lamp", "book"), ("shoe", "book"), ("shoe", "lamp")]
    assert (task.product_ids.tolist(), task.name) == ([0, 0, 0, 1], "next_product")


def test_the_same_moment_a_word_about_the_product_itself_returns_and_undated_rows_teach_nothing() -> None:
    together = events(("ann", "shoe", 1), ("ann", "lamp", 1), ("ann", "book", None), ("bob", "lamp", 2))
    about = comments(("bob", "lamp", 1, "is it bright?"), ("ann", "shoe", None, "fits"), ("ann", "shoe", 0, ""))
    assert pairs_of(next_product(about, PRODUCTS, together)) == []
    back = pa.concat_tables([events(("ann", "shoe", 1)), events(("ann", "lamp", 2), kind="return")])
    assert pairs_of(next_product(comments(), PRODUCTS, back)) == []


def test_a_user_gives_a_bounded_number_of_pairs_the_newest() -> None:
    many = events(*(("ann", word, place) for place, word in enumerate(WORDS)))
    task = next_product(comments(), PRODUCTS, many)
    assert len(task) == histories.MAX_TEXTS + histories.MAX_TEXTS + 3
    assert pairs_of(task)[:4] == [("red", "blue"), ("chair", "blue"), ("book", "blue"), ("lamp", "blue")]
    assert set(task.products) == {"blue", "red", "chair"}


def test_in_a_large_shop_the_first_users_by_name_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "MAX_USERS", 1)
    both = events(("bob", "shoe", 1), ("bob", "lamp", 2), ("ann", "book", 1), ("ann", "chair", 2))
    assert pairs_of(next_product(comments(("bob", "shoe", 1, "fits")), PRODUCTS, both)) == [("book", "chair")]


def test_nothing_at_or_after_the_cut_is_learned_from_and_nothing_after_the_test_cut_is_checked() -> None:
    split = Split("time", hour(5), hour(8), 1, np.array([], np.uint64), np.array([], np.uint64))
    later = events(("ann", "chair", 6), ("ann", "red", 7), ("ann", "blue", 8))
    said = pa.concat_tables([SAYING, comments(("ann", "book", 5, "at the cut"), ("ann", "red", 8, "at the test"))])
    [training], [validation] = make_tasks(
        [TaskName.NEXT_PRODUCT], split, comments=said, products=PRODUCTS, interactions=pa.concat_tables([ANN, later])
    )
    assert pairs_of(training) == [("shoe", "lamp")]
    assert set(pairs_of(validation)) == {
        *(("chair", "red"), ("at the cut", "red"), ("book", "red"), ("at the cut", "chair"), ("book", "chair")),
    }


def test_pairs_depend_neither_on_pseudonyms_nor_on_the_order_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "MAX_USERS", 2)
    rows: list[Event] = [("u1", "shoe", 1), ("u1", "lamp", 2), ("u2", "book", 3), ("u2", "red", 4)]
    rows += [("u3", "blue", 5), ("u3", "chair", 6)]
    found = []
    for keys in ({"u1": "a", "u2": "b", "u3": "c"}, {"u1": "c", "u2": "a", "u3": "b"}):
        renamed = events(*((keys[user], product, at) for user, product, at in rows))
        named = NamedTables.of(
            renamed, comments((keys["u2"], "book", 3, "dry")), arrow_schema(SOCIAL_TIES).empty_table()
        )
        found.append(pairs_of(next_product(named.comments, PRODUCTS, named.interactions)))
        rows.reverse()
    assert found[0] == found[1]
    assert len(found[0]) >= 2


def test_a_shop_without_times_has_no_such_pairs_and_trains(tiny: TextSettings) -> None:
    """Its comments still teach which product they are about."""
    undated = events(("ann", "shoe", None), ("ann", "lamp", None))
    said = comments(("ann", "shoe", None, "red"), ("ann", "lamp", None, "blue"))
    none = np.array([], np.uint64)
    tables = TextTables(said, PRODUCTS, undated, None, Split("random_per_user", None, None, 1, none, none), {})
    names = (TaskName.RETRIEVAL, TaskName.NEXT_PRODUCT)
    found = gather(tables, tiny.model_copy(update={"tasks": names}), None)
    assert found.left_out == {"next_product": "there are no pairs"}
    steps = tiny.model_copy(update={"train_steps": 1})
    assert list(fine_tune(found.training, steps, lambda step, loss: None).task_losses) == ["retrieval"]


def test_an_encoder_learns_what_is_taken_after_what(tiny: TextSettings) -> None:
    """Everybody takes the lamp after the shoe and the chair after the book; the letters say nothing of it."""
    users = [f"u{number}" for number in range(8)]
    rows = [(user, "shoe" if n % 2 else "book", 1) for n, user in enumerate(users)]
    rows += [(user, "lamp" if n % 2 else "chair", 2) for n, user in enumerate(users)]
    made = fine_tune([next_product(comments(), PRODUCTS, events(*rows))], tiny, lambda step, loss: None)
    shoe, book, lamp, chair = made.encoder.encode(["shoe", "book", "lamp", "chair"])
    assert shoe @ lamp > shoe @ chair
    assert book @ chair > book @ lamp
