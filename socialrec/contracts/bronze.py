"""Bronze and quarantine: every record that landed, as it landed, or rejected with a reason."""

from socialrec.contracts.columns import DS, PLATFORM, Column, Table
from socialrec.contracts.entities import ENTITIES, EVENTS
from socialrec.contracts.vocabulary import Entity, PictureReason, QuarantineReason, QuarantineStage

SOURCE_FILE = Column("source_file", "string", "The landing file, relative to the landing folder")
SOURCE_LINE = Column(
    "source_line", "int64", "The record's first line in a text file, its row in Parquet, from 1", minimum=1
)

BRONZE: dict[Entity, Table] = {
    entity: Table(
        layer="bronze",
        noun=entity.value,
        row="a record as landed, plus source file, line and ingest time",
        columns=(
            *spec.columns,
            PLATFORM,
            SOURCE_FILE,
            SOURCE_LINE,
            Column("ingested_ts", "timestamp", "When the ingest job read it"),
            DS,
        ),
        key=("source_file", "source_line"),
        partition="ds",
        writers=("ingest_landing",),
    )
    for entity, spec in ENTITIES.items()
}

LANDED_DAYS = BRONZE[Entity.INTERACTIONS]
"""The table that is asked which landing days were taken in: ingest commits a day to all tables of bronze."""

QUARANTINE: dict[Entity, Table] = {
    entity: Table(
        layer="quarantine",
        noun=entity.value,
        row="a rejected record, whole, with the reason",
        columns=(
            Column("reason", "string", "Why it was rejected", choices=QuarantineReason),
            Column("detail", "string", "Which column, and what it held"),
            Column("stage", "string", "Which job rejected it", choices=QuarantineStage),
            Column(
                "record",
                "string",
                "The record as it landed, whole: JSON by column, or the raw line; empty where it is an erased user's",
            ),
            PLATFORM,
            SOURCE_FILE,
            SOURCE_LINE,
            DS,
        ),
        key=("source_file", "source_line"),
        partition="ds",
        writers=("ingest_landing", "build_silver") if entity in EVENTS else ("ingest_landing",),
    )
    for entity in ENTITIES
}

PICTURE_HASH = Column("picture_hash", "string", "SHA-256 of the picture as `lake/pictures` keeps it, 64 hex digits")
_PICTURE_FILE = Column("source_file", "string", "The file that products name, relative to the landing folder")

BRONZE_PICTURES = Table(
    layer="bronze",
    noun="pictures",
    row="a picture that landed, or a frame of a video; its pixels lie in `lake/pictures`",
    columns=(
        _PICTURE_FILE,
        Column("frame", "int32", "Place among the frames of a video, from 0; 0 of a picture", minimum=0),
        PICTURE_HASH,
        PLATFORM,
        DS,
    ),
    key=("source_file", "frame"),
    partition="ds",
    writers=("ingest_landing",),
)

QUARANTINED_PICTURES = Table(
    layer="quarantine",
    noun="pictures",
    row="a file that products name as a picture or video, and that is none that can be read, with the reason",
    columns=(
        Column("reason", "string", "Why it was rejected", choices=PictureReason),
        Column("detail", "string", "What was found, and what to do"),
        _PICTURE_FILE,
        PLATFORM,
        DS,
    ),
    key=("source_file",),
    partition="ds",
    writers=("ingest_landing",),
)
