"""Templates: the shop's own answers to what is asked often, with slots for what is known of the product."""

from socialrec.contracts.columns import Column, Form
from socialrec.contracts.entities.spec import ID_CHARS, TEXT_CHARS, EntitySpec, pick
from socialrec.contracts.vocabulary import Cadence, Entity

SLOT = r"\{[a-z][a-z_]*\}"
"""Pattern of a slot: in braces the name of the attribute that fills it."""
SLOTTED = Form(rf"(?:[^{{}}<>]|{SLOT})*", "plain text without markup, with slots such as `{brand}` in small letters")
LANGUAGE_CODE = Form("[a-z]{2}", "a code of two small letters, such as `en`")

COLUMNS = (
    Column("template_id", "string", "The source's identifier of the template", max_chars=ID_CHARS),
    Column("intent", "string", "What the question is about, in the shop's own words", max_chars=ID_CHARS),
    Column("text", "string", "The answer, with slots", max_chars=TEXT_CHARS, form=SLOTTED),
    Column("language", "string", "ISO 639-1 code", form=LANGUAGE_CODE),
    Column("is_active", "bool", "Whether it may be used; absent means yes", nullable=True),
    Column("updated_ts", "timestamp", "When it became valid; the newest wins", nullable=True),
)

SPEC = EntitySpec(
    entity=Entity.TEMPLATES,
    cadence=Cadence.SNAPSHOT,
    columns=COLUMNS,
    key=("template_id",),
    event_time="updated_ts",
    texts=("text",),
    row="a template's newest valid wording",
    silver_columns=(
        *pick(COLUMNS, "template_id", "intent"),
        Column("text", "string", "The answer, with slots, in NFC with single spaces", form=SLOTTED),
        *pick(COLUMNS, "language"),
        Column("is_active", "bool", "Whether it may be used"),
        *pick(COLUMNS, "updated_ts"),
    ),
    silver_key=("platform", "template_id"),
)
