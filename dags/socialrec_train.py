"""
### Training: fine-tune, fit, evaluate, and promote what is better

`finetune_encoder` → `embed_texts` → `fit_recommender` → `evaluate_recommender` → `promote_model`

Runs weekly, by hand, or from `socialrec_nightly` when there is no champion yet. It reads silver and gold of its day as
the nightly run left them, so that night must have run.

* One MLflow run in experiment `socialrec/train` holds it all: parameters, figures, plots, table versions, git commit.
* With the setting `text.start_from = "champion"` the encoder goes on from the champion's: its adapter and heads, on
  what came since and `text.replay_share` of older examples. What it forgets of those it does not replay is
  `val/forgetting_<task>`. Where the champion has another base model or tuning, or the shop no times, it starts from the
  base model, and the log says why. Values that the champion does not know are learned only from the base model.
* `val/flips_<kind>_<task>` is the share of a task's predictions that flip when letters are swapped, dropped or doubled,
  case is turned, an emoji is added or words are left out.
* Candidate, popularity and the champion's recipe are measured on the same held-out window.
* `promote_model` makes the candidate champion only where it beats both; its decision and reasons are in the MLflow run.

**Params** Day (else the scheduled day, else yesterday, UTC: `resolve_run` decides), Dry run (promotes nothing),
Tuning trials (settings of the signals to try on the validation window; each is a nested MLflow run).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from socialrec.contracts.runs import TRAIN
from socialrec.orchestration import params
from socialrec.orchestration.commands import TUNING_TRIALS, reported
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import DEFAULTS, embed_texts, nightly_at, python_job, resolve_run
from socialrec.settings import load_settings

settings = load_settings()
TRAINING = ("--mlflow-run", reported("finetune_encoder", "mlflow_run_id"))
VECTORS = ("--encoder-version", reported("finetune_encoder", "encoder_version"))
ENCODER = ("--encoder-model-version", reported("finetune_encoder", "encoder_model_version"))

with DAG(
    dag_id=TRAIN,
    description="Fine-tune the encoder, fit the recommender, promote what beats the champion",
    doc_md=__doc__,
    schedule=nightly_at(settings.services.train_cron),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.TRAIN,
    tags=["socialrec"],
):
    (
        resolve_run()
        >> python_job(settings, "finetune_encoder", pool=GPU, execution_timeout=timedelta(hours=6))
        >> embed_texts(settings, *ENCODER)
        >> python_job(settings, "fit_recommender", *TRAINING, *VECTORS, TUNING_TRIALS, pool=GPU)
        >> python_job(settings, "evaluate_recommender", *TRAINING, *VECTORS, pool=GPU)
        >> python_job(settings, "promote_model", *TRAINING, *VECTORS, *ENCODER)
    )
