"""Which texts a language model may read, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from socialrec.evaluate.split import make_split
from socialrec.settings import EvaluateSettings
from socialrec.text.corpus import known_texts


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def test_products_and_comments_from_before_the_validation_cut_are_known_and_nothing_else() -> None:
    """Of ten events the last two are held out, so that the cut lies at the ninth of January."""
    events = pa.table(
        {
            "user_key": ["u"] * 10,
            "product_id": [f"p{number}" for number in range(10)],
            "event_type": ["click"] * 10,
            "event_ts": [day(number) for number in range(1, 11)],
        }
    )
    split = make_split(events, EvaluateSettings())
    assert split.validation_cut == day(9)
    comments = pa.table(
        {
            "user_key": ["u"] * 4,
            "product_id": ["p1"] * 4,
            "created_ts": [day(8), day(9), None, day(2)],
            "text_hash": ["early", "late", "undated", "as product"],
        }
    )
    kinds = {"late": "comment", "undated": "comment", "early": "comment", "as product": "product"}
    texts = pa.table({"text_hash": [*kinds, "b"], "kind": [*kinds.values(), "product"], "text": [*"1234", "6"]})
    assert known_texts(split, texts, comments) == ["4", "6", "3"]
