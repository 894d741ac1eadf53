"""Cleaning of one text, for Spark and the ETL's benchmark; used for texts that need more than NFC."""

from __future__ import annotations

import re
import unicodedata

from socialrec.etl.wording.joiners import without_invisible
from socialrec.etl.wording.markup import without_markup
from socialrec.privacy.masking.personal_data import mask_text
from socialrec.settings.etl import MaskSettings

_BLANK = re.compile("[\\x00-\\x20\\x7f-\\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def cleaned(text: str, masks: MaskSettings) -> str:
    """Clean a text: NFC, no markup, no invisible characters, single spaces, personal data masked."""
    # First of all, as Spark does: a letter with its accent apart is a letter before a tag too. Entities may bring more.
    composed = unicodedata.normalize("NFC", text)
    visible = unicodedata.normalize("NFC", without_invisible(without_markup(composed)))
    return mask_text(_BLANK.sub(" ", visible).strip(" "), masks)
