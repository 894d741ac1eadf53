"""
### Pre-training: the base model reads the shop's own texts

**Purpose.** A base model that knows the shop's words, for shops whose words the current one does not know. Run by hand,
once and then seldom.

**What it does** `resolve_run` → `pretrain_encoder` → `close_training`: an encoder learns to predict masked words, a
decoder the next word, from the texts of products and from comments before the validation cut. `close_training` closes
the MLflow run of a pre-training that failed or was killed.

**Inputs** silver and gold of its day as the nightly run left them, so that night must have run; and a model to start
from: `pretrain.model`, or `text.model` if that is not set.

**Outputs** one MLflow run in experiment `socialrec/pretrain` with parameters, losses, the perplexity of held-out texts
and the recall of products by later comments, both before and after; the model `socialrec-base`; a folder in
`<home>/models/base/`, named after its content, whose path is in the task's log and XCom. A model that finds fewer
products than `text.model` gets no folder. Nothing uses it yet: set `text.model` to that folder and run
`socialrec_train`, whose gate decides as always. Champions that were made from another base model keep it. Do not move
the folder while a champion depends on it.

**Params** Day (else yesterday, UTC), Dry run (keeps and registers no model), From scratch (a new model with a
vocabulary of the shop's own words, of the sizes in the settings' section `pretrain`), Steps (at most; else
`pretrain.train_steps`).

**What breaks if it fails** Nothing: no model changes before you name the new one.

**Run it again** Clear `pretrain_encoder`: it continues from its last checkpoint. A new run starts from the beginning.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from socialrec.contracts.runs import PRETRAIN
from socialrec.orchestration import params
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import DEFAULTS, close_training, python_job, resolve_run
from socialrec.settings import load_settings

settings = load_settings()
FROM_SCRATCH = "{{ '--from-scratch' if params.from_scratch else '' }}"
STEPS = "{{ '--steps=' ~ params.steps if params.steps else '' }}"

with DAG(
    dag_id=PRETRAIN,
    description="Language modelling on the shop's own texts; makes a base model for text.model",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.PRETRAIN,
    tags=["socialrec"],
):
    pretraining = python_job(
        settings, "pretrain_encoder", FROM_SCRATCH, STEPS, pool=GPU, execution_timeout=timedelta(hours=12)
    )
    resolve_run() >> pretraining >> close_training(settings)
