"""Signals: each turns training data into scores for blocks of users. A new idea is a new file here."""

from socialrec.recommend.signals.base import Signal
from socialrec.recommend.signals.collaborative import Collaborative
from socialrec.recommend.signals.content import Content
from socialrec.recommend.signals.popularity import Popularity
from socialrec.recommend.signals.social import Social

__all__ = ["SIGNALS", "Collaborative", "Content", "Popularity", "Signal", "Social"]

SIGNALS: tuple[type[Signal], ...] = (Collaborative, Social, Content, Popularity)
"""Every signal, in the order of the blend's weights."""
