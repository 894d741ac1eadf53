"""Unmatched ids: events and comments whose product is not in the catalogue, replies to unknown comments.

Pure: `etl.meeting` counts them in tables, and a check of files counts them in a delivery.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from unicodedata import normalize

_DECIMALS = re.compile(r"[.,]0+$")
_INVISIBLE = "\ufeff\u200b\u00ad"


@dataclass(frozen=True)
class Unmet:
    """Number of an entity's records that name an unknown id, with an example.

    cause: the most likely damage to the ids, or empty. meant: the undamaged id of the example, or empty.
    """

    entity: str
    column: str
    n: int
    n_in: int
    example: str
    cause: str = ""
    meant: str = ""

    @property
    def share(self) -> float:
        """Share of the records with such an id whose id is unknown."""
        return self.n / self.n_in if self.n_in else 0.0

    def line(self) -> str:
        """Summary in words."""
        thing = self.column.removeprefix("parent_").removesuffix("_id")
        what = f"{thing} that {'is not in the catalogue' if thing == 'product' else 'never landed'}"
        said = f"{self.entity}: {self.n:,} of {self.n_in:,} ({self.share:.1%}) name a {what} ({self.column}, such as "
        said += f"{self.example!r}"
        if not self.cause:
            return f"{said}); compare the ids with those of the other file"
        return f"{said}, which is {self.meant!r} there): {self.cause}"


def _bare(text: str) -> str:
    return normalize("NFC", text).strip(_INVISIBLE + " \t\n\r\u00a0\u3000")


_CAUSES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("blanks or invisible characters are around the ids", _bare),
    ("the ids differ in capital letters", str.casefold),
    ("the ids were numbers with decimals on the way, as `125.0` is for `125`", lambda text: _DECIMALS.sub("", text)),
    ("leading zeros were lost, as a spreadsheet does: keep the column as text", lambda text: text.lstrip("0")),
)
"""Damage that ids suffer in transit, and the inverse of each, in that order."""


def plain_form(text: str) -> str:
    """Reduce an id by all known kinds of damage: equal for an id and for its damaged form."""
    for _, undo in _CAUSES:
        text = undo(text)
    return text


def likely_cause(found: str, meant: str) -> str:
    """Cause that turned one id into another; empty where they are unrelated."""
    if found == meant or plain_form(found) != plain_form(meant):
        return ""
    for cause, undo in _CAUSES:
        if undo(found) == undo(meant):
            return cause
    names = [cause for cause, undo in _CAUSES if undo(found) != found or undo(meant) != meant]
    return " and ".join(names)


def unmet_ids(
    entity: str, column: str, named: Mapping[str, int], known: Collection[str], n_in: int | None = None
) -> Unmet | None:
    """Find ids (by id the number of records) that are not known; None where all are known.

    n_in: the number of records with any id, where `named` has only the unknown ids. The cause is that of the most
    records, with the example of it that most of them name.
    """
    known = known if isinstance(known, set | frozenset) else set(known)
    strangers = {name: n for name, n in named.items() if name not in known}
    if not strangers:
        return None
    total = sum(named.values()) if n_in is None else n_in
    forms: dict[str, str] = {}
    for name in sorted(known):
        forms.setdefault(plain_form(name), name)
    by_cause: dict[str, list[str]] = {}
    for name in sorted(strangers, key=lambda name: (-strangers[name], name)):
        by_cause.setdefault(likely_cause(name, forms.get(plain_form(name), name)), []).append(name)
    causes = [cause for cause in by_cause if cause]
    cause = max(causes, key=lambda one: sum(strangers[name] for name in by_cause[one]), default="")
    example = by_cause[cause][0]
    meant = forms[plain_form(example)] if cause else ""
    return Unmet(entity, column, sum(strangers.values()), total, example, cause, meant)
