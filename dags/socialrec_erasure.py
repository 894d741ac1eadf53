"""
### Erasure: people are forgotten, and it is shown

**Purpose.** Take people out of everything that this home holds, and prove it. Run by hand.

**What it does** `resolve_run` → `erase_users`

* `erase_users` takes them out of landing files, all tables with their old versions, exports, pages of nights (in
  MLflow too) and what was planted, and refuses their records from then on (quarantine reason `erased_user`, without
  content).
* Rows and lists of everybody else stay as they are; where one of the people was a reason, the reason goes, and the
  lists are counted. The next night finds nothing to do again.
* Registered models that were trained on them are tagged `erasure`. Run `socialrec_train`: it does not go on from a
  tagged model, and a candidate that is as good takes the place of a tagged champion.
* It ends with a look through every file of the home. What it counted is a run in experiment `socialrec/erasure`,
  without names; where something is left it fails and says in which file.

**Inputs** a file in `<home>/erasure/` with the ids of the people, as they landed, one a line: ids typed into a form
would stay in Airflow's database for good. The file is deleted with the people.

**Outputs** landing files, tables, exports and pages without them; the run in MLflow.

**Params** Users file (a name in `<home>/erasure/`), Reason (kept with the record: name nobody), Dry run (counts what
would go, removes nothing).

**What breaks if it fails** People who asked to be forgotten are not, or not everywhere. It does not start while a job
writes to the lake.

**Run it again** Trigger the DAG anew: what was killed in the middle is finished by the next run.
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
    description="Forget people everywhere, with a proof",
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
