"""Bronze questions to silver: pseudonyms, cleaned and masked texts with hash and language, lateness."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.entities.base import SilverNight, SilverOutcome, build_events, is_late
from socialrec.etl.progress import IncrementalPlan
from socialrec.etl.wording.texts import with_hashed_text
from socialrec.lake import Stage


def build(night: SilverNight, roll: IncrementalPlan, stage: Stage) -> SilverOutcome:
    """Stage days of silver.questions."""

    def clean(bronze: DataFrame) -> DataFrame:
        keyed = bronze.withColumns(
            {
                "user_key": night.identity.user_key(F.col("platform"), F.col("user_id")),
                "product_id": night.keys.product_id(),
                "is_late": is_late(F.col("asked_ts"), night.platforms),
            }
        )
        return with_hashed_text(keyed, night.masks)

    return build_events(night, Entity.QUESTIONS, roll, stage, clean)
