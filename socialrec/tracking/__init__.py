"""Access to MLflow: runs, artifacts, registered versions and their aliases."""

from socialrec.tracking.address import tracking_uri
from socialrec.tracking.descriptions import (
    ANSWERS,
    ANSWERS_TRAINING,
    AT_A_GLANCE,
    BASE,
    ENCODER,
    PRETRAINING,
    RECOMMENDER,
)
from socialrec.tracking.tracker import Tracker, connect
from socialrec.tracking.versions import CHALLENGER, CHAMPION, ERASED, ModelRef

__all__ = [
    "ANSWERS",
    "ANSWERS_TRAINING",
    "AT_A_GLANCE",
    "BASE",
    "CHALLENGER",
    "CHAMPION",
    "ENCODER",
    "ERASED",
    "PRETRAINING",
    "RECOMMENDER",
    "ModelRef",
    "Tracker",
    "connect",
    "tracking_uri",
]
