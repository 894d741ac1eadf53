"""
### Nightly: from landing files to published recommendations

**Purpose.** Every user gets a new list with reasons, made from what landed up to a day. A run works on one landing day,
which `resolve_run` decides: the **Day** Param, else the scheduled day, else yesterday (UTC). Day wins over the form's
Logical Date.

**What it does**

1. *Take in what landed.* `ingest_landing` takes in every landing day up to its own that is not yet in bronze, so a
   first night reads the whole history; `build_silver` cleans, `build_gold` aggregates, `embed_images` encodes new
   pictures, and needs a second where products have none.
2. *Choose the model.* `ensure_champion` looks for a trained champion; without one, `train_first_champion` runs
   `socialrec_train` first and links to that run. `pin_models` chooses the model once, so that all rows of the night
   carry the same versions: the Model version of the form, else the champion, which is the baseline until a training
   gives a sound model.
3. *Read texts.* `embed_texts` encodes what is new. `predict_insights` predicts from the vectors: sentiment, topic and
   aspects of comments, attributes that the shop does not state, what users may do next, and their opinions.
4. *Recommend.* `build_features` gathers all that is known of each user and product as of the day,
   `score_recommendations` makes the lists from it, `publish_recommendations` checks and exports them.
5. *Report.* `report_run` summarises the night, on a page, in MLflow and in a note on the run.

**Inputs** `<home>/landing/<platform>/<day>/`, and the champion in MLflow.

**Outputs** the tables of bronze, silver and gold (see *Assets*); `<home>/export/<day>/` with `CURRENT` naming the
newest day; `<home>/reports/<day>/report.html`; a run in the MLflow experiment `socialrec/nightly`. Receipts of the
jobs: `<home>/runs/<run>/`, and each task's XCom.

**Params** Day, Sample (below 1 publishes nothing), Dry run, Model version (else the champion).

**What breaks if it fails** Nothing that is published: readers keep the lists of the last successful night. Too many
broken records stop the run in `ingest_landing` or `build_silver`, before anything is published. Lists are made from
the night's vectors and insights, so they wait for both. A first training that fails or is refused does not stop the
night, as long as a model or the baseline can serve.

**Run it again** The run's note has the failed task and its last line. Correct what it names, then clear that task: the
tasks before it find their work done and report `up_to_date`. Or trigger the DAG with the same Day: a day whose inputs
did not change changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from socialrec.contracts.runs import NIGHTLY, TRAIN, training_of
from socialrec.orchestration import params
from socialrec.orchestration.alerts import deadline
from socialrec.orchestration.commands import MODEL_VERSION, common_arguments, reported
from socialrec.orchestration.operators import ModelBranch, TrainingRun
from socialrec.orchestration.pools import GPU, SPARK
from socialrec.orchestration.tasks import DEFAULTS, embed_texts, group, nightly_at, python_job, resolve_run, spark_job
from socialrec.settings import load_settings
from socialrec.settings.text import Engine

settings = load_settings()

with DAG(
    dag_id=NIGHTLY,
    description="Landing files become published recommendations with reasons",
    doc_md=__doc__,
    schedule=nightly_at(settings, settings.services.nightly_cron),
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
            # No submission: Spark is started only where there are many new pictures.
            >> python_job(
                settings, "embed_images", pool=GPU if settings.pictures.encode_with is Engine.PROCESS else SPARK
            )
        )
    with group("choose_model", "Choose the model") as choose_model:
        ensure_champion = ModelBranch(
            task_id="ensure_champion",
            job="pin_models",
            arguments=[*common_arguments(settings), "--check", MODEL_VERSION],
            with_model="pin_models",
            without_model="train_first_champion",
        )
        train_first_champion = TrainingRun(
            task_id="train_first_champion",
            trigger_dag_id=TRAIN,
            # One training per night: a second try continues the same run instead of starting another.
            trigger_run_id=training_of("{{ run_id }}"),
            reset_dag_run=True,
            logical_date=None,
            conf={"ds": reported("resolve_run", "ds")},
            poke_interval=2,
            fail_when_dag_is_paused=True,
            retries=0,
            execution_timeout=timedelta(hours=8),
        )
        pin_models = python_job(settings, "pin_models", MODEL_VERSION, trigger_rule="none_failed_min_one_success")
        ensure_champion >> train_first_champion >> pin_models
        ensure_champion >> pin_models
    encoder = ("--encoder-folder", reported("pin_models", "encoder_folder"))
    with group("read_texts", "Read texts") as read_texts:
        embed_texts(settings, *encoder) >> python_job(settings, "predict_insights", *encoder, pool=GPU)
    with group("recommend", "Recommend") as recommend:
        (
            spark_job(settings, "build_features", "--encoder-version", reported("pin_models", "encoder_version"))
            >> spark_job(settings, "score_recommendations")
            >> python_job(settings, "publish_recommendations")
        )
    report_run = python_job(settings, "report_run")
    # Features hold the vectors and the sentiments of the night.
    resolve_run() >> take_in >> choose_model >> read_texts >> recommend >> report_run
