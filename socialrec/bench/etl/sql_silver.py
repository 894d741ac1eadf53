"""Bronze and silver in SQL for DuckDB: the same cleaning, deduplication and tables as our Spark jobs make."""

# ruff: noqa: S608 (the names and numbers put into these statements are the contracts' and the settings' own)

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection
from duckdb.func import PythonUDFType

from socialrec.contracts.columns import Column
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.landing import EARLIEST_YEAR
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.wording.cleaning import cleaned
from socialrec.etl.wording.languages import UNKNOWN_LANGUAGE
from socialrec.etl.wording.texts import BLANK, SPECIAL
from socialrec.language.detecting import MIN_LEAD, language_of
from socialrec.language.latin_words import FUNCTION_WORDS
from socialrec.settings.etl import MaskSettings

MASKING, NAMING = "cleaned_masked", "cleaned_unmasked"
"""Functions of `add_cleaners`, by use: text that people write, and product names."""
DETECTING = "detected"

_SOURCE = "platform, source_file, source_line, ds"


def macros(key: bytes) -> Iterator[str]:
    """Functions that the statements below use: pseudonyms under this key, and texts."""
    block = key.ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
    message = f"unhex('{inner}') || encode(platform || ':' || id)"
    yield f"CREATE MACRO user_key(platform, id) AS sha256(unhex('{outer}') || unhex(sha256({message})))"
    yield rf"CREATE MACRO spaced(text) AS trim(regexp_replace(nfc_normalize(text), '{BLANK}', ' ', 'g'))"
    # The same Python as in Spark, for the same few texts.
    for name, function in (("clean_text", MASKING), ("clean_name", NAMING)):
        special = f"CASE WHEN regexp_matches(text, '{SPECIAL}') THEN {function}(text) ELSE text END"
        yield f"CREATE MACRO {name}_spaced(text) AS {special}"
        yield f"CREATE MACRO {name}(text) AS {name}_spaced(spaced(text))"
    lists = {code: repr(words.split()) for code, words in FUNCTION_WORDS.items()}
    # Each of (hits, place) packed into one number, the greatest first.
    hits = [f"len(list_intersect(words, {words})) * 10 + {place}" for place, words in enumerate(lists.values(), 1)]
    yield f"CREATE MACRO ranked(words) AS list_reverse_sort([{', '.join(hits)}])"
    code = f"{list(lists)}[best[1] % 10]"
    yield f"CREATE MACRO led(best) AS CASE WHEN best[1] // 10 - best[2] // 10 >= {MIN_LEAD} THEN {code} END"
    words = r"regexp_split_to_array(lower(text), '[^\p{L}]+')"
    latin = rf"CASE WHEN NOT regexp_matches(text, '[^\P{{L}}\p{{Latin}}]') THEN led(ranked({words})) END"
    yield f"CREATE MACRO known_language(text, code) AS CASE WHEN code IS NULL THEN {DETECTING}(text) ELSE code END"
    yield f"CREATE MACRO language(text) AS known_language(text, {latin})"
    yield "CREATE MACRO is_late(time, ds) AS coalesce(time < ds::DATE, false)"


def add_cleaners(connection: DuckDBPyConnection, masks: MaskSettings) -> None:
    """Register `cleaning.cleaned` in DuckDB, with these masks and without masks, and `detecting.language_of`."""
    for name, used in ((MASKING, masks), (NAMING, MaskSettings.nothing())):
        connection.create_function(name, _cleaner(used), ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)
    connection.create_function(DETECTING, _detect_all, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)


def _detect_all(texts: pa.Array) -> pa.Array:
    return pa.array([language_of(text) or UNKNOWN_LANGUAGE for text in texts.to_pylist()], pa.string())


def _cleaner(masks: MaskSettings) -> Callable[[pa.Array], pa.Array]:
    def clean_all(texts: pa.Array) -> pa.Array:
        return pa.array([cleaned(text, masks) for text in texts.to_pylist()], pa.string())

    return clean_all


