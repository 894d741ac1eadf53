"""One frozen tree of settings: every default stands here, once.

Nothing here reads a table, starts a process or knows what a setting is used for.
"""

from socialrec.settings.tree import (
    DEFAULT_HOME,
    ENV_PREFIX,
    HOME_VARIABLE,
    RESERVED_VARIABLES,
    EvaluateSettings,
    RecommendSettings,
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
