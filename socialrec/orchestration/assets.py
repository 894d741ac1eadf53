"""Assets of Airflow for what tasks read and write (`contracts/flow.py`): the lake's tables, files, and models.

Airflow draws its asset graph from them. They schedule nothing, because a night is one DAG.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset

from socialrec.contracts import TABLES
from socialrec.contracts.flow import (
    ANSWERS_MODEL,
    ANSWERS_REPORT,
    BASE,
    CANDIDATE,
    ENCODER,
    RECOMMENDER,
    REPORT,
    reads,
    writes,
)
from socialrec.contracts.runs import LANDING_FILES, PUBLISHED_ANSWERS, PUBLISHED_LISTS

BESIDE_THE_LAKE: dict[str, str] = {
    LANDING_FILES: "files/landing",
    PUBLISHED_LISTS: "files/export",
    REPORT: "files/reports",
    PUBLISHED_ANSWERS: "files/answers",
    ANSWERS_REPORT: "files/answers-report",
    BASE: "models/base",
    ENCODER: "models/encoder",
    CANDIDATE: "models/candidate",
    RECOMMENDER: "models/recommender",
    ANSWERS_MODEL: "models/answers",
}
"""Assets that are no tables, by name: the folder of the home, or of the models, in their address."""

MODEL_VERSIONS = {
    BASE: "base_model_version",
    ENCODER: "encoder_model_version",
    RECOMMENDER: "recommender_version",
    ANSWERS_MODEL: "answers_version",
}
"""Receipt key with the version of each model."""


def asset(name: str) -> Asset:
    """Asset of a table of the lake, such as `gold.recommendations`, or of a name in BESIDE_THE_LAKE."""
    if name in TABLES:
        table = TABLES[name]
        return Asset(name=name, uri=f"socialrec://lake/{table.layer}/{table.noun}", group="lake")
    folder = BESIDE_THE_LAKE[name]
    return Asset(name=name, uri=f"socialrec://{folder}", group=folder.partition("/")[0])


def facts_of(name: str, receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Facts from a job's receipt about one of its outlets, for the asset's event.

    ds: the landing day. rows: written now, 0 where nothing had to be written; absent for outlets without rows. version:
    of the table or of the registered model.
    """
    facts = {"ds": receipt["ds"], "status": receipt["status"]}
    if name in receipt["wrote"] or name in TABLES:
        facts["rows"] = receipt["wrote"].get(name, {}).get("rows", 0)
    version = receipt.get("versions", {}).get(name, receipt.get(MODEL_VERSIONS.get(name, "")))
    return facts if version is None else {**facts, "version": version}


def written_by(job: str) -> list[Asset]:
    """Assets that a job writes."""
    return [asset(name) for name in writes(job)]


def read_by(job: str) -> list[Asset]:
    """Assets that a job reads."""
    return [asset(name) for name in reads(job)]