def judged(entity: Entity, landing: str) -> str:
    """All landed records with the reason for which they are rejected, or null."""
    spec = ENTITIES[entity]
    problems = [problem for column in spec.columns for problem in _problems(column)]
    if spec.needs_any:
        name, *others = spec.needs_any
        lacks = "".join(f" AND {other} IS NULL" for other in others)
        problems.append((f"{name} IS NULL{lacks}", "missing_value", name))
        problems.append((f"trim({name}) = ''{lacks}", "empty_text", name))
    problems.append((f"{spec.event_time} >= ds::DATE + 1", "future_event", spec.event_time))
    if spec.must_differ:
        one, other = spec.must_differ
        problems.append((f"{one} = {other}", "self_follow", other))
    cases = " ".join(f"WHEN {test} THEN '{reason}:{name}'" for test, reason, name in problems)
    held = " ".join(f"WHEN '{column.name}' THEN {column.name}::VARCHAR" for column in spec.columns)
    record = ", ".join(f"{column.name} := {column.name}" for column in spec.columns)
    # DuckDB needs an extension for times with a zone; without one they are UTC, as ours are.
    times = ", ".join(
        f"{name}::TIMESTAMP AS {name}" for name in (c.name for c in spec.columns if c.type == "timestamp")
    )
    return f"""
        CREATE OR REPLACE VIEW judged_{entity} AS WITH landed AS (
            SELECT * REPLACE ({times}), array_to_string(string_split(filename, '/')[-3:], '/') source_file,
                file_row_number + 1 source_line, string_split(filename, '/')[-3] platform,
                string_split(filename, '/')[-2] ds
            FROM read_parquet('{landing}/*/*/{entity}.parquet', filename = true, file_row_number = true,
                union_by_name = true)
        ), found AS (SELECT *, CASE {cases} END problem FROM landed)
        SELECT *, split_part(problem, ':', 1) reason, 'ingest' stage, to_json(struct_pack({record})) record,
            split_part(problem, ':', 2) || ': ' || left(CASE split_part(problem, ':', 2) {held} END, 120) detail
        FROM found"""


def _problems(column: Column) -> Iterator[tuple[str, str, str]]:
    name = column.name
    if not column.nullable:
        yield f"{name} IS NULL", "missing_value", name
        if column.type == "string":
            yield f"trim({name}) = ''", "missing_value", name
    if column.choices is not None:
        yield f"{name} NOT IN ({', '.join(repr(str(choice)) for choice in column.choices)})", "unknown_value", name
    if column.max_chars is not None:
        yield f"length({name}) > {column.max_chars}", "too_long", name
    if column.type == "timestamp":
        yield f"{name} < '{EARLIEST_YEAR}-01-01'", "out_of_range", name
    if column.type == "float64":
        yield f"isnan({name}) OR isinf({name})", "out_of_range", name
    if column.minimum is not None:
        yield f"{name} < {column.minimum}", "out_of_range", name
    if column.maximum is not None:
        yield f"{name} > {column.maximum}", "out_of_range", name


def bronze(entity: Entity) -> str:
    """The valid records."""
    names = ", ".join(_held(column) for column in ENTITIES[entity].columns)
    return f"SELECT {names}, {_SOURCE}, now() ingested_ts FROM judged_{entity} WHERE problem IS NULL"


def _held(column: Column) -> str:
    """Select a column, with blank values as null where the column is optional; only texts are blank in this benchmark's
    files.
    """
    if column.name == "text":
        return f"CASE WHEN trim({column.name}) <> '' THEN {column.name} END {column.name}"
    return column.name


def quarantine(entity: Entity) -> str:
    """The rejected records."""
    return f"SELECT reason, detail, stage, record, {_SOURCE} FROM judged_{entity} WHERE problem IS NOT NULL"


def repeats(entity: Entity, key: Sequence[str]) -> str:
    """A table `copies` of the events that another one of their key keeps out, and whether it contradicts them."""
    rule, records = ENTITIES[entity].revisions, f"bronze_{entity}"
    assert rule is not None, f"{entity} is no event"
    owner, content, time = ", ".join(rule.owner), ", ".join((*rule.owner, *rule.content)), rule.time or "NULL"
    keys, own = ", ".join(key), "{ds: ds, f: source_file, l: source_line}"
    return f"""
        CREATE OR REPLACE TEMP TABLE copies AS WITH suspects AS (
            SELECT *, {own} own, hash({owner}) owner, hash({content}) content
            FROM {records} SEMI JOIN
                (SELECT {keys} FROM {records} GROUP BY ALL HAVING count(*) > 1) USING ({keys})
        ), owned AS (
            SELECT *, arg_min(owner, own) OVER (PARTITION BY {keys}) <> owner is_conflict FROM suspects
        ), known AS (
            SELECT *, coalesce({time}, max({time}) OVER (PARTITION BY {keys}, is_conflict ORDER BY own),
                make_timestamp(0)) known FROM owned
        ), judged AS (
            SELECT *, arg_max(content, {{k: known, o: own}}) OVER (PARTITION BY {keys}, is_conflict) newest,
                min(own) OVER (PARTITION BY {keys}, is_conflict, content) earliest FROM known
        ) SELECT source_file, source_line, is_conflict, NOT is_conflict AND own = earliest is_replaced
        FROM judged WHERE is_conflict OR own <> earliest OR content <> newest"""


