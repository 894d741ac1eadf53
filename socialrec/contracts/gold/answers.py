"""Customer service: what may be cited, and the answers."""

from dataclasses import replace

from socialrec.contracts.columns import DS, PLATFORM, Column, Table
from socialrec.contracts.entities.spec import LANGUAGE, PRODUCT_ID, TEXT_HASH
from socialrec.contracts.vocabulary import (
    PassageSource,
)

PASSAGES = Table(
    layer="gold",
    noun="passages",
    row="one sentence that an answer may cite, with its place; empty where the shop has no questions",
    columns=(
        Column(
            "passage_id",
            "string",
            "SHA-256 of product (without one the platform), source and normalised words, 64 hex digits: the same in "
            "every home",
        ),
        replace(PRODUCT_ID, nullable=True),
        Column("category", "string", "The product's, as the shop names it, or else as predicted", nullable=True),
        Column("source", "string", "Where it comes from", choices=PassageSource),
        Column("place", "int32", "Number of the sentence in its text, from 0; 0 for an attribute", minimum=0),
        Column("text", "string", "One sentence; of those with the same words the newest"),
        Column(
            "n_agreeing",
            "int32",
            "Distinct users whose comments on the product, or answers about it, say it in the same words",
            minimum=1,
        ),
        Column("said_ts", "timestamp", "When it was said last", nullable=True),
        LANGUAGE,
        TEXT_HASH,
        PLATFORM,
        DS,
    ),
    key=("passage_id",),
    partition="ds",
    writers=("build_passages",),
    is_snapshot=True,
)
