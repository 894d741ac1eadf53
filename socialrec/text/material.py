"""Tables become tasks: what the shop's own comments, products and events teach an encoder."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.evaluate.split import Split, Until
from socialrec.text.tasks import MIN_EXAMPLES, Labelled, Pairs, Task, labelled
from socialrec.text_settings import TaskName

ATTRIBUTES = ("category", "brand")
COMMENT_COLUMNS = ("comment_id", "user_key", "product_id", "text", "created_ts", "rating")
PRODUCT_COLUMNS = ("product_id", "title", "description", "text", *ATTRIBUTES)
EVENT_COLUMNS = ("user_key", "product_id", "event_type", "event_ts")


def make_tasks(
    names: Sequence[TaskName], split: Split, *, comments: pa.Table, products: pa.Table, interactions: pa.Table
) -> tuple[list[Task], list[Task]]:
    """The named tasks from before the validation cut, and the same from the validation window.

    What a product is does not change at a cut: for attributes every tenth product is held out instead. Nothing from
    after the test cut is in either.
    """
    seen, unseen = _windows(split.training_comments, comments)
    events, later = _windows(split.training_interactions, interactions)
    is_tenth = [zlib.crc32(name.encode()) % 10 == 0 for name in products["product_id"].to_pylist()]
    held_out = pa.array(is_tenth, pa.bool_())
    training: list[Task] = []
    validation: list[Task] = []
    for name in names:
        known = other = products
        if name is TaskName.ATTRIBUTES:
            known, other = products.filter(pc.invert(held_out)), products.filter(held_out)
        training.append(task_of(name, seen, known, events))
        validation.append(like_trained(task_of(name, unseen, other, later), training[-1]))
    return training, validation


def _windows(evidence: Callable[[pa.Table, Until], pa.Table], rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows from before the validation cut, and those of the validation window."""
    numbered = rows.append_column("row", pa.array(range(len(rows)), pa.int64()))
    before, until_test = evidence(numbered, "validation"), evidence(numbered, "test")
    within = until_test.filter(pc.invert(pc.is_in(until_test["row"], before["row"].combine_chunks())))
    return before.drop_columns(["row"]), within.drop_columns(["row"])


def task_of(name: TaskName, comments: pa.Table, products: pa.Table, interactions: pa.Table) -> Task:
    """One task from rows of silver.comments, silver.products and silver.interactions, in an order of its own.

    Rows that lack a text are left out; values with fewer than two examples count as unknown.
    """
    if name is TaskName.RETRIEVAL:
        return pairs(comments, products)
    if name is TaskName.SENTIMENT:
        return sentiment(comments)
    if name is TaskName.ATTRIBUTES:
        return attributes(products)
    return next_action(interactions, products)


def like_trained(task: Task, trained: Task) -> Task:
    """A validation task with the classes of the one that is trained; other values are unknown."""
    if isinstance(task, Pairs) or isinstance(trained, Pairs):
        return task
    values = {
        output.name: [output.classes[label] if label >= 0 else "" for label in task.labels[:, place]]
        for place, output in enumerate(task.outputs)
    }
    return labelled(task.name, task.texts, values, trained.outputs)


def pairs(comments: pa.Table, products: pa.Table) -> Pairs:
    """Comments and the text of their product, in the order of comment ids."""
    described = products.select(["product_id", "text"]).rename_columns(["product_id", "product_text"])
    joined = comments.join(described, "product_id", join_type="inner").sort_by("comment_id")
    joined = joined.filter((pc.field("text") != "") & (pc.field("product_text") != ""))
    numbers = np.unique(np.asarray(joined["product_id"].to_pylist(), dtype=object).astype(str), return_inverse=True)[1]
    return Pairs(joined["text"].to_pylist(), joined["product_text"].to_pylist(), numbers.astype(np.int64))


def sentiment(comments: pa.Table) -> Labelled:
    """What was written, and whether the stars with it are few (1-2), 3 or many (4-5)."""
    rated = comments.filter(pc.field("rating").is_valid() & (pc.field("text") != "")).sort_by("comment_id")
    stars = rated["rating"].to_pylist()
    moods = ["negative" if star < 2.5 else "positive" if star > 3.5 else "neutral" for star in stars]
    return _task(TaskName.SENTIMENT, rated["text"].to_pylist(), {"sentiment": moods})


def attributes(products: pa.Table) -> Labelled:
    """A product's title and description, from which its category and brand are told where the shop states them."""
    rows = products.sort_by("product_id")
    words = zip(rows["title"].to_pylist(), rows["description"].to_pylist(), strict=True)
    texts = [f"{title}. {description}" if description else title for title, description in words]
    return _task(
        TaskName.ATTRIBUTES, texts, {name: [value or "" for value in rows[name].to_pylist()] for name in ATTRIBUTES}
    )


def next_action(interactions: pa.Table, products: pa.Table) -> Labelled:
    """What a user did last, on which product, and the product before them: what they do with it is to be told."""
    title = dict(zip(products["product_id"].to_pylist(), products["title"].to_pylist(), strict=True))
    order = [(name, "ascending") for name in ("user_key", "event_ts", "product_id", "event_type")]
    rows = interactions.filter(pc.field("event_ts").is_valid()).sort_by(order)
    users, ids, events = (rows[name].to_pylist() for name in ("user_key", "product_id", "event_type"))
    texts, actions = [], []
    for before, after in zip(range(len(users)), range(1, len(users)), strict=False):
        if users[before] == users[after] and ids[before] in title and ids[after] in title:
            texts.append(f"{events[before]} {title[ids[before]]}, then {title[ids[after]]}")
            actions.append(events[after])
    return _task(TaskName.NEXT_ACTION, texts, {"action": actions})


def _task(name: TaskName, texts: Sequence[str], values: dict[str, list[str]]) -> Labelled:
    common = {}
    for output, said in values.items():
        counts = Counter(said)
        common[output] = [value if counts[value] >= MIN_EXAMPLES else "" for value in said]
    return labelled(name, texts, common)
