"""Params: the values that a person may change from run to run. All others are settings."""

from __future__ import annotations

from airflow.sdk import Param

LANDING_DAY, RECOMMENDER_VERSION, ANSWERS_VERSION = "landing-day", "recommender-version", "answers-version"
"""Formats beyond JSON Schema's own; `socialrec/local_stack/airflow_plugins/` checks them before a run is made."""

DS = Param(
    default=None,
    type=["null", "string"],
    format="date",
    allOf=[{"format": LANDING_DAY}],
    title="Day",
    description="Landing day to work on, not in the future. It wins over Logical Date. Empty: the scheduled day, or "
    "yesterday (UTC) if triggered by hand.",
)
SAMPLE = Param(
    default=1,
    type="number",
    exclusiveMinimum=0,
    maximum=1,
    title="Sample",
    description="Share of users to score, above 0 and at most 1. Below 1 nothing is published.",
)
DRY_RUN = Param(
    default=False,
    type="boolean",
    title="Dry run",
    description="Compute and check everything; publish and promote nothing.",
)
MODEL_VERSION = Param(
    default=None,
    type=["null", "string"],
    pattern="^[1-9][0-9]*$",
    format=RECOMMENDER_VERSION,
    title="Model version",
    description="Registered version of socialrec-recommender to score with. Empty: the champion.",
)
TUNING_TRIALS = Param(
    default=None,
    type=["null", "integer"],
    minimum=0,
    maximum=1_000,
    title="Tuning trials",
    description="Most settings to try on the validation window, 0 to 1,000. Empty: recommend.tuning_trials.",
)
EARLIER_VERSION = Param(
    default=None,
    type=["null", "string"],
    pattern="^[1-9][0-9]*$",
    format=RECOMMENDER_VERSION,
    title="Model version",
    description="Registered version of socialrec-recommender to go back to. Empty: the champion before this one.",
)
EARLIER_ANSWERS = Param(
    default=None,
    type=["null", "string"],
    pattern="^[1-9][0-9]*$",
    format=ANSWERS_VERSION,
    title="Model version",
    description="Registered version of socialrec-answers to go back to. Empty: the champion before this one, or the "
    "untrained model before the first one.",
)
REASON = Param(
    type="string",
    minLength=1,
    pattern=r"\S",
    title="Reason",
    description="Reason, recorded with the decision.",
)
FROM_SCRATCH = Param(
    default=False,
    type="boolean",
    title="From scratch",
    description="Make a new model of the sizes in the settings' section pretrain instead of starting from one.",
)
STEPS = Param(
    default=None,
    type=["null", "integer"],
    minimum=1,
    maximum=1_000_000,
    title="Steps",
    description="Most steps, 1 to 1,000,000; it stops early if held-out texts no longer gain. Empty: "
    "pretrain.train_steps.",
)
QUESTION = Param(
    default=None,
    type=["null", "string"],
    maxLength=1_000,
    title="Question",
    description="One question to answer now; nothing is written. Empty: all open questions of the day.",
)
PRODUCT = Param(
    default=None,
    type=["null", "string"],
    maxLength=200,
    title="Product",
    description="With a question: the id of the product that it is about, as landed. Empty: about none.",
)
USERS_FILE = Param(
    type="string",
    pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
    title="Users file",
    description="Name of a file in <home>/erasure/ with one user id per line, as landed. The erasure deletes it too.",
)

NIGHTLY = {"ds": DS, "sample": SAMPLE, "dry_run": DRY_RUN, "model_version": MODEL_VERSION}
# Training takes all users and makes its own version, so there is neither a sample nor a version to choose.
TRAIN = {"ds": DS, "dry_run": DRY_RUN, "tuning_trials": TUNING_TRIALS}
PRETRAIN = {"ds": DS, "dry_run": DRY_RUN, "from_scratch": FROM_SCRATCH, "steps": STEPS}
ERASURE = {"users_file": USERS_FILE, "reason": REASON, "dry_run": DRY_RUN}
ANSWERS = {"ds": DS, "question": QUESTION, "product": PRODUCT, "dry_run": DRY_RUN}
TRAIN_ANSWERS = {"ds": DS, "dry_run": DRY_RUN}
MAINTENANCE = {"dry_run": DRY_RUN}
ROLLBACK = {"model_version": EARLIER_VERSION, "reason": REASON}
ROLLBACK_ANSWERS = {"model_version": EARLIER_ANSWERS, "reason": REASON}
