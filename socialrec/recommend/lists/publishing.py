"""Publication of lists: checked whole, then written atomically."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.product_ids import SEPARATOR
from socialrec.contracts.runs import NEWEST_DAY
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.display.messages.catalogue import messages_in
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.export import Beside, Rows, database, export_rows, number
from socialrec.recommend.explain.sentences import describe
from socialrec.recommend.lists.readers import Readers

FILE = "recommendations.parquet"
PRODUCT_PLATFORM, SENTENCES = "product_platform", "sentences"
_PLATFORM_FIRST = r"^(?P<platform>[A-Za-z0-9][A-Za-z0-9._-]*):"


FAULTS = {
    "users with a short list": """
        SELECT count(*) FROM profiles LEFT JOIN listed USING (user_key) LEFT JOIN met USING (user_key)
        WHERE coalesce(n_places, 0) < least($length, $n_offered - coalesce(n_met, 0))""",
    "lists with gaps in their ranks": "SELECT count(*) FROM listed WHERE n_places <> last_rank",
    "lists that repeat a product": "SELECT count(*) FROM listed WHERE n_places <> n_products",
    "places with a product that is not offered": "SELECT count(*) FROM lists ANTI JOIN offered USING (product_id)",
    "places with a product the user has seen": """
        SELECT count(*) FROM lists SEMI JOIN pairs USING (user_key, product_id)""",
    "places of users who are not in gold.user_profiles": """
        SELECT count(*) FROM lists ANTI JOIN profiles USING (user_key)""",
    "places without a reason": "SELECT count(*) FROM lists WHERE len(reasons) = 0",
}
"""SQL that counts each fault of lists."""
_VIEWS = """
    CREATE VIEW pairs AS SELECT user_key, product_id FROM affinities SEMI JOIN offered USING (product_id);
    CREATE VIEW met AS SELECT user_key, count(DISTINCT product_id) AS n_met FROM pairs GROUP BY user_key;
    CREATE VIEW listed AS SELECT user_key, count(*) AS n_places, max(rank) AS last_rank,
        count(DISTINCT product_id) AS n_products FROM lists GROUP BY user_key;
