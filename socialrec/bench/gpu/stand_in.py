"""Stand-in for pydantic on a machine that lacks it: settings with their defaults, without checks.

A GPU machine that only proves the GPU path may have no pydantic. There this module makes the sections of the settings;
wherever pydantic is installed it does nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Self


class _Default:
    """Default of a setting, as a value or a function that makes it."""

    def __init__(self, default: Any = None, *, default_factory: Callable[[], Any] | None = None, **_: Any) -> None:
        self.make = default_factory or (lambda: default)


class _Section:
    """Section of settings: a class whose attributes are the defaults."""

    def __init__(self, **values: Any) -> None:
        if unknown := sorted(set(values) - set(_names(type(self)))):
            raise TypeError(f"{type(self).__name__} has no setting {', '.join(unknown)}")
        for name in _names(type(self)):
            default = getattr(type(self), name, None)
            value = default.make() if isinstance(default, _Default) else default
            object.__setattr__(self, name, values.get(name, value))

    def model_copy(self, update: Mapping[str, Any]) -> Self:
        """Copy with some values changed."""
        return type(self)(**(vars(self) | dict(update)))

    def model_dump_json(self) -> str:
        """Write all values."""
        return json.dumps(vars(self), default=lambda value: vars(value) if isinstance(value, _Section) else str(value))


def provide_settings() -> None:
    """Put the stand-in where `import pydantic` finds it, if there is no pydantic."""
    if sys.modules.get("pydantic") is not None or find_spec("pydantic"):
        return
    module: Any = ModuleType("pydantic")
    module.BaseModel, module.Field, module.ConfigDict = _Section, _Default, dict
    module.AfterValidator = lambda check: check
    module.ValidationError = type("ValidationError", (ValueError,), {})
    module.model_validator = lambda **_: lambda method: method
    sys.modules["pydantic"] = module


def _names(section: type) -> Iterator[str]:
    for kind in reversed(section.__mro__):
        yield from (name for name in vars(kind).get("__annotations__", {}) if not name.startswith("_"))
