"""Pseudonyms of users, as `socialrec.privacy.pseudonyms` makes them, in Spark built-ins."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

_BLOCK_BYTES = 64


@dataclass(frozen=True)
class Identity:
    """Maker of pseudonyms. The key reaches Spark as one row of data, never as a literal that plans and logs
    would show.
    """

    inner: Column
    outer: Column

    @classmethod
    def of(cls, spark: SparkSession, key: bytes) -> Identity:
        """Make an identity under a key of at most 64 bytes."""
        block = key.ljust(_BLOCK_BYTES, b"\0")
        pads = pa.table({"inner": [bytes(b ^ 0x36 for b in block)], "outer": [bytes(b ^ 0x5C for b in block)]})
        row = spark.createDataFrame(pads)
        return cls(row.select("inner").scalar(), row.select("outer").scalar())

    def user_key(self, platform: Column, user_id: Column) -> Column:
        """Pseudonym, 64 hex digits: HMAC-SHA256 over the UTF-8 bytes of `<platform>:<user_id>`."""
        message = F.concat(platform, F.lit(":"), user_id).cast("binary")
        inner = F.unhex(F.sha2(F.concat(self.inner, message), 256))
        return F.sha2(F.concat(self.outer, inner), 256)