"""


def audit_lists(lists: Rows, profiles: Rows, affinities: Rows, offered: pa.Array, list_length: int) -> None:
    """Check that every user of gold.user_profiles has a full list of products that may be recommended.

    `offered` holds the active products. A list may be shorter than `list_length` only where the user has seen the rest
    of them. Rows are not held in memory. Raises UserError that counts every kind of fault.
    """
    tables = {
        "lists": lists,
        "profiles": profiles,
        "affinities": affinities,
        "offered": pa.table({"product_id": offered}),
    }
    values = {"length": list_length, "n_offered": len(offered)}
    with database(tables) as connection:
        connection.execute(_VIEWS)
        counts = {
            what: number(connection, sql, {k: v for k, v in values.items() if f"${k}" in sql})
            for what, sql in FAULTS.items()
        }
    wrong = [f"{n} {what}" for what, n in counts.items() if n]
    if wrong:
        raise UserError(
            f"gold.recommendations is not fit to publish: {'; '.join(wrong)}; run score_recommendations again"
        )


def with_source_ids(lists: pa.Table, *, is_shared: bool) -> pa.Table:
    """Convert rows of gold.recommendations to the sources' product ids, and add the column `product_platform`.

    is_shared: all platforms share the ids of products, so that these are the source's already.
    """
    platforms = lists["platform"]
    if not is_shared:
        found = pc.struct_field(pc.extract_regex(lists["product_id"], _PLATFORM_FIRST), "platform")
        platforms = pc.coalesce(found, platforms)
        lists = _with_ids(lists, _without_platform, _without_platform)
    return lists.append_column(PRODUCT_PLATFORM, platforms)


def with_lake_ids(exported: pa.Table, *, is_shared: bool) -> pa.Table:
    """Convert exported rows back to the lake's ids, without sentences; rows exported without a platform stay as they
    are.
    """
    if PRODUCT_PLATFORM not in exported.column_names:
        return exported
    if SENTENCES in exported.column_names:
        exported = exported.drop_columns(SENTENCES)
    theirs, own = exported[PRODUCT_PLATFORM].combine_chunks(), exported["platform"].combine_chunks()
    lists = exported.drop_columns(PRODUCT_PLATFORM)
    if is_shared:
        return lists
    n_products = [sum(len(reason["products"]) for reason in reasons) for reasons in lists["reasons"].to_pylist()]
    behind = own.take(pa.array(np.repeat(np.arange(len(own)), n_products)))
    return _with_ids(lists, lambda ids: _joined(theirs, ids), lambda ids: _joined(behind, ids))


def _with_ids(
    lists: pa.Table, listed: Callable[[pa.Array], pa.Array], behind: Callable[[pa.Array], pa.Array]
) -> pa.Table:
    """Replace the ids of products in the lists and in their reasons (which are flattened)."""
    reasons = lists["reasons"].combine_chunks()
    fields = dict(zip((field.name for field in reasons.type.value_type), reasons.flatten().flatten(), strict=True))
    products = fields["products"]
    fields["products"] = pa.ListArray.from_arrays(_offsets(products), behind(products.flatten()), type=products.type)
    structs = pa.StructArray.from_arrays(list(fields.values()), fields=list(reasons.type.value_type))
    changed = pa.ListArray.from_arrays(_offsets(reasons), structs, type=reasons.type)
    for name, values in (("product_id", listed(lists["product_id"].combine_chunks())), ("reasons", changed)):
        place = lists.schema.get_field_index(name)
        lists = lists.set_column(place, lists.schema.field(name), values)
    return lists


def _without_platform(ids: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(ids, _PLATFORM_FIRST, "")


def _joined(platforms: pa.Array, ids: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(platforms, ids, SEPARATOR)


def _offsets(lists: pa.ListArray) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def with_languages(lists: pa.Table, readers: Readers) -> pa.Table:
    """Replace `language`, that of a user's own comments, by the one that the user reads."""
    users = zip(*(lists[name].to_pylist() for name in ("platform", "language")), strict=True)
    chosen = pa.array([readers.language(platform, own) for platform, own in users], pa.string())
    return lists.set_column(lists.schema.get_field_index("language"), "language", chosen)


def with_sentences(lists: pa.Table, titles: Mapping[str, str]) -> pa.Table:
    """Add the column `sentences`, list<string>: each reason, in the row's `language`. Rows have the lake's ids.

    People are counted and not named: the shop knows whom a pseudonym in the reason is.
    """
    spoken = zip(lists["language"].to_pylist(), lists["reasons"].to_pylist(), strict=True)
    sentences = [
        [describe(reason, titles, messages_in(language), names_people=False) for reason in reasons]
        for language, reasons in spoken
    ]
    return lists.append_column(SENTENCES, pa.array(sentences, pa.list_(pa.string())))


def titles_of(lake: Lake, ds: str) -> dict[str, str]:
    """Titles of all products of a day by id."""
    products = lake.read(SILVER_PRODUCTS, [ds], ["product_id", "title"])
    return dict(zip(*(products[name].to_pylist() for name in ("product_id", "title")), strict=True))


def export_lists(
    lists: Rows,
    folder: Path,
    ds: str,
    convert: Callable[[pa.Table], pa.Table] | None = None,
    beside: Beside | None = None,
) -> int:
    """Write `<folder>/<ds>/recommendations.parquet` and point `<folder>/CURRENT` at the newest day.

    Rows are sorted by user and rank; see `export_rows`. Returns the number of new rows; with none (and none gone) it
    touches nothing but a missing or older pointer.
    """
    n_changed = export_rows(lists, folder / ds / FILE, ("user_key", "rank"), convert, beside)
    pointer = folder / NEWEST_DAY
    # A backfilled older day must not become the current one.
    if not pointer.exists() or pointer.read_text(encoding="utf-8").strip() < ds:
        aside = pointer.with_name(f".{NEWEST_DAY}.{os.getpid()}")
        aside.write_text(f"{ds}\n", encoding="utf-8")
        aside.replace(pointer)
    return n_changed
