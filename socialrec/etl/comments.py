"""Bronze comments to silver: pseudonyms, cleaned and masked texts with hash and language, lateness."""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity, PersonalData
from socialrec.etl.identity import Identity
from socialrec.etl.interactions import is_late
from socialrec.etl.keys import Keys
from socialrec.etl.repeats import RepeatRule
from socialrec.etl.wording import clean_text, language, masked, text_hash

OWNER = ("platform", "user_id", "product_id")
"""Records with one id are versions of one comment where these agree, and conflicts where they do not."""
CONTENT = ("text", "created_ts", "rating", "topic", "parent_comment_id")
"""Versions are copies of each other where all of these agree; else the newest replaces the others."""

SAME_WORDS_KEY = ("user_key", "product_id", "text_hash")
"""Comments under other ids are copies too where one user says the same of one product again."""


def repeat_rule(keys: Keys) -> RepeatRule:
    """A comment may be edited by who wrote it."""
    return RepeatRule(Entity.COMMENTS, keys.of(Entity.COMMENTS), OWNER, CONTENT, time="created_ts")


def clean_comments(bronze: DataFrame, identity: Identity, keys: Keys, kinds: Collection[PersonalData]) -> DataFrame:
    """One row a comment of `bronze`: the columns of silver.comments plus `source_file` and `source_line`.

    Personal data of these kinds is masked. A text that was nothing but markup is left empty.
    """
    keyed = bronze.select(
        "comment_id",
        identity.user_key(F.col("platform"), F.col("user_id")).alias("user_key"),
        keys.product_id(),
        masked(clean_text(F.col("text")), kinds).alias("text"),
        *("rating", "topic", "parent_comment_id", "created_ts", "platform", "ds", "source_file", "source_line"),
    )
    return keyed.withColumns(
        {
            "text_hash": text_hash(F.col("text")),
            "language": language(F.col("text")),
            "is_late": is_late(F.col("created_ts")),
        }
    )
