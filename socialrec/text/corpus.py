"""Corpus of the shop's texts that a language model may read."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import TextKind
from socialrec.evaluate.split import Split

TEXT_COLUMNS = ("text_hash", "kind", "text")


def known_texts(split: Split, texts: pa.Table, comments: pa.Table) -> list[str]:
    """Select products' texts, and comments from before the validation cut, from gold.texts; in order of their hashes.

    Later comments are for measuring.
    """
    before = split.training_comments(comments)["text_hash"].combine_chunks()
    is_product = pc.equal(texts["kind"], TextKind.PRODUCT.value)
    is_known = pc.or_(is_product, pc.is_in(texts["text_hash"], before))
    known: list[str] = texts.filter(is_known).sort_by("text_hash")["text"].to_pylist()
    return known
