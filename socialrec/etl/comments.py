"""Bronze comments to silver: pseudonyms, cleaned and masked texts with hash and language, lateness."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.etl.days import Platforms
from socialrec.etl.identity import Identity
from socialrec.etl.interactions import is_late
from socialrec.etl.wording import language, text_hash, with_clean_texts
from socialrec.settings import MaskSettings

KEY = ("comment_id",)
CONTENT = ("platform", "user_id", "product_id", "text", "created_ts", "rating", "topic", "parent_comment_id")
"""Records with one id are copies of each other where all of these agree."""

SAME_WORDS_KEY = ("user_key", "product_id", "text_hash")
"""Comments under other ids are copies too where one user says the same of one product again."""


def clean_comments(bronze: DataFrame, identity: Identity, masks: MaskSettings, platforms: Platforms) -> DataFrame:
    """One row a comment of `bronze`: the columns of silver.comments plus `source_file` and `source_line`.

    Personal data is masked as the settings say. The text is empty where there was none, or nothing but markup.
    """
    keyed = bronze.select(
        "comment_id",
        identity.user_key(F.col("platform"), F.col("user_id")).alias("user_key"),
        "product_id",
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
