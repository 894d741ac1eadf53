"""
### Maintenance: files verified and merged, no old versions, no leftovers

**Purpose.** Keep the disk from filling, and readers from opening thousands of small files. Runs weekly or by hand, at
any time. The settings' section `maintenance` says how long things are kept.

**What it does** `resolve_run` → `maintain_lake` → `clean_databases`

* `maintain_lake` first verifies about a quarter of the lake's files against the checksums of their commits, another
  quarter each week, at most `maintenance.verified_gib`. A damaged file fails the task, which names it.
* It empties days of passages and answers older than `maintenance.passage_days` and `maintenance.answer_days`.
* It then merges the small files of a partition, deletes files that no version of the last
  `maintenance.version_days` needs, and removes leftovers: attempts of killed jobs, checkpoints, candidates and copies
  of models that nobody used for `maintenance.leftover_days`.
* It never removes what the champion or the one before it needs (a rollback finds both, and the table versions that they
  were trained on can be read), nor models below `models/base`.
* Merging changes no row and no order: the next night has no extra work.
* `clean_databases` runs `airflow db clean` and `mlflow gc` on this home's own databases: records of runs, and runs that
  somebody deleted in MLflow, older than `maintenance.history_days`. It does not touch servers of others. It stops if a
  deleted run still holds a registered model.

**Inputs** all tables of the lake, the folders of the home, Airflow's and MLflow's own databases.

**Outputs** the same tables in fewer files.

**Params** Dry run (lists in log and XCom what would be removed, removes nothing).

**What breaks if it fails** Nothing: tables and lists stay valid. Only the disk fills. If it names a damaged file, the
nights that read this file fail too: restore it from a backup.

**Run it again** Clear the failed task, or trigger the DAG again: it does what is left.
"""

from __future__ import annotations

from airflow.sdk import DAG

from socialrec.contracts.runs import MAINTENANCE
from socialrec.orchestration import params
from socialrec.orchestration.pools import SPARK
from socialrec.orchestration.tasks import DEFAULTS, nightly_at, python_job, resolve_run
from socialrec.settings import load_settings

settings = load_settings()

with DAG(
    dag_id=MAINTENANCE,
    description="Merge small files, delete old versions and leftovers",
    doc_md=__doc__,
    schedule=nightly_at(settings, settings.services.maintenance_cron),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.MAINTENANCE,
    tags=["socialrec"],
):
    # It reads and writes all tables: not beside a Spark application.
    resolve_run() >> python_job(settings, "maintain_lake", pool=SPARK) >> python_job(settings, "clean_databases")
