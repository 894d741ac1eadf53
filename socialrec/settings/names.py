"""Suggestions for a misspelt setting, by similar names and by the section it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from pydantic import BaseModel

Path = tuple[str, ...]
"""Path of a setting by section and name, such as `("etl", "mask", "mail")`."""

_MOST_GUESSES = 3


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
