"""Suggestions for a misspelt setting, by similar names and by the section it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

Path = tuple[str, ...]
"""Path of a setting by section and name, such as `("etl", "mask", "mail")`."""

_MOST_GUESSES = 3
RENAMED: Mapping[Path, str] = {
    ("recommend", "ridge"): "regularization",
    ("recommend", "factor_ridge"): "factor_regularization",
    ("recommend", "factor_unobserved"): "factor_unobserved_weight",
    ("recommend", "factor_passes"): "factor_iterations",
    ("recommend", "max_edge"): "max_dimension",
    ("text", "adversarial_passes"): "adversarial_steps",
}
"""New names of settings by their paths in version 0.1: they work for one more version, with a warning."""


def current_path(path: Sequence[str]) -> Path:
    """The path of a setting under its current name."""
    return (*path[:-1], RENAMED.get(tuple(path), path[-1]))


def current_names(section: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A section's values under current names; a value under the current name itself takes precedence."""
    renamed = {current_path((section, name))[-1]: value for name, value in values.items()}
    return renamed | {name: value for name, value in values.items() if name in renamed}


def setting_paths(model: type[BaseModel], section: Path = ()) -> Iterator[Path]:
    """List every section and setting below a section, each by its path from there."""
    for name, field in model.model_fields.items():
        path = (*section, name)
        yield path
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_paths(field.annotation, path)


def similar_settings(wrong: Path, known: Sequence[Path]) -> list[Path]:
    """Return the settings that `wrong` may mean, most likely first, at most three; none where nothing is similar.

    A name that only mixes up dots and underscores comes first, then settings of the same name in other sections, then
    similar names in the same section, then names that are similar as a whole.
    """
    *section, name = wrong
    whole = {"_".join(path): path for path in known}
    if "_".join(wrong) in whole:
        return [whole["_".join(wrong)]]
    elsewhere = [path for path in known if path[-1] == name and len(path) > 1]
    if elsewhere:
        return elsewhere[:_MOST_GUESSES]
    siblings = {path[-1]: path for path in known if path[:-1] == tuple(section)}
    if close := get_close_matches(name, siblings, _MOST_GUESSES):
        return [siblings[match] for match in close]
    return [whole[match] for match in get_close_matches("_".join(wrong), whole, _MOST_GUESSES, cutoff=0.8)]
