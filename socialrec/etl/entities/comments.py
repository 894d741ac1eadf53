"""Bronze comments to silver: pseudonyms, cleaned and masked texts with hash and language, lateness."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.days import Platforms
from socialrec.etl.entities.interactions import is_late
from socialrec.etl.identity import Identity
from socialrec.etl.keys import Keys
from socialrec.etl.repeats import RepeatRule
from socialrec.etl.wording.texts import language, text_hash, with_clean_texts
from socialrec.settings.etl import MaskSettings

OWNER = ("platform", "user_id", "product_id")
"""Columns in which all records of one id must agree; otherwise they conflict."""
CONTENT = ("text", "created_ts", "rating", "topic", "parent_comment_id")
"""Columns in which copies agree; of versions that differ the newest replaces the others."""

SAME_WORDS_KEY = ("user_key", "product_id", "text_hash")
"""Key of repeats: one user says the same of one product again under another comment id."""


def repeat_rule(keys: Keys) -> RepeatRule:
    """Rule for repeats: a comment may be edited by its author."""
    return RepeatRule(Entity.COMMENTS, keys.of(Entity.COMMENTS), OWNER, CONTENT, time="created_ts")


def clean_comments(
    bronze: DataFrame, identity: Identity, keys: Keys, masks: MaskSettings, platforms: Platforms
) -> DataFrame:
    """Clean the comments of `bronze`: one row each, the columns of silver.comments plus `source_file` and
    `source_line`.

    Personal data is masked as the settings say. The text is empty where there was none, or nothing but markup.
    """
    keyed = bronze.select(
        "comment_id",
        identity.user_key(F.col("platform"), F.col("user_id")).alias("user_key"),
        keys.product_id(),
        F.coalesce("text", F.lit("")).alias("text"),
        *("rating", "topic", "parent_comment_id"),
        *("created_ts", "platform", "ds", "source_file", "source_line"),
    )
    return with_clean_texts(keyed, {"text": masks}).withColumns(
        {
            "text_hash": text_hash(F.col("text")),
            "language": language(F.col("text")),
            "is_late": is_late(F.col("created_ts"), platforms),
        }
    )
