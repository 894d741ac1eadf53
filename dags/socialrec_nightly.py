"""
### The night: from landing files to published recommendations

`ingest_landing` → `build_silver` → `build_gold` → `embed_texts` → `predict_insights` and `score_recommendations` →
`publish_recommendations`

Every run stands for one landing day, which `resolve_run` decides: the **Day** Param, else the scheduled day, else
yesterday (UTC). It takes in every landing day up to its own that is not yet in bronze, so a first night reads the whole
history.

* `ensure_champion` looks for a champion model. Without one, `train_first_champion` runs `socialrec_train` first.
* `pin_models` resolves the model once; all rows of the night carry its versions.
* `predict_insights` reads off the vectors what is new: sentiment, topic and aspects of comments, attributes that the
  shop does not state, what users may do next, and what they think of categories and aspects.
* A run of a day that is already done changes nothing and says `up_to_date` in each task's XCom.
* `report_run` sums the night up.
* Too many broken records stop the run in `ingest_landing` or `build_silver`; the last published lists stay.

**Params** Day, Sample (below 1 publishes nothing), Dry run, Model version (else the champion).

Receipts of the jobs: `<home>/runs/<run>/`. Report of a night: `<home>/reports/<day>/report.html`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

from socialrec.contracts.runs import NIGHTLY, TRAIN, training_of
from socialrec.orchestration import params
from socialrec.orchestration.commands import MODEL_VERSION, common_arguments, reported
from socialrec.orchestration.operators import ModelBranch
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import DEFAULTS, embed_texts, nightly_at, python_job, resolve_run, spark_job
from socialrec.settings import load_settings

settings = load_settings()

with DAG(
    dag_id=NIGHTLY,
    description="Landing files become published recommendations with reasons",
    doc_md=__doc__,
    schedule=nightly_at(settings.services.nightly_cron),
    catchup=False,
    # One writer a day: switching the DAG on beside a run made by hand must not start a second.
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.NIGHTLY,
    tags=["socialrec"],
):
    ensure_champion = ModelBranch(
        task_id="ensure_champion",
        job="pin_models",
        arguments=[*common_arguments(settings), "--check", MODEL_VERSION],
        with_model="pin_models",
        without_model="train_first_champion",
    )
    train_first_champion = TriggerDagRunOperator(
        task_id="train_first_champion",
        trigger_dag_id=TRAIN,
        # One training a night: a second try takes up the same run instead of starting another.
        trigger_run_id=training_of("{{ run_id }}"),
        reset_dag_run=True,
        logical_date=None,
        conf={"ds": reported("resolve_run", "ds")},
        wait_for_completion=True,
        poke_interval=5,
        fail_when_dag_is_paused=True,
        retries=0,
        execution_timeout=timedelta(hours=8),
    )
    pin_models = python_job(settings, "pin_models", MODEL_VERSION, trigger_rule="none_failed_min_one_success")

    (
        resolve_run()
        >> spark_job(settings, "ingest_landing")
        >> spark_job(settings, "build_silver")
        >> spark_job(settings, "build_gold")
        >> ensure_champion
        >> [train_first_champion, pin_models]
    )
    encoder = ("--encoder-model-version", reported("pin_models", "encoder_model_version"))
    embedded = embed_texts(settings, *encoder)
    report_run = python_job(settings, "report_run")
    (
        train_first_champion
        >> pin_models
        >> embedded
        >> spark_job(settings, "score_recommendations")
        >> python_job(settings, "publish_recommendations")
        >> report_run
    )
    # Lists do not wait for it, but the report does.
    embedded >> python_job(settings, "predict_insights", *encoder, pool=GPU) >> report_run
