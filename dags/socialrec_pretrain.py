"""
### Pre-training: the base model reads the shop's own texts

`resolve_run` → `pretrain_encoder`

Run by hand, once and then seldom: when the shop's words are not those of the base model. An encoder learns to tell
masked words, a decoder the next one, from the texts of products and from comments before the validation cut. It reads
silver and gold of its day as the nightly run left them, so that night must have run.

* One MLflow run in experiment `socialrec/pretrain` holds parameters, losses, and the perplexity of held-out texts
  before and after. The model is registered as `socialrec-base`.
* Nothing uses it yet: it lies in `<home>/models/base/`, in a folder named after its content, which the task's log and
  XCom name. Set `text.model` to that folder and run `socialrec_train`: its gate decides as always. Champions that were
  made from another base model keep it. Leave the folder where it is for as long as a champion was made from it.
* A task that was killed goes on from its last checkpoint when it is tried again.

**Params** Day (else yesterday, UTC), Dry run (keeps and registers no model), From scratch (a new model with a
vocabulary of the shop's own words, of the sizes in the settings' section `pretrain`; else it goes on from
`pretrain.model`, and where that is not set, from `text.model`), Steps (at most; else `pretrain.train_steps`).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from socialrec.contracts.runs import PRETRAIN
from socialrec.orchestration import params
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import DEFAULTS, python_job, resolve_run
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
    resolve_run() >> python_job(
        settings, "pretrain_encoder", FROM_SCRATCH, STEPS, pool=GPU, execution_timeout=timedelta(hours=12)
    )
