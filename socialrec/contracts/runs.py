"""Names of DAGs, runs and files beside the lake that several programs share."""

NIGHTLY = "socialrec_nightly"
TRAIN = "socialrec_train"
ROLLBACK = "socialrec_rollback"
PRETRAIN = "socialrec_pretrain"
MAINTENANCE = "socialrec_maintenance"
ERASURE = "socialrec_erasure"
ANSWERS = "socialrec_answers"
TRAIN_ANSWERS = "socialrec_train_answers"
ROLLBACK_ANSWERS = "socialrec_rollback_answers"

LANDING_FILES = "landing files"
PUBLISHED_LISTS = "published lists"
PUBLISHED_ANSWERS = "published answers"

UNTRAINED = "untrained"
"""Version of the model of answers before one was trained."""
NEWEST_DAY = "CURRENT"
"""File in the export folder that names the newest published day."""


def training_of(run_id: str) -> str:
    """Make the id of the training run that a night waits for; also the name of its folder of receipts."""
    return f"for__{run_id}"
