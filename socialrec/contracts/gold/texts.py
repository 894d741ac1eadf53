"""Texts to encode, and the vectors of texts and pictures."""

from socialrec.contracts.bronze import PICTURE_HASH
from socialrec.contracts.columns import DS, PLATFORM, Column, FixedListOf, Table
from socialrec.contracts.entities.spec import TEXT_HASH
from socialrec.contracts.vocabulary import (
    TextKind,
)

ENCODER_VERSION = Column("encoder_version", "string", "Which weights, adapter, pooling, length, prompt made the vector")

TEXTS = Table(
    layer="gold",
    noun="texts",
    row="one distinct text to encode, on the day it first appeared",
    columns=(
        TEXT_HASH,
        Column("kind", "string", "Where it was first seen", choices=TextKind),
        Column("text", "string", "The text itself"),
        Column("language", "string", "ISO 639-1 code, or `und`"),
        PLATFORM,
        DS,
    ),
    key=("text_hash",),
    partition="ds",
    writers=("build_gold",),
)

TEXT_EMBEDDINGS = Table(
    layer="gold",
    noun="text_embeddings",
    row="one text under one encoder version",
    columns=(
        TEXT_HASH,
        Column("embedding", FixedListOf("float32"), "Unit vector, as long as the encoder makes them"),
        ENCODER_VERSION,
    ),
    key=("text_hash", "encoder_version"),
    partition="encoder_version",
    writers=("embed_texts", "embed_passages", "predict_insights"),
)

PICTURE_EMBEDDINGS = Table(
    layer="gold",
    noun="picture_embeddings",
    row="one distinct picture under one encoder version",
    columns=(
        PICTURE_HASH,
        Column("embedding", FixedListOf("float32"), "Unit vector, as long as the encoder makes them"),
        ENCODER_VERSION,
    ),
    key=("picture_hash", "encoder_version"),
    partition="encoder_version",
    writers=("embed_images",),
)

ALIGNED_PICTURES = Table(
    layer="gold",
    noun="aligned_pictures",
    row="one distinct picture in the space of one text encoder",
    columns=(
        PICTURE_HASH,
        Column("embedding", FixedListOf("float32"), "Unit vector: direction among texts, from the centre of products"),
        ENCODER_VERSION,
    ),
    key=("picture_hash", "encoder_version"),
    partition="encoder_version",
    writers=("embed_texts",),
)
