"""Everything that talks to MLflow: runs, artifacts, registered versions and their aliases."""

from socialrec.tracking.address import tracking_uri
from socialrec.tracking.tracker import CHALLENGER, CHAMPION, ENCODER, RECOMMENDER, ModelRef, Tracker, connect

__all__ = ["CHALLENGER", "CHAMPION", "ENCODER", "RECOMMENDER", "ModelRef", "Tracker", "connect", "tracking_uri"]
