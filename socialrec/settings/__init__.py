"""Frozen tree of settings, with every default once.

Nothing here reads a table, starts a process or depends on the use of a setting.
"""

from socialrec.settings.evaluate import EvaluateSettings
from socialrec.settings.lists import RecommendSettings
from socialrec.settings.tree import (
    DEFAULT_HOME,
    ENV_PREFIX,
    HOME_VARIABLE,
    RESERVED_VARIABLES,
    Settings,
    load_settings,
)

__all__ = [
    "DEFAULT_HOME",
    "ENV_PREFIX",
    "HOME_VARIABLE",
    "RESERVED_VARIABLES",
    "EvaluateSettings",
    "RecommendSettings",
    "Settings",
    "load_settings",
]
