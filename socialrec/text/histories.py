"""Pairs of what a user did or said lately and the product that they took next: a two-tower model over one encoder.

The product's side is the vector of its text. The user's side is a mean of such vectors, of products and of own comments
(Covington, Adams and Sargin, "Deep neural networks for YouTube recommendations", RecSys 2016, section 3.2). The cosine
of a mean is the mean of the cosines but for its length, so each pair here has a single text of the user: that trains
the same mean, and a batch holds more negatives than it would with several texts in each pair.

At night the signals `content` and `own_words` are this user's side and `item_features.vector` is the product's. They
differ from the pairs in three points: a user's products count by affinity and not only the latest few, what customers
say of a product is part of its vector, and the centre of all products is subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import EventType
from socialrec.settings.text import TaskName
from socialrec.text.tasks import TextPairs
from socialrec.vectors.arrays import vocabulary

MAX_USERS = 5_000
"""Most users whose histories are learned from, the first in the order of `privacy.user_order`: a bound of memory."""
MAX_MOMENTS = 3
"""Newest products of a user that are taken as the next one."""
MAX_TEXTS = 4
"""Latest texts before such a moment, each in a pair of its own."""


class Step(NamedTuple):
    """Product that a user met for the first time, or a comment that they wrote; in order by user and time."""

    user: str
    time: datetime
    is_comment: bool
    product: str
    text: str


def next_product(comments: pa.Table, products: pa.Table, interactions: pa.Table) -> TextPairs:
    """Make the next-product task from rows of silver.comments, silver.products and silver.interactions.

    Each of a user's latest texts is paired with the text of the product that they met next and had not met before.
    Texts of the same moment and comments on that product are no history of it; undated rows and returns teach nothing.
    """
    met = interactions.filter(pc.field("event_ts").is_valid() & (pc.field("event_type") != EventType.RETURN.value))
    users = vocabulary(met["user_key"])[:MAX_USERS]
    steps = sorted([*_met(_of(users, met), products), *_said(_of(users, comments))])
    found = [pair for _, own in groupby(steps, key=attrgetter("user")) for pair in _pairs(list(own))]
    ids = np.array([step.product for _, step in found], dtype=str)
    numbers = np.unique(ids, return_inverse=True)[1].astype(np.int64)
    return TextPairs([text for text, _ in found], [step.text for _, step in found], numbers, TaskName.NEXT_PRODUCT)


def _of(users: pa.Array, rows: pa.Table) -> pa.Table:
    return rows.filter(pc.is_in(rows["user_key"], value_set=users))


def _met(events: pa.Table, products: pa.Table) -> Iterator[Step]:
    """First event of each user with each product that has a text."""
    texts = dict(zip(products["product_id"].to_pylist(), products["text"].to_pylist(), strict=True))
    first = events.group_by(["user_key", "product_id"]).aggregate([("event_ts", "min")])
    columns = (first[name].to_pylist() for name in ("user_key", "event_ts_min", "product_id"))
    for user, time, product in zip(*columns, strict=True):
        if text := texts.get(product):
            yield Step(user, time, False, product, text)


def _said(comments: pa.Table) -> Iterator[Step]:
    """Comments with words and a time."""
    dated = comments.filter(pc.field("created_ts").is_valid() & (pc.field("text") != ""))
    columns = (dated[name].to_pylist() for name in ("user_key", "created_ts", "product_id", "text"))
    for user, time, product, text in zip(*columns, strict=True):
        yield Step(user, time, True, product, text)


def _pairs(steps: Sequence[Step]) -> Iterator[tuple[str, Step]]:
    """Latest texts before each of one user's newest products, with that product, newest first."""
    moments = [step for step in reversed(steps) if not step.is_comment][:MAX_MOMENTS]
    for taken in moments:
        before = [step for step in steps if step.time < taken.time and step.product != taken.product]
        yield from ((step.text, taken) for step in reversed(before[-MAX_TEXTS:]))
