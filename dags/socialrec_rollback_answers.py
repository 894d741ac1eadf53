"""
### Rollback of answers: an earlier model of answers and its answers

**Purpose.** A way back if a model of answers with good figures answers badly in the shop. Run by hand.

**What it does** `roll_back_answers` makes an earlier champion of `socialrec-answers` the champion again; before the
first champion that was the untrained model, which shows only passages that are very close to a question. The version
that it replaces gets the tags `rolled_back_to` and `rollback_reason`. Then the open questions of the newest published
day, which `resolve_run` finds, are answered with it: `pin_answers` → `build_passages` → `embed_passages` →
`answer_questions` → `publish_answers`.

**Inputs** the models in MLflow with the gate's decisions, and the tables of the newest published day. A rollback goes
only to versions that the gate of `socialrec_train_answers` once promoted, or to the untrained model.

**Outputs** the alias `champion` of `socialrec-answers`, `gold.answers`, `<home>/export/<day>/answers.parquet` and
`<home>/reports/<day>/answers.html` of that day.

**Params** Model version (else the champion before this one), Reason.

**What breaks if it fails** Before `roll_back_answers` has ended: nothing. After it: the nights already use the earlier
model, while the newest day still shows the answers of the other one.

**Run it again** If `roll_back_answers` succeeded, clear the failed task after it. Do not trigger the DAG again without
a Model version: it would go back one champion further.
"""

from __future__ import annotations

from airflow.sdk import DAG

from socialrec.contracts.runs import ROLLBACK_ANSWERS
from socialrec.orchestration import params
from socialrec.orchestration.commands import MODEL_VERSION, REASON, reported
from socialrec.orchestration.tasks import DEFAULTS, answer_all, gather_evidence, group, python_job, resolve_rollback
from socialrec.settings import load_settings

settings = load_settings()

with DAG(
    dag_id=ROLLBACK_ANSWERS,
    description="Go back to an earlier model of answers and answer the newest day's questions again",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.ROLLBACK_ANSWERS,
    tags=["socialrec"],
):
    with group("go_back", "Go back") as go_back:
        # A second try would go back one champion further.
        python_job(settings, "roll_back_answers", MODEL_VERSION, REASON, retries=0)
    note = f"--note={reported('roll_back_answers', 'note')}"
    resolve_rollback() >> go_back >> gather_evidence(settings) >> answer_all(settings, note)
