"""
### Rollback: an earlier champion and its lists

**Purpose.** A way back if a champion with good figures turns out to be bad. Run by hand.

**What it does** `roll_back_model` makes an earlier champion the champion again, with its encoder, and records the
reason in `gold.model_decisions`. Then the lists of the newest published day, which `resolve_run` finds, are made with
it: `pin_models` → `embed_texts` → `predict_insights` → `build_features` → `score_recommendations` →
`publish_recommendations`. From the same inputs the same version makes the same lists, byte for byte.

**Inputs** the recorded decisions, the models in MLflow, and gold of the newest published day. A rollback goes only to
versions that the gate of `socialrec_train` once promoted.

**Outputs** the alias `champion` of both models, a row of `gold.model_decisions`, `gold.recommendations` and
`<home>/export/` of that day.

**Params** Model version (else the champion before this one), Reason.

**What breaks if it fails** Before `roll_back_model` has ended: nothing. After it: the nights already use the earlier
champion, while the newest day still shows the lists of the other one.

**Run it again** If `roll_back_model` succeeded, clear the failed task after it. Do not trigger the DAG again without a
Model version: it would go back one champion further.
"""

from __future__ import annotations

from airflow.sdk import DAG

from socialrec.contracts.runs import ROLLBACK
from socialrec.orchestration import params
from socialrec.orchestration.commands import MODEL_VERSION, REASON, reported
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import DEFAULTS, embed_texts, group, python_job, resolve_rollback, spark_job
from socialrec.settings import load_settings

settings = load_settings()
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
    encoder = ("--encoder-folder", reported("pin_models", "encoder_folder"))
    with group("recommend", "Recommend again") as recommend:
        (
            python_job(settings, "pin_models", TARGET)
            # Lists read vectors and insights of the model's own encoder.
            >> embed_texts(settings, *encoder)
            >> python_job(settings, "predict_insights", *encoder, pool=GPU)
            >> spark_job(settings, "build_features", "--encoder-version", reported("pin_models", "encoder_version"))
            >> spark_job(settings, "score_recommendations")
            >> python_job(settings, "publish_recommendations")
        )
    resolve_rollback() >> go_back >> recommend
