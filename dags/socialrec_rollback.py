"""
### Rollback: the champion before, and its lists again

**Purpose.** A way back when a champion that measured well turns out to be bad. Run by hand.

**What it does** `roll_back_model` makes an earlier champion champion again, with its encoder, and keeps the reason in
`gold.model_decisions`. Then the lists of the newest published day, which `resolve_run` finds, are made anew with it:
`pin_models` → `score_recommendations` → `publish_recommendations`. From the same inputs the same version makes the same
lists, byte for byte.

**Inputs** the decisions on record, the models in MLflow, and gold of the newest published day. Only what the gate of
`socialrec_train` once promoted can be gone back to.

**Outputs** the alias `champion` of both models, a row of `gold.model_decisions`, `gold.recommendations` and
`<home>/export/` of that day.

**Params** Model version (else the champion before this one), Reason.

**What breaks if it fails** Before `roll_back_model` has ended: nothing. After it: the nights use the earlier champion
already, and the newest day still shows the lists of the other one.

**Run it again** Where `roll_back_model` has succeeded, clear the failed task after it. Do not trigger the DAG anew
without a Model version: it would go back one champion further.
"""

from __future__ import annotations

from airflow.sdk import DAG

from socialrec.contracts.runs import ROLLBACK
from socialrec.orchestration import params
from socialrec.orchestration.commands import MODEL_VERSION, RESOLVED, reported
from socialrec.orchestration.tasks import DEFAULTS, group, python_job, resolve_rollback, spark_job
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
    with group("go_back", "Go back") as go_back:
        # A second try would go back one champion further.
        python_job(settings, "roll_back_model", MODEL_VERSION, REASON, retries=0)
    with group("recommend", "Recommend again") as recommend:
        (
            python_job(settings, "pin_models", TARGET)
            >> spark_job(settings, "score_recommendations")
            >> python_job(settings, "publish_recommendations")
        )
    resolve_rollback() >> go_back >> recommend
