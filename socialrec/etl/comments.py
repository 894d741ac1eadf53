"""Bronze comments to silver: pseudonyms, cleaned and masked texts with hash and language, lateness."""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import PersonalData
from socialrec.etl.days import Platforms
from socialrec.etl.identity import Identity
from socialrec.etl.interactions import is_late
from socialrec.etl.wording import clean_text, language, masked, text_hash

KEY = ("comment_id",)
CONTENT = ("platform", "user_id", "product_id", "text", "created_ts", "rating", "topic", "parent_comment_id")
"""Records with one id are copies of each other where all of these agree."""

SAME_WORDS_KEY = ("user_key", "product_id", "text_hash")
"""Comments under other ids are copies too where one user says the same of one product again."""


def clean_comments(
    bronze: DataFrame, identity: Identity, kinds: Collection[PersonalData], platforms: Platforms
) -> DataFrame:
    """One row a comment of `bronze`: the columns of silver.comments plus `source_file` and `source_line`.

    Personal data of these kinds is masked. The text is empty where there was none, or nothing but markup.
    """
    keyed = bronze.select(
        "comment_id",
        identity.user_key(F.col("platform"), F.col("user_id")).alias("user_key"),
        "product_id",
        masked(clean_text(F.coalesce("text", F.lit(""))), kinds).alias("text"),
        *("rating", "topic", "parent_comment_id", "created_ts", "platform", "ds", "source_file", "source_line"),
    )
    return keyed.withColumns(
        {
            "text_hash": text_hash(F.col("text")),
            "language": language(F.col("text")),
            "is_late": is_late(F.col("created_ts"), platforms),
        }
    )
