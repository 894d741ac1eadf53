"""Signals: each scores every product for blocks of users. One file a signal: a new idea is a new file here.

A file's class is found by its `name`; helpers of signals (`base`, the sides of the closed form) have none.
"""

from importlib import import_module
from pkgutil import iter_modules

from socialrec.recommend.signals.base import Signal


def _found() -> tuple[type[Signal], ...]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    kinds: dict[str, type[Signal]] = {}
    for module in modules:
        for kind in vars(module).values():
            is_own = isinstance(kind, type) and kind.__module__ == module.__name__
            if is_own and isinstance(getattr(kind, "name", None), str):
                kinds[kind.name] = kind
    return tuple(kinds[name] for name in sorted(kinds))


SIGNALS: tuple[type[Signal], ...] = _found()
"""Every signal, by name, in the order of the blend's weights."""
