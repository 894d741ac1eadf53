"""
### The night: from landing files to published recommendations

**Purpose.** Every user gets a fresh list with reasons, made from what landed up to a day. A run stands for one landing
day, which `resolve_run` decides: the **Day** Param, else the scheduled day, else yesterday (UTC).

**What it does**

1. *Take in what landed.* `ingest_landing` takes in every landing day up to its own that is not yet in bronze, so a
   first night reads the whole history; `build_silver` cleans, `build_gold` rolls up.
2. *Choose the model.* `ensure_champion` looks for a champion; without one, `train_first_champion` runs
   `socialrec_train` first. `pin_models` resolves the model once: all rows of the night carry its versions.
3. *Read texts.* `embed_texts` encodes what is new. `predict_insights` reads off the vectors: sentiment, topic and
   aspects of comments, attributes that the shop does not state, what users may do next, and what they think.
4. *Recommend.* `score_recommendations` makes the lists, `publish_recommendations` checks them whole and exports them.
5. *Report.* `report_run` sums the night up, on a page, in MLflow and in a note on the run.

**Inputs** `<home>/landing/<platform>/<day>/`, and the champion in MLflow.

**Outputs** the tables of bronze, silver and gold (see *Assets*); `<home>/export/<day>/` with `CURRENT` naming the
newest day; `<home>/reports/<day>/report.html`; a run in the MLflow experiment `socialrec/nightly`. Receipts of the
jobs: `<home>/runs/<run>/`, and each task's XCom.

**Params** Day, Sample (below 1 publishes nothing), Dry run, Model version (else the champion).

**What breaks if it fails** Nothing that is published: readers keep the lists of the last good night, which grow older.
Too many broken records stop the run in `ingest_landing` or `build_silver`, before anything is published. Lists do not
wait for the insights.

**Run it again** Mend what the failed task's last line names, then clear that task: those before it find their work
done and say `up_to_date`. Or trigger the DAG with the same Day: a day whose inputs did not change changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

from socialrec.contracts.runs import NIGHTLY, TRAIN, training_of
from socialrec.orchestration import params
from socialrec.orchestration.alerts import deadline
from socialrec.orchestration.commands import MODEL_VERSION, common_arguments, reported
from socialrec.orchestration.operators import ModelBranch
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import DEFAULTS, embed_texts, group, nightly_at, python_job, resolve_run, spark_job
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
    deadline=deadline(settings),
    tags=["socialrec"],
):
    with group("take_in", "Take in what landed") as take_in:
        (
            spark_job(settings, "ingest_landing")
            >> spark_job(settings, "build_silver")
            >> spark_job(settings, "build_gold")
        )
    with group("choose_model", "Choose the model") as choose_model:
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
        ensure_champion >> train_first_champion >> pin_models
        ensure_champion >> pin_models
    encoder = ("--encoder-folder", reported("pin_models", "encoder_folder"))
    with group("read_texts", "Read texts") as read_texts:
        embedded = embed_texts(settings, *encoder)
        embedded >> python_job(settings, "predict_insights", *encoder, pool=GPU)
    with group("recommend", "Recommend") as recommend:
        spark_job(settings, "score_recommendations") >> python_job(settings, "publish_recommendations")
    report_run = python_job(settings, "report_run")
    resolve_run() >> take_in >> choose_model >> read_texts >> report_run
    # Lists do not wait for the insights, but the report does.
    embedded >> recommend >> report_run
