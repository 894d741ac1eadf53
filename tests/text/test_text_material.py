"""Tables become tasks, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from socialrec.text.material import attributes, like_trained, next_action, sentiment
from socialrec.text.tasks import MISSING

PRODUCTS = pa.table(
    {
        "product_id": ["2", "1", "3", "4"],
        "title": ["Lamp", "Shoe", "Boot", "Torch"],
        "description": ["warm light", None, "tall", None],
        "category": ["light", "wear", "wear", "light"],
        "brand": ["A", "A", None, "B"],
    }
)


def test_stars_become_moods_and_comments_without_them_are_left_out() -> None:
    stars, texts = [1.0, 3.0, 5.0, None, 2.0, 4.0, 3.0], ["a", "b", "c", "d", "e", "f", ""]
    task = sentiment(pa.table({"comment_id": list("7654321"), "text": texts, "rating": stars}))
    assert task.texts == ["f", "e", "c", "b", "a"]
    (output,) = task.outputs
    moods = [output.classes[label] if label >= 0 else "" for label in task.labels[:, 0]]
    assert moods == ["positive", "negative", "positive", "", "negative"]


def test_attributes_are_told_from_title_and_description_where_stated_twice_or_more() -> None:
    task = attributes(PRODUCTS)
    assert task.texts == ["Shoe", "Lamp. warm light", "Boot. tall", "Torch"]
    assert [(output.name, output.classes) for output in task.outputs] == [
        ("category", ("light", "wear")),
        ("brand", ("A",)),
    ]
    assert task.labels.tolist() == [[1, 0], [0, 0], [1, MISSING], [0, MISSING]]


def test_the_next_action_follows_the_one_before_by_the_same_user() -> None:
    hours = [3, 1, 2, 5, 6]
    events = pa.table(
        {
            "user_key": ["u", "u", "u", "v", "v"],
            "product_id": ["3", "1", "2", "1", "2"],
            "event_type": ["cart", "view", "cart", "view", "cart"],
            "event_ts": [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in hours],
        }
    )
    task = next_action(events, PRODUCTS)
    assert task.texts == ["view Shoe, then Lamp", "cart Lamp, then Boot", "view Shoe, then Lamp"]
    assert task.labels.tolist() == [[0], [0], [0]]


def test_validation_is_numbered_as_training_is() -> None:
    trained = attributes(PRODUCTS)
    later = PRODUCTS.set_column(3, "category", pa.array(["wear", "wear", "garden", "garden"]))
    assert like_trained(attributes(later), trained).labels[:, 0].tolist() == [1, 1, MISSING, MISSING]
