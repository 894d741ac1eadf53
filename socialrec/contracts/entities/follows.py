"""Follows: which user follows which, from when until when."""

from socialrec.contracts.columns import Column
from socialrec.contracts.entities.spec import ID_CHARS, EntitySpec, pick
from socialrec.contracts.vocabulary import Cadence, Entity

COLUMNS = (
    Column("follower_id", "string", "Who follows", max_chars=ID_CHARS),
    Column("followee_id", "string", "Who is followed", max_chars=ID_CHARS),
    Column("since_ts", "timestamp", "From when, UTC; absent where the source does not know", nullable=True),
    Column("until_ts", "timestamp", "Until when; absent while it lasts", nullable=True),
)

SPEC = EntitySpec(
    entity=Entity.FOLLOWS,
    cadence=Cadence.SNAPSHOT,
    columns=COLUMNS,
    key=("follower_id", "followee_id"),
    event_time="since_ts",
    users=("follower_id", "followee_id"),
    must_differ=("follower_id", "followee_id"),
    row="one directed edge, from when until when",
    silver_columns=(
        Column("follower_key", "string", "Pseudonym of the user who follows"),
        Column("followee_key", "string", "Pseudonym of the user who is followed"),
        *pick(COLUMNS, "since_ts", "until_ts"),
    ),
    silver_key=("follower_key", "followee_key"),
)