def said_again(window_days: int) -> str:
    """Create a table of comments whose text their user had already written about the product in another comment."""
    keys = "user_key, product_id, text_hash"
    own = "{ds: ds, f: source_file, l: source_line, p: platform, c: comment_id}"
    return f"""
        CREATE OR REPLACE TEMP TABLE repeats AS WITH worded AS (
            FROM cleaned WHERE text <> ''
        ), suspects AS (
            SELECT * FROM worded SEMI JOIN
                (SELECT {keys} FROM worded GROUP BY ALL HAVING count(*) > 1) USING ({keys})
        ), judged AS (
            SELECT *, min({own}) OVER (PARTITION BY {keys} ORDER BY ds::DATE
                RANGE BETWEEN INTERVAL {window_days} DAYS PRECEDING AND CURRENT ROW) earliest FROM suspects
        ) SELECT source_file, source_line FROM judged WHERE earliest.p <> platform OR earliest.c <> comment_id"""


SILVER_INTERACTIONS = """
    SELECT event_id, user_key(platform, user_id) user_key, platform || ':' || product_id product_id, event_type,
        event_ts, coalesce(quantity, 1) quantity, is_late(event_ts, ds) is_late, platform, ds
    FROM bronze_interactions ANTI JOIN copies USING (source_file, source_line)"""

CLEANED_COMMENTS = """
    CREATE TEMP TABLE cleaned AS WITH texts AS (
        SELECT * REPLACE (clean_text(coalesce(text, '')) AS text, platform || ':' || product_id AS product_id),
            user_key(platform, user_id) user_key
        FROM bronze_comments ANTI JOIN (FROM copies WHERE NOT is_replaced) USING (source_file, source_line)
    ) SELECT *, sha256(text) text_hash, language(text) AS language FROM texts"""

SILVER_COMMENTS = """
    SELECT comment_id, user_key, product_id, text, text_hash, language, rating, topic, parent_comment_id, created_ts,
        is_late(created_ts, ds) is_late, platform, ds
    FROM cleaned ANTI JOIN repeats USING (source_file, source_line)
        ANTI JOIN copies USING (source_file, source_line) WHERE text <> '' OR rating IS NOT NULL"""


def requarantine(entity: Entity, key: str) -> str:
    """SQL of the records that ingest rejected, and of those whose id an earlier one has with other content."""
    record = ", ".join(f"{column.name} := {column.name}" for column in ENTITIES[entity].columns)
    return f"""
        SELECT * FROM quarantine_{entity} UNION ALL BY NAME
        SELECT 'conflicting_id' reason, '{key}: ' || left({key}, 100) detail, 'silver' stage,
            to_json(struct_pack({record})) record, {_SOURCE}
        FROM bronze_{entity} SEMI JOIN (FROM copies WHERE is_conflict) USING (source_file, source_line)"""


def silver_products(night: str) -> str:
    """Newest description of each product."""
    parts = ", ".join(f"nullif(trim({name}), '')" for name in ("title", "category", "brand", "description"))
    names = ", ".join(f"clean_name({name}) AS {name}" for name in ("category", "brand"))
    return f"""
        WITH ranked AS (
            SELECT * REPLACE (platform || ':' || product_id AS product_id),
                min(ds) OVER (PARTITION BY platform, product_id) first_seen_ds,
                row_number() OVER (PARTITION BY platform, product_id ORDER BY updated_ts DESC NULLS LAST, ds DESC,
                    source_file DESC, source_line DESC) place
            FROM bronze_products
        ), named AS (
            SELECT * REPLACE (coalesce(nullif(clean_name(title), ''), title) AS title,
                clean_text(description) AS description, {names})
            FROM ranked WHERE place = 1
        ) SELECT product_id, title, description, category, brand, price_cents, currency,
            coalesce(is_active, true) is_active, updated_ts, concat_ws('. ', {parts}) text, sha256(text) text_hash,
            NULL::VARCHAR[] pictures, first_seen_ds, platform, '{night}' ds
        FROM named"""


def silver_follows(night: str) -> str:
    """Newest record of each edge."""
    return f"""
        SELECT user_key(platform, follower_id) follower_key, user_key(platform, followee_id) followee_key, since_ts,
            until_ts, platform, '{night}' ds
        FROM (FROM bronze_follows QUALIFY row_number() OVER (PARTITION BY platform, follower_id, followee_id
            ORDER BY coalesce(since_ts, until_ts) DESC NULLS LAST, ds DESC, source_file DESC, source_line DESC) = 1)"""
