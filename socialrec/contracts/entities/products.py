"""Products: what a shop sells, as the newest description of each says."""

from socialrec.contracts.columns import Column, ListOf
from socialrec.contracts.entities.spec import ID_CHARS, PRODUCT_ID, TEXT_CHARS, TEXT_HASH, EntitySpec, pick
from socialrec.contracts.vocabulary import Cadence, Entity

COLUMNS = (
    Column("product_id", "string", "The source's identifier of the product", max_chars=ID_CHARS),
    Column("title", "string", "Name as the shop shows it", max_chars=TEXT_CHARS),
    Column("description", "string", "Free text", nullable=True, max_chars=TEXT_CHARS),
    Column("category", "string", "The shop's own category", nullable=True, max_chars=ID_CHARS),
    Column("brand", "string", "Maker or label", nullable=True, max_chars=ID_CHARS),
    Column("price_cents", "int64", "Price in hundredths of the currency", nullable=True, minimum=0),
    Column("currency", "string", "ISO 4217 code", nullable=True, max_chars=3),
    Column("is_active", "bool", "Whether it may be recommended; absent means yes", nullable=True),
    Column("updated_ts", "timestamp", "When this description became valid; the newest wins", nullable=True),
    Column(
        "images",
        ListOf("string"),
        "Files of its pictures and short videos, the most telling first: paths below the day's folder, such as "
        "`images/p123-1.png`",
        nullable=True,
        max_chars=TEXT_CHARS,
    ),
)

SPEC = EntitySpec(
    entity=Entity.PRODUCTS,
    cadence=Cadence.SNAPSHOT,
    columns=COLUMNS,
    key=("product_id",),
    event_time="updated_ts",
    texts=("title", "description"),
    row="a product's newest valid description",
    silver_columns=(
        PRODUCT_ID,
        *pick(COLUMNS, "title", "description", "category", "brand", "price_cents", "currency"),
        Column("is_active", "bool", "Whether it may be recommended"),
        *pick(COLUMNS, "updated_ts"),
        Column(
            "text",
            "string",
            "Title, category, brand and description, as one clean text to encode; the description masked",
        ),
        TEXT_HASH,
        Column(
            "pictures",
            ListOf("string"),
            "SHA-256 of its pictures and its videos' frames as `lake/pictures` keeps them, the most telling first",
            nullable=True,
        ),
        Column("first_seen_ds", "string", "The landing day on which it first appeared"),
    ),
    silver_key=("product_id",),
)
