"""Tasks made from tables: training examples for an encoder from the shop's own comments, products and events."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import EventType
from socialrec.evaluate.split import Split, Until
from socialrec.settings.text import TaskName
from socialrec.text.conversations import Conversations, conversation_task
from socialrec.text.histories import next_product
from socialrec.text.tasks import MIN_EXAMPLES, MISSING, Ints, Labelled, Task, TextPairs, labelled

ATTRIBUTES = ("category", "brand")
CONVERSATION_TASKS = frozenset({TaskName.INTENT, TaskName.ANSWERS_QUESTION})
COMMENT_COLUMNS = ("comment_id", "user_key", "product_id", "text", "text_hash", "created_ts", "rating", "topic")
PRODUCT_COLUMNS = ("product_id", "title", "description", "text", "pictures", *ATTRIBUTES)
EVENT_COLUMNS = ("user_key", "product_id", "event_type", "event_ts", "quantity", "platform")


def make_tasks(
    names: Sequence[TaskName],
    split: Split,
    *,
    comments: pa.Table,
    products: pa.Table,
    interactions: pa.Table,
    conversations: Conversations | None = None,
) -> tuple[list[Task], list[Task]]:
    """Make the named tasks from before the validation cut, and the same from the validation window.

    Attributes of a product have no time: every tenth product is held out instead. Nothing from
    after the test cut is in either. A shop without questions has no tasks of conversations.
    """
    seen, unseen = _windows(split.training_comments, comments)
    events, later = _windows(split.training_interactions, interactions)
    held_out = pa.array(held_out_products(products))
    training: list[Task] = []
    validation: list[Task] = []
    asked, later_asked = (None, None) if conversations is None else conversations.windows(split)
    for name in names:
        if name in CONVERSATION_TASKS:
            if asked is not None and later_asked is not None:
                training.append(without_rare(conversation_task(name, asked)))
                validation.append(like_trained(conversation_task(name, later_asked), training[-1]))
            continue
        known = other = products
        if name is TaskName.ATTRIBUTES:
            known, other = products.filter(pc.invert(held_out)), products.filter(held_out)
        training.append(without_rare(task_of(name, seen, known, events)))
        validation.append(like_trained(task_of(name, unseen, other, later), training[-1]))
    return training, validation


def held_out_products(products: pa.Table) -> npt.NDArray[np.bool_]:
    """Find the tenth of the products whose attributes nothing learns from, bool (n_products,)."""
    return np.array(
        [zlib.crc32(name.encode()) % 10 == 0 for name in products["product_id"].to_pylist()], dtype=np.bool_
    )


def _windows(evidence: Callable[[pa.Table, Until], pa.Table], rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows from before the validation cut, and those of the validation window."""
    numbered = rows.append_column("row", pa.array(range(len(rows)), pa.int64()))
    before, until_test = evidence(numbered, "validation"), evidence(numbered, "test")
    within = until_test.filter(pc.invert(pc.is_in(until_test["row"], before["row"].combine_chunks())))
    return before.drop_columns(["row"]), within.drop_columns(["row"])


def validation_window(split: Split, comments: pa.Table) -> pa.Table:
    """Comments of the validation window."""
    return _windows(split.training_comments, comments)[1]


def task_of(name: TaskName, comments: pa.Table, products: pa.Table, interactions: pa.Table) -> Task:
    """Make one task from rows of silver.comments, silver.products and silver.interactions, in a fixed order.

    Rows that lack a text are left out.
    """
    if name is TaskName.RETRIEVAL:
        return pairs(comments, products)
    if name is TaskName.SENTIMENT:
        return sentiment(comments)
    if name is TaskName.TOPIC:
        return topic(comments)
    if name is TaskName.ATTRIBUTES:
        return attributes(products)
    if name is TaskName.NEXT_PRODUCT:
        return next_product(comments, products, interactions)
    return next_action(interactions, products)


def without_rare(task: Task) -> Task:
    """Reduce a task to learnable values: those with fewer than two examples become unknown, outputs with one value are
    dropped.
    """
    if isinstance(task, TextPairs):
        return task
    kept = {}
    for output, said in _values(task).items():
        counts = Counter(said)
        common = [value if counts[value] >= MIN_EXAMPLES else "" for value in said]
        if len(set(common) - {""}) > 1:
            kept[output] = common
    return labelled(task.name, task.texts, kept)


def like_trained(task: Task, trained: Task) -> Task:
    """Convert a validation task to the classes of the trained one; other values are unknown."""
    if isinstance(task, TextPairs) or isinstance(trained, TextPairs):
        return task
    values = _values(task)
    unknown = [""] * len(task)
    shared = {output.name: values.get(output.name, unknown) for output in trained.outputs}
    return labelled(task.name, task.texts, shared, trained.outputs)


def _values(task: Labelled) -> dict[str, list[str]]:
    """Values of each output by text, an empty string where unknown."""
    return {
        output.name: [output.classes[label] if label != MISSING else "" for label in task.labels[:, place]]
        for place, output in enumerate(task.outputs)
    }


