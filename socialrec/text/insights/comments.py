"""Insights into comments: sentiment, topic and aspects, with how sure each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import COMMENT_INSIGHTS
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.settings.text import TaskName
from socialrec.text.insights.night import InsightNight, shaped
from socialrec.text.material import blank_to_null, sentiment_from_rating
from socialrec.text.understanding.aspects import aspect_columns
from socialrec.text.understanding.prediction import confidence_of


def build(night: InsightNight, days: Sequence[str]) -> pa.Table:
    """Make gold.comment_insights of these landing days."""
    names = ("comment_id", "text", "text_hash", "rating", "topic", "platform", "ds")
    comments = night.lake.read(SILVER_COMMENTS, days, names)
    # Stars without text have no vector.
    worded = comments.filter(pc.field("text") != "")
    predictions = night.predicted([TaskName.SENTIMENT, TaskName.TOPIC], worded["text_hash"])
    return comment_insights(comments, predictions, night.aspects, night.version)


def comment_insights(
    comments: pa.Table, predictions: pa.Table, words: Mapping[str, Sequence[str]], encoder_version: str
) -> pa.Table:
    """Make rows of gold.comment_insights for rows of silver.comments.

    Sentiment is that of the writer's stars, with confidence 1, and topic that of the shop; what neither says comes from
    `predictions`, by text_hash.
    """
    known = predictions.take(pc.index_in(comments["text_hash"], predictions["text_hash"].combine_chunks()))
    columns = {name: comments[name] for name in ("comment_id", "platform", "ds")}
    stars, predicted = sentiment_from_rating(comments["rating"]), set(known.column_names)
    for name, said in (("sentiment", stars), ("topic", blank_to_null(comments["topic"]))):
        columns[name] = pc.coalesce(said, known[name]) if name in predicted else said
    confidence = confidence_of("sentiment")
    sure = known[confidence] if confidence in predicted else pa.nulls(len(comments), pa.float32())
    columns[confidence] = pc.if_else(pc.is_valid(stars), pa.scalar(1, pa.float32()), sure)
    said = aspect_columns(comments["text"], columns["sentiment"], words)
    columns |= {name: said[name] for name in said.column_names}
    columns["encoder_version"] = pa.array([encoder_version] * len(comments), pa.string())
    return shaped(columns, COMMENT_INSIGHTS)
