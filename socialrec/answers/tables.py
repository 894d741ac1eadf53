"""Columns of the tables that answering reads and makes."""

from __future__ import annotations

import pyarrow as pa

from socialrec.contracts.vocabulary import PassageSource
from socialrec.errors import UserError

STATED, PREDICTED, DESCRIPTION, COMMENT, ANSWER = (source.value for source in PassageSource)
SOURCES = (STATED, PREDICTED, DESCRIPTION, COMMENT, ANSWER)
"""Origins of a passage, in the order of the model's weights."""
ATTRIBUTE_SOURCES = frozenset({STATED, PREDICTED})

PASSAGES = pa.schema(
    [
        ("passage_id", pa.string()),
        ("product_id", pa.string()),
        ("category", pa.string()),
        ("source", pa.string()),
        ("place", pa.int32()),
        ("text", pa.string()),
        ("n_agreeing", pa.int32()),
        ("language", pa.string()),
    ]
)
QUESTIONS = pa.schema(
    [
        ("question_id", pa.string()),
        ("product_id", pa.string()),
        ("text", pa.string()),
        ("language", pa.string()),
        ("intent", pa.string()),
        ("intent_confidence", pa.float32()),
    ]
)
TEMPLATES = pa.schema([("intent", pa.string()), ("text", pa.string()), ("language", pa.string())])
ATTRIBUTES = pa.schema(
    [("product_id", pa.string()), ("attribute", pa.string()), ("value", pa.string()), ("confidence", pa.float32())]
)
PAIRS = pa.schema(
    [
        ("question_id", pa.string()),
        ("product_id", pa.string()),
        ("question", pa.string()),
        ("passage_id", pa.string()),
        ("passage", pa.string()),
        ("source", pa.string()),
        ("n_agreeing", pa.int32()),
        ("is_right", pa.bool_()),
    ]
)
"""Pairs to learn from: a question, a passage, and if the passage answers it."""
CITATION = pa.struct(
    [("passage_id", pa.string()), ("sentence", pa.int32()), ("start", pa.int32()), ("end", pa.int32())]
)
ANSWERS = pa.schema(
    [
        ("question_id", pa.string()),
        ("decision", pa.string()),
        ("reason", pa.string()),
        ("text", pa.string()),
        ("language", pa.string()),
        ("citations", pa.list_(CITATION)),
        ("confidence", pa.float32()),
        ("is_phrased", pa.bool_()),
    ]
)
"""Answers: `reason` is null except where a question is handed over; `text` is empty and `language` null there.

A citation names a passage, the number of its sentence in the text that it is from, and the characters of the passage
that are cited, from `start` to before `end`.
"""


def columns_of(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """Take the columns of a schema from a table, with its types. Raises UserError naming those that are missing."""
    if missing := [column for column in schema.names if column not in table.column_names]:
        raise UserError(f"the table of {name} lacks {', '.join(missing)}: it needs {', '.join(schema.names)}")
    return table.select(schema.names).cast(schema)
