"""Pseudonyms of users: HMAC-SHA256 (RFC 2104) of platform and id under the home's secret key, in Spark built-ins."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from socialrec.errors import UserError

KEY_FILE = "identity.key"
_KEY_BYTES = 32
_BLOCK_BYTES = 64


def identity_key(folder: Path) -> bytes:
    """The secret key of 32 bytes in this folder, made on first use, readable by its owner alone.

    Raises UserError where the file does not hold 64 hex digits.
    """
    file = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / f".{KEY_FILE}.{os.getpid()}"
    if not file.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            handle.write(secrets.token_hex(_KEY_BYTES))
        try:
            os.link(fresh, file)  # whole or not at all, and never over another process's key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    text = file.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(rf"[0-9a-fA-F]{{{2 * _KEY_BYTES}}}", text):
        raise UserError(f"{file} does not hold {2 * _KEY_BYTES} hex digits; put the backed-up key there")
    return bytes.fromhex(text)


@dataclass(frozen=True)
class Identity:
    """Makes pseudonyms. The key reaches Spark as one row of data, never as a literal that plans and logs would show."""

    inner: Column
    outer: Column

    @classmethod
    def of(cls, spark: SparkSession, key: bytes) -> Identity:
        """An identity under a key of at most 64 bytes."""
        block = key.ljust(_BLOCK_BYTES, b"\0")
        pads = pa.table({"inner": [bytes(b ^ 0x36 for b in block)], "outer": [bytes(b ^ 0x5C for b in block)]})
        row = spark.createDataFrame(pads)
        return cls(row.select("inner").scalar(), row.select("outer").scalar())

    def user_key(self, platform: Column, user_id: Column) -> Column:
        """64 hex digits: HMAC-SHA256 over the UTF-8 bytes of `<platform>:<user_id>`."""
        message = F.concat(platform, F.lit(":"), user_id).cast("binary")
        inner = F.unhex(F.sha2(F.concat(self.inner, message), 256))
        return F.sha2(F.concat(self.outer, inner), 256)
