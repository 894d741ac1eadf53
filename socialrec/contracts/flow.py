"""Flow of data between jobs: by job, what it reads and writes, by the names of tables, files and models.

Airflow's assets are made from it, the DAG files are tested against it, and it is tested against the jobs' receipts.
"""

from __future__ import annotations

from socialrec.contracts import TABLES
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.runs import LANDING_FILES, PUBLISHED_ANSWERS, PUBLISHED_LISTS

REPORT = "report of the night"
BASE, ENCODER = "socialrec-base", "socialrec-encoder"
CANDIDATE, RECOMMENDER = "candidate recommender", "socialrec-recommender"
ANSWERS_MODEL, ANSWERS_REPORT = "socialrec-answers", "report of answers"

WRITTEN_BESIDE: dict[str, tuple[str, ...]] = {
    "publish_recommendations": (PUBLISHED_LISTS,),
    "fit_answers": (ANSWERS_MODEL,),
    "publish_answers": (PUBLISHED_ANSWERS, ANSWERS_REPORT),
    "report_run": (REPORT,),
    "pretrain_encoder": (BASE,),
    "finetune_encoder": (ENCODER,),
    "fit_recommender": (CANDIDATE,),
    "promote_model": (RECOMMENDER,),
    "roll_back_model": (RECOMMENDER,),
    "roll_back_answers": (ANSWERS_MODEL,),
}
"""By job, what it writes beside the tables whose contract names it as a writer."""

_BRONZE, _QUARANTINE, _SILVER = (
    tuple(f"{layer}.{entity}" for entity in ENTITIES) for layer in ("bronze", "quarantine", "silver")
)
_EVIDENCE = ("silver.interactions", "silver.comments", "silver.products", "gold.social_ties")
_UNDERSTOOD = ("gold.comment_insights", "gold.product_attributes", "gold.text_embeddings")
_PICTURES = ("gold.picture_embeddings", "gold.aligned_pictures")
_TRAINED_ON = (*_EVIDENCE, *_UNDERSTOOD, *_PICTURES)
_LISTED = ("gold.user_product_affinity", "gold.social_ties", "gold.user_profiles", "silver.products")
_FEATURES = ("gold.user_features", "gold.item_features", "gold.community_likes")
_SAID = ("silver.questions", "silver.answers", "silver.follows", *_EVIDENCE[:3])
_NIGHT = (*_LISTED, "silver.comments", *_UNDERSTOOD, *_PICTURES)

READ: dict[str, tuple[str, ...]] = {
    "ingest_landing": (LANDING_FILES,),
    "build_silver": (*_BRONZE, "bronze.pictures", *_QUARANTINE),
    "build_gold": (*_EVIDENCE[:3], "silver.follows"),
    "embed_images": ("silver.products",),
    "pin_models": ("silver.products", "gold.model_decisions", RECOMMENDER, ENCODER),
    "embed_texts": ("gold.texts", "gold.text_embeddings", "gold.picture_embeddings", ENCODER),
    "predict_insights": (
        *(*_EVIDENCE[:3], "gold.user_product_affinity", "gold.text_embeddings", "gold.picture_embeddings", ENCODER),
    ),
    "build_features": _NIGHT,
    "build_passages": (*_SAID, "gold.product_attributes"),
    "pin_answers": (ANSWERS_MODEL, ENCODER),
    "embed_passages": ("gold.passages", "silver.questions", "gold.text_embeddings", ENCODER),
    "answer_questions": (
        *("silver.questions", "silver.answers", "silver.templates", "silver.products", "gold.product_attributes"),
        *("gold.passages", "gold.text_embeddings", "gold.recommendations", ANSWERS_MODEL, ENCODER),
    ),
    "fit_answers": ("silver.questions", "silver.answers", "gold.passages", "gold.text_embeddings", ANSWERS_MODEL),
    "publish_answers": ("gold.answers", "silver.questions", "silver.products"),
    "score_recommendations": (*_FEATURES, "gold.model_decisions", RECOMMENDER),
    "publish_recommendations": (*_LISTED, "silver.interactions", "gold.recommendations", RECOMMENDER),
    "report_run": (
        *(*_BRONZE, *_QUARANTINE, "quarantine.pictures", *_SILVER, "gold.comment_insights"),
        *("gold.user_profiles", "gold.user_opinions", "gold.behaviour_propensities"),
        *("gold.recommendations", "gold.model_decisions", "gold.product_attributes"),
    ),
    "pretrain_encoder": ("gold.texts", *_EVIDENCE),
    "finetune_encoder": (
        *("gold.texts", *_EVIDENCE, "silver.questions", "silver.answers", "silver.templates"),
        *("gold.picture_embeddings", BASE),
    ),
    "fit_recommender": (*_TRAINED_ON, "gold.user_product_affinity", "gold.user_profiles"),
    "evaluate_recommender": (*_TRAINED_ON, CANDIDATE, RECOMMENDER),
    "promote_model": (CANDIDATE,),
    "roll_back_model": ("gold.model_decisions", RECOMMENDER, ENCODER),
    "roll_back_answers": (ANSWERS_MODEL,),
}
"""By job, what it reads. A table that no other job fills is left out: what a job reads of its own is no step. So is
`ask_question`, which reads what earlier runs wrote.
"""


def reads(job: str) -> tuple[str, ...]:
    """Names of what a job reads."""
    return READ.get(job, ())


def writes(job: str) -> tuple[str, ...]:
    """Names of what a job writes: tables in their order, then what lies beside the lake."""
    tables = (name for name, table in TABLES.items() if job in table.writers)
    return (*tables, *WRITTEN_BESIDE.get(job, ()))
