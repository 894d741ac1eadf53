"""Guesses why a landing file breaks its contract: another separator, another encoding, other column names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from socialrec.contracts.columns import Column
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""Separators other than the comma."""

_SYNONYMS = {
    **{"product_id": ("item_id", "item", "sku", "asin"), "title": ("name",), "text": ("review", "body", "message")},
    **{"rating": ("stars", "score"), "event_type": ("action",), "user_id": ("customer_id", "author_id")},
}
_TIMES = ("timestamp", "time", "date", "datetime", "created_at", "updated_at")
_LEAST_SIMILARITY = 0.8
_LONGEST_NAME, _MOST_STRANGERS = 100, 200
"""Longest header whose names are compared with ours; longer ones are noise."""
_SHOWN_HEADER = 160


def similar_columns(entity: Entity, found: Iterable[str]) -> dict[str, str]:
    """Unknown columns, each with the missing column of the contract that it may mean.

    A column of the contract is given once, to the name that is most like it.
    """
    names = list(dict.fromkeys(found))
    known = {column.name for column in ENTITIES[entity].columns}
    strangers = [name for name in names if name not in known and len(name) <= _LONGEST_NAME][:_MOST_STRANGERS]
    pairs = [
        (likeness, name, want)
        for name in strangers
        for want in (column.name for column in ENTITIES[entity].columns if column.name not in names)
        if (likeness := _similarity(name, want, entity)) >= _LEAST_SIMILARITY
    ]
    meant: dict[str, str] = {}
    for likeness, name, want in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        rivals = [w for other, n, w in pairs if n == name and other == likeness and w not in meant.values()]
        if name not in meant and rivals == [want]:
            meant[name] = want
    return meant


def shown_name(name: str) -> str:
    """Column name as it is, or in quotes where it contains invisible characters."""
    return name if name == name.strip() and name.isprintable() else repr(name)


def rename_advice(entity: Entity, meant: dict[str, str]) -> str:
    """Say which columns to rename, with the meaning of those whose new name says more than the old one."""
    columns = {column.name: column for column in ENTITIES[entity].columns}
    return "rename " + ", ".join(f"{shown_name(name)} to {_with_unit(columns[want])}" for name, want in meant.items())


def missing_columns(entity: Entity, form: str, names: Sequence[str]) -> str | None:
    """Say which required columns a file lacks, what it has instead, and what to do; None where it has them all."""
    missing = [column.name for column in ENTITIES[entity].columns if not column.nullable and column.name not in names]
    if not missing:
        return None
    is_one = len(missing) == 1
    lacks = f"required column{'' if is_one else 's'} {', '.join(missing)} {'is' if is_one else 'are'} missing"
    header = ", ".join(map(shown_name, names))
    header = header if len(header) <= _SHOWN_HEADER else f"{header[:_SHOWN_HEADER]}…"
    where = {"csv": "its header is", "jsonl": "its first records have"}.get(form, "it has")
    return f"{lacks}; {where}: {header}; {'; '.join(_advice(entity, form, names, missing))}"


def _advice(entity: Entity, form: str, names: Sequence[str], missing: Sequence[str]) -> Iterator[str]:
    separator = _separator(names) if form == "csv" else None
    if separator:
        yield f"its columns look separated by {SEPARATORS[separator]}: separate them by commas"
        names = [name.strip().strip('"') for name in separator.join(names).split(separator)]
    meant = similar_columns(entity, names)
    if meant:
        yield rename_advice(entity, meant)
    if form == "csv" and not separator and not meant and not set(names) & {c.name for c in ENTITIES[entity].columns}:
        yield f"the first line of a CSV file names its columns, such as {','.join(missing)}"
    elif others := [name for name in missing if name not in (*names, *meant.values())]:
        yield f"deliver {entity} with {', '.join(others)}"


def _separator(names: Sequence[str]) -> str | None:
    """Separator of a header that was split at commas, if it has none or few of them."""
    header = ",".join(names)
    found = max(SEPARATORS, key=header.count)
    return found if header.count(found) >= max(1, header.count(",")) else None


def _similarity(name: str, want: str, entity: Entity) -> float:
    """Similarity of a column's name to one of the contract, 0 to 1."""
    ours, theirs = want.split("_"), _words(name)
    if theirs == ours:
        return 1.0
    if "".join(theirs) == "".join(ours):
        return 0.99
    name, is_time = "_".join(theirs), want == ENTITIES[entity].event_time
    if name in _SYNONYMS.get(want, ()) or (is_time and name in _TIMES):
        return 0.95
    if theirs and set(theirs) < set(ours):
        return 0.9
    return 0.89 * SequenceMatcher(None, "_".join(theirs), want).ratio() + 0.05


def _words(name: str) -> list[str]:
    """`Product_ID`, `productId` and `product id` in the contract's way: words in small letters."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.findall(r"[a-z0-9]+", spaced.lower())


def _with_unit(column: Column) -> str:
    said = column.meaning[0].lower() + column.meaning.partition(";")[0][1:]
    return f"{column.name} ({said})" if column.type in ("int64", "float64", "timestamp") else column.name
