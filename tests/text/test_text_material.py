"""Tables become tasks, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from socialrec.text.material import attributes, like_trained, next_action, sentiment, topic, without_rare
from socialrec.text.tasks import Labelled, Task, labelled

PRODUCTS = pa.table(
    {
        "product_id": ["2", "1", "3", "4"],
        "title": ["Lamp", "Shoe", "Boot", "Torch"],
        "text": ["Lamp. light. A. warm light", "Shoe. wear. A", "Boot. wear. tall", "Torch. light. B"],
        "category": ["light", "wear", "wear", "light"],
        "brand": ["A", "A", None, "B"],
    }
)


def told(task: Task) -> dict[str, list[str]]:
    """By output the values of a task's texts, an empty one where unknown."""
    assert isinstance(task, Labelled)
    return {
        output.name: [output.classes[label] if label >= 0 else "" for label in task.labels[:, place]]
        for place, output in enumerate(task.outputs)
    }


def test_stars_become_moods_and_comments_without_them_are_left_out() -> None:
    stars, texts = [1.0, 3.0, 5.0, None, 2.0, 4.0, 3.0], ["a", "b", "c", "d", "e", "f", ""]
    task = sentiment(pa.table({"comment_id": list("7654321"), "text": texts, "rating": stars}))
    assert task.texts == ["f", "e", "c", "b", "a"]
    assert told(task) == {"sentiment": ["positive", "negative", "positive", "neutral", "negative"]}


def test_topics_are_what_the_shop_states_and_other_comments_are_left_out() -> None:
    stated = ["size", None, " size ", "price", "price", "odd", ""]
    task = topic(pa.table({"comment_id": list("1234567"), "text": list("abcdefg"), "topic": stated}))
    assert task.texts == ["a", "c", "d", "e", "f"]
    assert told(task) == {"topic": ["size", "size", "price", "price", "odd"]}


def test_values_seen_once_are_unknown_in_training_and_an_output_of_one_value_is_none() -> None:
    task = labelled("a", list("abcd"), {"colour": ["red", "red", "blue", "blue"], "size": ["L", "L", "M", ""]})
    assert told(without_rare(task)) == {"colour": ["red", "red", "blue", "blue"]}
    rare = labelled("a", list("abcde"), {"colour": ["red", "red", "blue", "blue", "pink"]})
    assert told(without_rare(rare)) == {"colour": ["red", "red", "blue", "blue", ""]}


def test_attributes_are_told_from_texts_that_leave_them_out_alone_and_together() -> None:
    task = attributes(PRODUCTS)
    # In the order of product ids: the shoe, the lamp, the boot whose maker is not stated, the torch.
    assert task.texts == [
        *("Shoe. A", "Shoe. wear", "Shoe"),
        *("Lamp. A. warm light", "Lamp. light. warm light", "Lamp. warm light"),
        *("Boot. tall", "Torch. B", "Torch. light", "Torch"),
    ]
    assert told(task) == {
        "category": ["wear", "", "wear", "light", "", "light", "wear", "light", "", "light"],
        "brand": ["", "A", "A", "", "A", "A", "", "", "B", "B"],
    }


def test_a_stated_value_that_the_text_does_not_hold_as_it_is_teaches_nothing() -> None:
    marked = {"product_id": ["1"], "text": ["Shoe. R & D"], "category": [None], "brand": ["R &amp; D"]}
    assert attributes(pa.table(marked)).texts == []


def test_the_next_action_is_that_of_the_same_user_on_the_same_product() -> None:
    """One user looks at the shoe, then the lamp, puts both into the cart and buys the shoe in the same second."""
    events = pa.table(
        {
            "user_key": ["u"] * 5 + ["v"] * 2,
            "product_id": ["1", "1", "2", "1", "2", "1", "1"],
            "event_type": ["view", "purchase", "view", "cart", "cart", "view", "cart"],
            "event_ts": [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 4, 2, 4, 5, 6, 7)],
        }
    )
    task = next_action(events, PRODUCTS)
    assert task.texts == ["view: Shoe", "cart: Shoe", "view: Lamp", "view: Shoe"]
    assert told(task) == {"action": ["cart", "purchase", "cart", "cart"]}


def test_validation_is_numbered_as_training_is_and_what_training_has_not_seen_is_unknown() -> None:
    trained = labelled("a", list("abcd"), {"category": ["light", "light", "wear", "wear"]})
    later = labelled("a", list("xyz"), {"category": ["wear", "garden", "light"], "brand": ["A", "A", "B"]})
    seen = like_trained(later, trained)
    assert told(seen) == {"category": ["wear", "", "light"]}
    nothing = labelled("a", ["x"], {})
    assert told(like_trained(nothing, trained)) == {"category": [""]}
