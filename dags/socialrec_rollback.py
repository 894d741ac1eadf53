"""
### Rollback: the champion before, and its lists again

`roll_back_model` → `pin_models` → `score_recommendations` → `publish_recommendations`

Run by hand when a champion turns out to be bad. `roll_back_model` makes an earlier champion champion again, with its
encoder, and keeps the reason in `gold.model_decisions`. Then the lists of the newest published day, which `resolve_run`
finds, are made anew with it: from the same inputs the same version makes the same lists, byte for byte.

Only what the gate of `socialrec_train` once promoted can be gone back to.

**Params** Model version (else the champion before this one), Reason.
"""

from __future__ import annotations

from airflow.sdk import DAG

from socialrec.contracts.runs import ROLLBACK
from socialrec.orchestration import params
from socialrec.orchestration.commands import MODEL_VERSION, RESOLVED, reported
from socialrec.orchestration.tasks import DEFAULTS, python_job, resolve_rollback, spark_job
from socialrec.settings import load_settings

settings = load_settings()
REASON = f"--reason={{{{ {RESOLVED}['reason'] }}}}"
TARGET = f"--model-version={reported('roll_back_model', 'recommender_version')}"

with DAG(
    dag_id=ROLLBACK,
    description="Go back to an earlier champion and publish the newest day's lists again",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.ROLLBACK,
    tags=["socialrec"],
):
    (
        resolve_rollback()
        # A second try would go back one champion further.
        >> python_job(settings, "roll_back_model", MODEL_VERSION, REASON, retries=0)
        >> python_job(settings, "pin_models", TARGET)
        >> spark_job(settings, "score_recommendations")
        >> python_job(settings, "publish_recommendations")
    )
