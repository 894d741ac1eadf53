"""
### Training: fine-tune, fit, evaluate, and promote what is better

**Purpose.** A better champion: the encoder and the recommender that the nights use. Runs weekly, by hand, or from
`socialrec_nightly` when there is no trained champion yet.

**What it does**

1. *Encoder.* `finetune_encoder` opens the MLflow run of the whole training, `embed_texts` encodes every text with the
   new encoder.
2. *Recommender.* `fit_recommender` learns the blend on the validation window and fits on everything.
3. *Decide.* `evaluate_recommender` measures candidate, popularity and the champion's recipe on the same held-out
   window. `promote_model` makes the candidate champion if it is sound and better than both, and records the decision
   with reasons. `close_training` closes the MLflow run of a training that failed or was killed.

**Inputs** silver and gold of its day, as the nightly run left them: `resolve_run` finds the day (the **Day** Param,
else the scheduled day, else yesterday, UTC), and that night must have run.

**Outputs** a run in the MLflow experiment `socialrec/train`: parameters, figures, plots, table versions, git commit;
new versions of the models `socialrec-encoder` and `socialrec-recommender`, whose descriptions say how they compare and
what the gate decided; a row of `gold.model_decisions`; vectors in `gold.text_embeddings`.

* With the setting `text.start_from = "champion"` the encoder starts from the champion's adapter and heads, and trains
  on new data since then and on `text.replay_share` of older examples. `val/forgetting_<task>` is what it forgets of
  the examples that it does not replay. It starts from the base model instead, and the log says why, if the champion has
  another base model or tuning, or if the shop's events have no times. Only a start from the base model learns values
  that the champion does not know.
* `val/flips_<kind>_<task>` is the share of a task's predictions that change when letters are swapped, dropped or
  doubled, case is changed, an emoji is added or words are left out.

**Params** Day, Dry run (promotes nothing), Tuning trials (settings of the signals to try on the validation window; each
is a nested MLflow run).

**What breaks if it fails** Nothing: the champion stays, and the nights use it. **A run is red, too, if the gate refused
the candidate**: `promote_model` failed, and the run's note says why and links to the training in MLflow. A first night
then uses the baseline.

**Run it again** After a failure: clear the failed task, or trigger the DAG with the same Day; a `finetune_encoder` that
was killed starts from its last checkpoint. After a refusal, training again helps only if data or settings have changed.
To use the refused version anyway, trigger `socialrec_nightly` with its Model version.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from socialrec.contracts.runs import TRAIN
from socialrec.orchestration import params
from socialrec.orchestration.alerts import deadline
from socialrec.orchestration.commands import TUNING_TRIALS, reported
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import (
    DEFAULTS,
    close_training,
    embed_texts,
    group,
    nightly_at,
    python_job,
    resolve_run,
)
from socialrec.settings import load_settings

settings = load_settings()
TRAINING = ("--mlflow-run", reported("finetune_encoder", "mlflow_run_id"))
VECTORS = ("--encoder-version", reported("finetune_encoder", "encoder_version"))
ENCODER = ("--encoder-model-version", reported("finetune_encoder", "encoder_model_version"))
ENCODER_FILES = ("--encoder-folder", reported("finetune_encoder", "encoder_folder"))

with DAG(
    dag_id=TRAIN,
    description="Fine-tune the encoder, fit the recommender, promote what beats the champion",
    doc_md=__doc__,
    schedule=nightly_at(settings, settings.services.train_cron),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.TRAIN,
    deadline=deadline(settings),
    tags=["socialrec"],
):
    with group("encoder", "Encoder") as encoder:
        (
            python_job(settings, "finetune_encoder", pool=GPU, execution_timeout=timedelta(hours=6))
            >> embed_texts(settings, *ENCODER_FILES)
        )
    with group("recommender", "Recommender") as recommender:
        python_job(settings, "fit_recommender", *TRAINING, *VECTORS, TUNING_TRIALS, pool=GPU)
    with group("decide", "Decide") as decide:
        (
            python_job(settings, "evaluate_recommender", *TRAINING, *VECTORS, pool=GPU)
            >> python_job(settings, "promote_model", *TRAINING, *VECTORS, *ENCODER)
        )
    resolve_run() >> encoder >> recommender >> decide >> close_training(settings)