def pairs(comments: pa.Table, products: pa.Table) -> TextPairs:
    """Make pairs of comments and the text of their product, in the order of comment ids and texts."""
    described = products.select(["product_id", "text"]).rename_columns(["product_id", "product_text"])
    joined = comments.join(described, "product_id", join_type="inner")
    joined = joined.sort_by([(name, "ascending") for name in ("comment_id", "text", "product_text")])
    joined = joined.filter((pc.field("text") != "") & (pc.field("product_text") != ""))
    numbers = np.unique(np.asarray(joined["product_id"].to_pylist(), dtype=object).astype(str), return_inverse=True)[1]
    return TextPairs(joined["text"].to_pylist(), joined["product_text"].to_pylist(), numbers.astype(np.int64))


def sentiment(comments: pa.Table) -> Labelled:
    """Make the sentiment task: comments labelled by their stars as few (1-2), 3 or many (4-5)."""
    rated = comments.filter(pc.field("rating").is_valid() & (pc.field("text") != "")).sort_by("comment_id")
    return labelled(
        TaskName.SENTIMENT, rated["text"].to_pylist(), {"sentiment": sentiment_from_rating(rated["rating"]).to_pylist()}
    )


def sentiment_from_rating(stars: pa.ChunkedArray) -> pa.ChunkedArray:
    """`negative` (below 2.5), `neutral` or `positive` (above 3.5) by stars; null where there are none."""
    return pc.if_else(pc.less(stars, 2.5), "negative", pc.if_else(pc.greater(stars, 3.5), "positive", "neutral"))


def topic(comments: pa.Table) -> Labelled:
    """Make the topic task: comments labelled by the topic that the shop states."""
    named = comments.filter(pc.is_valid(blank_to_null(comments["topic"]))).filter(pc.field("text") != "")
    rows = named.sort_by("comment_id")
    return labelled(TaskName.TOPIC, rows["text"].to_pylist(), {"topic": blank_to_null(rows["topic"]).to_pylist()})


def blank_to_null(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strip spaces from the shop's values; blank ones become null."""
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def attributes(products: pa.Table) -> Labelled:
    """Make the attributes task: a product's text without some of its stated attributes, which are to be predicted.

    Every subset of the stated attributes is left out once, so that a text looks like that of a product for which the
    shop states only the others: gold.texts has such texts, and their vectors predict what is not stated.
    """
    texts: list[str] = []
    values: dict[str, list[str]] = {name: [] for name in ATTRIBUTES}
    for row in products.sort_by("product_id").to_pylist():
        for text, told in _without_stated(row):
            texts.append(text)
            for name, said in values.items():
                said.append(told.get(name, ""))
    return labelled(TaskName.ATTRIBUTES, texts, values)


def stated_values(products: pa.Table, attribute: str) -> list[str]:
    """Value of each product that the shop states, an empty string where it states none."""
    return [(value or "").strip() for value in products[attribute].to_pylist()]


def texts_without_stated(products: pa.Table, rows: Sequence[int] | Ints) -> list[tuple[int, str, dict[str, str]]]:
    """Texts of these products without each subset of their stated attributes: the product's row, the text, and the
    values that were left out.
    """
    described = products.select(["text", *ATTRIBUTES]).take(pa.array(rows, pa.int64())).to_pylist()
    return [
        (int(row), text, told) for row, one in zip(rows, described, strict=True) for text, told in _without_stated(one)
    ]


def _without_stated(row: dict[str, str | None]) -> Iterator[tuple[str, dict[str, str]]]:
    """Texts of a product without each subset of its stated attributes, and the values left out."""
    said = {name: value for name in ATTRIBUTES if (value := (row[name] or "").strip())}
    for size in range(1, len(said) + 1):
        for names in combinations(said, size):
            text = row["text"] or ""
            for name in names:
                # Assembled as in silver.products; a value that cleaning changed would otherwise stay in.
                before, found, after = text.partition(f". {said[name]}")
                text = before + after if found else ""
            if text:
                yield text, {name: said[name] for name in names}


def next_action(interactions: pa.Table, products: pa.Table) -> Labelled:
    """Make the next-action task: a user's last event with a product as text, labelled by the next event, if any."""
    title = dict(zip(products["product_id"].to_pylist(), products["title"].to_pylist(), strict=True))
    rows = in_order(interactions.filter(pc.field("event_ts").is_valid()))
    pairs = list(zip(rows["user_key"].to_pylist(), rows["product_id"].to_pylist(), strict=True))
    events = rows["event_type"].to_pylist()
    texts, actions = [], []
    for place in range(1, len(pairs)):
        if pairs[place - 1] == pairs[place] and (named := title.get(pairs[place][1])):
            texts.append(behaviour_text(events[place - 1], named))
            actions.append(events[place])
    return labelled(TaskName.NEXT_ACTION, texts, {"action": actions})


def in_order(interactions: pa.Table) -> pa.Table:
    """Sort dated events by user, product and time; simultaneous ones in the order of `EventType`."""
    kinds = pa.array([kind.value for kind in EventType])
    ranked = interactions.append_column("rank", pc.index_in(interactions["event_type"], kinds))
    order = [(name, "ascending") for name in ("user_key", "product_id", "event_ts", "rank")]
    return ranked.sort_by(order).drop_columns(["rank"])


def behaviour_text(event_type: str, title: str) -> str:
    """Describe the last event of a user with a product in words: the same for training and prediction."""
    return f"{event_type}: {title}"
