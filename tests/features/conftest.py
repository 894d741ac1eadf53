"""The shop of two tastes, for every test of this folder."""

from two_tastes import (
    catalogue,
    comments,
    data,
    embeddings,
    events,
    recommender,
    ties,
)

__all__ = [
    "catalogue",
    "comments",
    "data",
    "embeddings",
    "events",
    "recommender",
    "ties",
]
