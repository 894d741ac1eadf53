"""Templates of the shop: their slots, filled from attributes of the question's product."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from socialrec.answers.tables import ATTRIBUTES, TEMPLATES, columns_of

_SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Filled:
    """Template with its slots filled, and the value of each slot."""

    text: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class TemplateBook:
    """Templates by intent and language, and the attributes that fill them by product."""

    texts: Mapping[tuple[str, str], str]
    values: Mapping[str, Mapping[str, str]]
    attributes: frozenset[str]

    @classmethod
    def of(cls, templates: pa.Table, attributes: pa.Table, names: Collection[str], min_confidence: float) -> Self:
        """Read templates and those attributes that are sure enough. Of several templates of one intent and language the
        first in alphabetical order counts, and of several values the surest.

        names: of the attributes that any product of the shop has; a slot of another name is a fault of its template.
        """
        texts: dict[tuple[str, str], str] = {}
        for row in sorted(columns_of(templates, TEMPLATES, "templates").to_pylist(), key=lambda row: row["text"]):
            texts.setdefault((row["intent"], row["language"]), row["text"])
        rows = columns_of(attributes, ATTRIBUTES, "attributes").to_pylist()
        values: dict[str, dict[str, str]] = defaultdict(dict)
        for row in sorted(rows, key=lambda row: (-row["confidence"], row["value"])):
            product = values[row["product_id"]]
            if row["confidence"] >= min_confidence:
                product.setdefault(row["attribute"], row["value"])
        return cls(texts, dict(values), frozenset(names))

    def _problem(self, text: str) -> str | None:
        """Reason why a template cannot be used for any product; None where it can."""
        if not text.strip():
            return "it is empty"
        if "{" in _SLOT.sub("", text) or "}" in _SLOT.sub("", text):
            return "a brace has no partner"
        if unknown := sorted({slot for slot in _SLOT.findall(text) if slot not in self.attributes}):
            return f"no product has the attribute {', '.join(map(repr, unknown))}"
        return None

    def filled(self, intent: str, language: str, product: str | None) -> Filled | str | None:
        """Fill the template of an intent: the text, or the problem of the template, or None where there is no template
        or the product lacks a value.
        """
        text = self.texts.get((intent, language))
        if text is None:
            return None
        if problem := self._problem(text):
            return problem
        known = self.values.get(product, {}) if product is not None else {}
        slots = _SLOT.findall(text)
        if any(slot not in known for slot in slots):
            return None
        if circular := sorted({slot for slot in slots if _SLOT.search(known[slot])}):
            return f"the value of {', '.join(map(repr, circular))} has a slot itself"
        return Filled(_SLOT.sub(lambda slot: known[slot[1]], text), {slot: known[slot] for slot in slots})
