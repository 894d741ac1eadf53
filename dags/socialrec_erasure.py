"""
### Erasure: remove people everywhere, with a proof

**Purpose.** Remove people from everything that this home holds, and prove it. Run by hand.

**What it does** `resolve_run` → `erase_users`

* `erase_users` removes them from landing files, all tables with their old versions, exports, reports of nights (in
  MLflow too) and generated data, and refuses their records from then on (quarantine reason `erased_user`, without
  content).
* Rows and lists of everybody else stay as they are. A reason that names one of the people is removed, and the lists
  that this changes are counted. The next night has no extra work.
* Registered models that were trained on them are tagged `erasure`. Run `socialrec_train`: it does not start from a
  tagged model, and a candidate that is as good replaces a tagged champion.
* At the end it searches every file of the home. The counts are a run in experiment `socialrec/erasure`, without names;
  if something is left, it fails and names the file.

**Inputs** a file in `<home>/erasure/` with the ids of the people, as they landed, one per line: ids typed into a form
would stay in Airflow's database for good. The file is deleted with the people.

**Outputs** landing files, tables, exports and pages without them; the run in MLflow.

**Params** Users file (a name in `<home>/erasure/`), Reason (kept with the record: name nobody), Dry run (counts what
would be removed, removes nothing).

**What breaks if it fails** People who asked to be erased are still in some files. It does not start while a job writes
to the lake.

**Run it again** Trigger the DAG again: the next run finishes what was interrupted.
"""

from __future__ import annotations

from airflow.sdk import DAG

from socialrec.contracts.runs import ERASURE
from socialrec.orchestration import params
from socialrec.orchestration.pools import SPARK
from socialrec.orchestration.tasks import DEFAULTS, python_job, resolve_run
from socialrec.settings import load_settings

settings = load_settings()

with DAG(
    dag_id=ERASURE,
    description="Remove people everywhere, with a proof",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.ERASURE,
    tags=["socialrec"],
):
    # It rewrites all tables: not beside a Spark application.
    resolve_run() >> python_job(
        settings, "erase_users", "--users-file={{ params.users_file }}", "--reason={{ params.reason }}", pool=SPARK
    )
