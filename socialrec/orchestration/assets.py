"""Inputs and outputs of tasks as Airflow assets: the lake's tables, the files on either side of it, and the models.

Airflow draws its asset graph from them. They schedule nothing, because a night is one DAG.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset

from socialrec.contracts import TABLES
from socialrec.contracts.runs import LANDING_FILES, PUBLISHED_LISTS

REPORT = "report of the night"
BASE, ENCODER = "socialrec-base", "socialrec-encoder"
CANDIDATE, RECOMMENDER = "candidate recommender", "socialrec-recommender"
BESIDE_THE_LAKE: dict[str, str] = {
    LANDING_FILES: "files/landing",
    PUBLISHED_LISTS: "files/export",
    REPORT: "files/reports",
    BASE: "models/base",
    ENCODER: "models/encoder",
    CANDIDATE: "models/candidate",
    RECOMMENDER: "models/recommender",
}
"""Assets that are no tables, by name: the folder of the home, or of the models, in their address."""

MODEL_VERSIONS = {
    BASE: "base_model_version",
    ENCODER: "encoder_model_version",
    RECOMMENDER: "recommender_version",
}
"""Receipt key with the version of each model."""

WRITTEN: dict[str, tuple[str, ...]] = {
    "publish_recommendations": (PUBLISHED_LISTS,),
    "report_run": (REPORT,),
    "pretrain_encoder": (BASE,),
    "finetune_encoder": (ENCODER,),
    "fit_recommender": (CANDIDATE,),
    "promote_model": (RECOMMENDER,),
    "roll_back_model": (RECOMMENDER,),
}
"""Outputs of each job beside the tables whose contract names it as their writer."""

_SILVER = ("silver.interactions", "silver.comments", "silver.products")
_TRAINED_ON = (*_SILVER, "gold.social_ties", "gold.text_embeddings")
READ: dict[str, tuple[str, ...]] = {
    "ingest_landing": (LANDING_FILES,),
    "build_silver": tuple(name for name, table in TABLES.items() if table.layer == "bronze"),
    "build_gold": (*_SILVER, "silver.follows"),
    "embed_texts": ("gold.texts", ENCODER),
    "predict_insights": (*_SILVER, "gold.user_product_affinity", "gold.text_embeddings", ENCODER),
    "score_recommendations": (
        *("gold.user_product_affinity", "gold.social_ties", "gold.user_profiles", "silver.products"),
        *("silver.comments", RECOMMENDER),
    ),
    "publish_recommendations": ("gold.recommendations",),
    "report_run": (PUBLISHED_LISTS, "gold.comment_insights"),
    "pretrain_encoder": ("gold.texts", "gold.social_ties", "silver.comments", "silver.interactions"),
    "finetune_encoder": (*_SILVER, "gold.social_ties", BASE),
    "fit_recommender": _TRAINED_ON,
    "evaluate_recommender": (*_TRAINED_ON, CANDIDATE),
    "promote_model": (CANDIDATE,),
    "roll_back_model": (RECOMMENDER,),
}
"""Inputs of each job from other jobs."""


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
    """Outputs of a job."""
    tables = (name for name, table in TABLES.items() if table.writer == job)
    return [asset(name) for name in (*tables, *WRITTEN.get(job, ()))]


def read_by(job: str) -> list[Asset]:
    """Inputs of a job."""
    return [asset(name) for name in READ.get(job, ())]
