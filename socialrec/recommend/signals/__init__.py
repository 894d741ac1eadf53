"""Signals: each turns training data into scores for blocks of users. A new idea is a new file here."""

from socialrec.recommend.signals.base import Signal
from socialrec.recommend.signals.category import Category
from socialrec.recommend.signals.collaborative import Collaborative
from socialrec.recommend.signals.community import Community
from socialrec.recommend.signals.content import Content
from socialrec.recommend.signals.factors import Factors
from socialrec.recommend.signals.opinion import Opinion
from socialrec.recommend.signals.popularity import Popularity
from socialrec.recommend.signals.sequence import Sequence
from socialrec.recommend.signals.social import Social
from socialrec.recommend.signals.trend import Trend

__all__ = [
    "SIGNALS",
    "Category",
    "Collaborative",
    "Community",
    "Content",
    "Factors",
    "Opinion",
    "Popularity",
    "Sequence",
    "Signal",
    "Social",
    "Trend",
]

SIGNALS: tuple[type[Signal], ...] = (
    Collaborative,
    Factors,
    Sequence,
    Social,
    Opinion,
    Content,
    Category,
    Community,
    Trend,
    Popularity,
)
"""Every signal, in the order of the blend's weights."""
