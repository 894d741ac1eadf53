"""
### Training of answers: learn from the shop's own past which passage answers a question

**Purpose.** A better model of answers: which passage answers a question, and how sure that is. Runs weekly, or by hand.

**What it does** `pin_answers` finds the model in use and its encoder, `build_passages` and `embed_passages` gather what
may be cited on the day. `fit_answers` learns from the questions that were answered before, measures the newest of them,
which it did not learn from, beside the model in use, and registers the candidate. It becomes champion if its answers
are right as often as `answers.precision` says, and more useful than those of the model in use by a paired test.
`close_training` closes the MLflow run of a training that failed or was killed.

**Inputs** `silver.questions`, `silver.answers` and the night of its day, as for `socialrec_answers`: `resolve_run`
finds the day (the **Day** Param, else the scheduled day, else yesterday, UTC).

**Outputs** a run in the MLflow experiment `socialrec/answers`, a version of the model `socialrec-answers`.

**Params** Day, Dry run (registers nothing).

**What breaks if it fails** Nothing: the model in use stays. **A run is red, too, if the candidate was refused**: the
run's note says why, and links to the training in MLflow. With fewer than `answers.min_calibration_questions` answered
questions whose answer some passage gives too, the run ends well, trains nothing and says so in its note.

**Run it again** Clear the failed task, or trigger the DAG with the same Day. After a refusal, training again helps only
if there are more answered questions, or other settings.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from socialrec.contracts.runs import TRAIN_ANSWERS
from socialrec.orchestration import params
from socialrec.orchestration.alerts import deadline
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import (
    DEFAULTS,
    close_training,
    gather_evidence,
    group,
    nightly_at,
    python_job,
    resolve_run,
)
from socialrec.settings import load_settings

settings = load_settings()

with DAG(
    dag_id=TRAIN_ANSWERS,
    description="Learn which passage answers a question, promote what answers better",
    doc_md=__doc__,
    schedule=nightly_at(settings, settings.services.train_answers_cron),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.TRAIN_ANSWERS,
    deadline=deadline(settings),
    tags=["socialrec"],
):
    with group("decide", "Learn and decide") as decide:
        python_job(settings, "fit_answers", pool=GPU, execution_timeout=timedelta(hours=6))
    resolve_run() >> gather_evidence(settings) >> decide >> close_training(settings)
