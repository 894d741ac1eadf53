"""JSON attributes of the public question sets, read as words."""

from __future__ import annotations

import re

_ATTRIBUTE = re.compile(r"^(\w+):\s*([{\[].*)$", re.DOTALL)
_OTHER_UNIT = re.compile(r"normalized_value:\{[^{}]*\},?")
_SIGNS = re.compile(r'[{}\[\]"]')


def as_words(text: str) -> str:
    """Say an attribute such as `num_batteries: { quantity:4, type:aa }` in words: `num batteries: quantity 4, type aa`.

    Values that are given in two units are said in the first; a text that is no attribute stays as it is.
    """
    found = _ATTRIBUTE.match(text)
    if found is None:
        return text
    name, body = found.groups()
    plain = _SIGNS.sub(" ", _OTHER_UNIT.sub("", body).replace("value:", ""))
    words = plain.replace("_", " ").replace(":", " ").replace(";", ",")
    return f"{name.replace('_', ' ')}: {' '.join(words.split()).replace(' ,', ',')}"
