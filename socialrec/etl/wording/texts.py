"""Clean texts in Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from socialrec.contracts.vocabulary import PersonalData
from socialrec.etl.wording.cleaning import cleaned
from socialrec.etl.wording.languages import language
from socialrec.privacy.masking.personal_data import mask_of
from socialrec.settings.etl import MaskSettings

SPECIAL = (
    # Markup, and invisible characters.
    r"&[#A-Za-z]|<[!?/A-Za-z]|\]\]>|[\p{Cf}\x{FFFE}\x{FFFF}]"
    # Personal data: a mail address, seven digits or more, an address with a postcode, a street or a box.
    r"|[@\x{FF20}]|\p{Nd}(?:[^\p{L}\p{Nd}]{0,3}\p{Nd}){6}"
    r"|[A-Z]{2},? [0-9]{5}|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}"
    r"|(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|gasse|allee|weg|platz|damm|ring|ufer) ?[0-9]"
    r"|[0-9] ?(?:bis|ter)?,? (?:rue|avenue|boulevard|chemin|impasse|quai) |Box [0-9]|Postfach [0-9]"
    # A Chinese address, a messenger's name and a word before a person's.
    r"|[\p{Nd}一二三四五六七八九十百][号#]?[号弄栋幢座楼]"
    r"|微信|威信|薇信|[vV]信|[vVwW][xX]|[vV][:\x{FF1A}号]|[qQ]{2}|扣扣|企鹅|收件|收货|收貨|联系人|聯繫人|聯絡人|姓名"
    r"|[证證]件|身份[证證]|[银銀]行卡|储蓄卡|信用卡|卡[号號]"
)
"""Pattern for Java and RE2 that matches every text which `cleaning.cleaned` changes."""

BLANK = r"[\s\p{Z}\p{Cc}]+"


def with_clean_texts(rows: DataFrame, masks: Mapping[str, MaskSettings]) -> DataFrame:
    """Clean these columns of the rows; null stays null.

    A clean text is in NFC, without markup and invisible characters, with single spaces, and personal data masked as the
    column's settings say. Most texts need no more than NFC and single spaces, and never leave the Java program; the
    others are read by `cleaning.cleaned`. Composition is ICU's, which Spark carries.
    """
    # Two steps: in one expression Spark would compose every text twice.
    spaced = rows.withColumns({name: _spaced(F.col(name)) for name in masks})
    return spaced.withColumns({name: _cleaned(F.col(name), each) for name, each in masks.items()})


def with_hashed_text(rows: DataFrame, masks: MaskSettings) -> DataFrame:
    """Clean the column `text`, and add the clean text's `text_hash` and `language`."""
    cleaned = with_clean_texts(rows, {"text": masks})
    return cleaned.withColumns({"text_hash": text_hash(F.col("text")), "language": language("text")})


def _spaced(text: Column) -> Column:
    composed = F.java_method(F.lit("com.ibm.icu.text.Normalizer"), F.lit("compose"), text, F.lit(False))
    return F.when(text.isNotNull(), F.trim(F.regexp_replace(composed, BLANK, " ")))


def _cleaned(text: Column, masks: MaskSettings) -> Column:
    return F.coalesce(_cleaner(masks)(F.when(text.rlike(SPECIAL), text)), text)


def _cleaner(masks: MaskSettings) -> Callable[[Column], Column]:
    def clean_all(texts: pa.Array) -> pa.Array:
        return pa.array([None if text is None else cleaned(text, masks) for text in texts.to_pylist()], pa.string())

    # The stub asks for the kind of function, which its annotations already say.
    cleaner: Callable[[Column], Column] = arrow_udf(clean_all, "string")  # type: ignore[call-overload]
    return cleaner


def with_mask(text: Column, kind: PersonalData) -> Column:
    """Count texts that contain the mask of a kind."""
    return F.count_if(F.contains(text, F.lit(mask_of(kind))))


def text_hash(text: Column) -> Column:
    """SHA-256 of the text, 64 hex digits."""
    return F.sha2(text, 256)
