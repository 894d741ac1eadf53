"""Nightly social-commerce recommendations: Airflow starts jobs, jobs call this library, the library keeps one lake.

`from socialrec import Recommender` gives the recommender for pairs in memory, see `socialrec.recommend.pairs`.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the recommender when it is asked for: the DAG files import this package in milliseconds."""
    if name == "Recommender":
        return import_module("socialrec.recommend.pairs").PairRecommender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
