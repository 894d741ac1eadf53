"""Missing or changed parts of a home: logs of tables, files of the champion, records of MLflow."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from socialrec.contracts import TABLES
from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.lake import Lake
from socialrec.recommend.decisions import newest_champion
from socialrec.recommend.model_files import changed_files
from socialrec.settings import Settings
from socialrec.tracking import RECOMMENDER
from socialrec.tracking.registry import is_unknown_version


def damaged_logs(lake: Lake) -> list[str]:
    """Lines about tables whose log lacks a file, or has a changed one."""
    return [problem for table in TABLES.values() if (problem := lake.log_problem(table))]


def find_missing(settings: Settings, lake: Lake) -> list[str]:
    """Lines about each missing or changed part, with its remedy; empty for a whole home."""
    found = damaged_logs(lake)
    if lake.log_problem(MODEL_DECISIONS) is None:
        found += _of_models(settings, lake.read(MODEL_DECISIONS))
    return found


def _of_models(settings: Settings, decisions: pa.Table) -> Iterator[str]:
    """Faults of the champion of the newest decision, which MLflow may no longer know."""
    champion = newest_champion(decisions)
    if champion is None:
        return
    version, run = champion["recommender_version"], champion["mlflow_run"]
    database = settings.home / "mlflow" / "mlflow.db"
    is_ours = settings.services.mlflow_uri is None and settings.cluster.mlflow_database is None
    if is_ours and not database.exists():
        yield f"MLflow's database {database}: stop the servers and restore it from a backup, or train again"
    elif is_unknown_version(settings, RECOMMENDER, version):
        yield (
            f"version {version} of {RECOMMENDER} in MLflow, the champion by {MODEL_DECISIONS.name}: its database was "
            "replaced or emptied; restore it from a backup, or train again"
        )
    folder = settings.models / RECOMMENDER / f"{version}-{run}"
    if folder.exists():
        for file in changed_files(decisions, version, folder):
            yield f"{file}, as it was when version {version} became champion: delete its folder, it is fetched again"
