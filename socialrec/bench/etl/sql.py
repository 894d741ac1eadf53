"""The ETL in SQL for DuckDB: the same cleaning, deduplication, aggregates and tables as our Spark jobs make."""

# ruff: noqa: S608 (the names and numbers put into these statements are the contracts' and the settings' own)

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection
from duckdb.func import PythonUDFType

from socialrec.contracts.columns import Column
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.landing import EARLIEST_YEAR
from socialrec.contracts.opinions import (
    FAVOURABLE_EVENTS,
    FAVOURABLE_RATING,
    LABEL_WORDS,
    UNFAVOURABLE_RATING,
    WORD_OR_SIGN,
)
from socialrec.contracts.vocabulary import Entity, TextKind
from socialrec.etl.wording.cleaning import cleaned
from socialrec.etl.wording.languages import UNKNOWN_LANGUAGE
from socialrec.etl.wording.texts import BLANK, SPECIAL
from socialrec.language.detecting import MIN_LEAD, language_of
from socialrec.language.latin_words import FUNCTION_WORDS
from socialrec.settings.etl import EtlSettings, MaskSettings

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


def affinity(night: str, settings: EtlSettings) -> str:
    """Decayed sums of weighted events."""
    favourable = ", ".join(f"'{kind}'" for kind in FAVOURABLE_EVENTS)
    weights = " ".join(f"WHEN '{kind}' THEN {weight}" for kind, weight in settings.event_weights.items())
    amount = "CASE WHEN quantity > 1 THEN 1 + ln(quantity) ELSE quantity END"
    half_life = settings.affinity_half_life_days
    decay = _decay("coalesce(event_ts::DATE, ds::DATE)", "ds::DATE", half_life)
    return f"""
        WITH daily AS (
            SELECT platform, user_key, product_id, ds, sum(round((CASE event_type {weights} ELSE 0 END)::DOUBLE
                    * {amount} * {decay} * 1000000)::BIGINT)::BIGINT micros,
                count(*) n, count(*) FILTER (event_type IN ({favourable})) n_good,
                count(*) FILTER (event_type = 'return') n_back, max(event_ts) last_ts
            FROM silver_interactions WHERE quantity > 0 GROUP BY ALL
        ), settled AS (
            SELECT platform, user_key, product_id, {_settled(half_life)}, sum(n)::BIGINT n_events,
                sum(n_good)::BIGINT n_favourable, sum(n_back)::BIGINT n_returns,
                max(last_ts) last_event_ts
            FROM daily GROUP BY ALL
        )
        SELECT user_key, product_id, {_faded(night, half_life)} affinity_micros, settled.ds settled_ds,
            settled.micros settled_micros, n_events, n_favourable, n_returns, last_event_ts, platform,
            '{night}' ds
        FROM settled"""


def _decay(since: str, until: str, half_life: float) -> str:
    return f"pow(2.0::DOUBLE, -({until} - {since}) / {half_life}::DOUBLE)"


def _settled(half_life: float) -> str:
    """Sum of a group's days (`ds`, `micros`), decayed and rounded from each day to the next, as struct `settled`."""
    aged = f"round(kept.micros * {_decay('kept.ds::DATE', 'day.ds::DATE', half_life)})::BIGINT"
    add = f"lambda kept, day: {{ds: day.ds, micros: {aged} + day.micros}}"
    return f"list_reduce(list_sort(list({{ds: ds, micros: micros}})), {add}) settled"


def _faded(night: str, half_life: float) -> str:
    decay = _decay("settled.ds::DATE", f"DATE '{night}'", half_life)
    return f"round(settled.micros * {decay})::BIGINT"


def ties(night: str, settings: EtlSettings) -> str:
    """Follows and decayed replies, in both directions of a pair."""
    half_life = settings.reply_half_life_days
    return f"""
        WITH answers AS (
            SELECT c.platform, c.user_key a, c.created_ts, c.ds, {{d: p.ds, k: p.user_key}} parent
            FROM silver_comments c JOIN silver_comments p
                ON c.platform = p.platform AND c.parent_comment_id = p.comment_id
        ), known AS (
            SELECT platform, a, parent.k b, created_ts, coalesce(created_ts::DATE, ds::DATE) replied,
                greatest(ds, parent.d) ds
            FROM answers WHERE a <> parent.k
        ), daily AS (
            SELECT platform, a, b, ds, sum(round(1000000 * {_decay("replied", "ds::DATE", half_life)})::BIGINT)::BIGINT
                micros, max(created_ts) last_ts
            FROM known GROUP BY ALL
        ), replied AS (
            SELECT platform, a, b, {_settled(half_life)}, max(last_ts) last_reply_ts FROM daily GROUP BY ALL
        ), parts AS (
            SELECT platform, follower_key a, followee_key b, true is_follow, since_ts, NULL::BIGINT replies_micros,
                NULL::VARCHAR settled_ds, NULL::BIGINT settled_micros, NULL::TIMESTAMP last_reply_ts
            FROM active UNION ALL
            SELECT platform, a, b, NULL, NULL, {_faded(night, half_life)} micros, settled.ds, settled.micros,
                last_reply_ts
            FROM replied WHERE micros > 0
        ), pairs AS (
            SELECT platform, least(a, b) low, greatest(a, b) high, {_ends()} FROM parts GROUP BY ALL
        ), sides AS ({_sides()})
        SELECT *, '{night}' ds FROM sides"""


_ENDS = {
    "is_follow": "false",
    "since_ts": None,
    "replies_micros": "0",
    "settled_ds": None,
    "settled_micros": "0",
    "last_reply_ts": None,
}
"""Columns of one direction of a pair, with the SQL default of each (None is NULL)."""


def _ends() -> str:
    """Columns of both directions of a pair."""
    return ", ".join(
        f"coalesce(max({name}) FILTER ({test}), {nothing or 'NULL'}) {side}_{name}"
        for side, test in (("up", "a < b"), ("down", "a > b"))
        for name, nothing in _ENDS.items()
    )


def _sides() -> str:
    """Both directions of a pair as rows."""
    return " UNION ALL ".join(
        f"""SELECT {user} user_key, {other} neighbour_key, {", ".join(f"{side}_{name} {name}" for name in _ENDS)},
            up_is_follow AND down_is_follow is_mutual, platform
            FROM pairs WHERE {side}_is_follow OR {side}_replies_micros > 0"""
        for side, user, other in (("up", "low", "high"), ("down", "high", "low"))
    )


def active(night: str) -> str:
    """The follows that hold at the end of the night."""
    end = f"DATE '{night}' + 1"
    return f"""
        CREATE VIEW active AS FROM silver_follows WHERE coalesce(since_ts < {end}, true)
            AND NOT coalesce(until_ts < {end}, false)"""


def profiles(night: str) -> str:
    """Activity counts and interests of each user."""
    return f"""
        WITH parts AS (
            SELECT platform, user_key, n_events i, (affinity_micros > 0)::INT p, 0 c, 0 f, NULL l
            FROM gold_user_product_affinity UNION ALL
            SELECT platform, user_key, 0, 0, 1, 0, nullif(language, 'und') FROM silver_comments UNION ALL
            SELECT platform, follower_key, 0, 0, 0, 1, NULL FROM active UNION ALL
            SELECT platform, follower_key, 0, 0, 0, 0, NULL FROM silver_follows UNION ALL
            SELECT platform, followee_key, 0, 0, 0, 0, NULL FROM silver_follows
        ), numbers AS (
            SELECT platform, user_key, sum(i)::BIGINT n_interactions, sum(p)::BIGINT n_products,
                sum(c)::BIGINT n_comments, sum(f)::BIGINT n_follows FROM parts GROUP BY ALL
        ), languages AS (
            SELECT user_key, l AS language FROM parts WHERE l IS NOT NULL GROUP BY user_key, l
            QUALIFY row_number() OVER (PARTITION BY user_key ORDER BY count(*) DESC, l) = 1
        ), described AS (
            SELECT product_id, nullif(trim(category), '') category FROM silver_products
        ), liked AS (
            SELECT *, affinity_micros m, last_event_ts t FROM gold_user_product_affinity JOIN described
                USING (product_id) WHERE affinity_micros > 0
        ), newest AS (
            SELECT user_key, arg_min({{product_id: product_id, is_dated: t IS NOT NULL}},
                {{a: -epoch_us(coalesce(t, make_timestamp(0))), m: -m, p: product_id}}, 3) interests
            FROM liked ANTI JOIN (SELECT user_key, product_id FROM silver_comments
                WHERE rating <= {UNFAVOURABLE_RATING}) complaints USING (user_key, product_id)
            WHERE n_returns = 0 GROUP BY ALL
        ), said AS (
            SELECT *, rating IS NULL AND parent_comment_id IS NULL
                AND len(regexp_extract_all(text, '{WORD_OR_SIGN}')) <= {LABEL_WORDS} AS is_label
            FROM silver_comments JOIN described USING (product_id)
        ), judged AS (
            SELECT user_key, category, count(*) FILTER (rating >= {FAVOURABLE_RATING}) n_good,
                count(*) FILTER (rating <= {UNFAVOURABLE_RATING} OR (rating IS NULL AND NOT is_label)) n_doubtful,
                sum(rating - 3) above_middle
            FROM said WHERE category IS NOT NULL GROUP BY user_key, category
        ), sums AS (
            SELECT user_key, category, sum(m) m, count(*) FILTER (n_favourable > 0 AND n_returns = 0) n_fan
            FROM liked WHERE category IS NOT NULL GROUP BY user_key, category
        ), best AS (
            SELECT user_key, arg_min({{category: category, is_liked: (n_fan > 0 OR coalesce(n_good, 0) > 0)
                AND (coalesce(n_doubtful, 0) = 0 OR n_good > n_doubtful)
                AND coalesce(above_middle, 0) >= 0}}, {{m: -m, c: category}}, 3) categories
            FROM sums LEFT JOIN judged USING (user_key, category) GROUP BY user_key
        ), lasts AS (
            SELECT user_key, is_label, product_id, max(created_ts) t,
                arg_max(text, {{t: coalesce(created_ts, make_timestamp(0)), c: comment_id}}) text
            FROM said WHERE text <> '' GROUP BY ALL
        ), commented AS (
            SELECT user_key, arg_min({{product_id: product_id, is_dated: t IS NOT NULL}},
                {{a: -epoch_us(coalesce(t, make_timestamp(0))), p: product_id}}, 3) commented
            FROM lasts WHERE NOT is_label GROUP BY user_key
        ), labelled AS (
            SELECT user_key, arg_min({{product_id: product_id, text: text, is_dated: t IS NOT NULL}},
                {{a: -epoch_us(coalesce(t, make_timestamp(0))), p: product_id}}, 3) labelled
            FROM lasts WHERE is_label GROUP BY user_key
        ) SELECT user_key, n_interactions, n_products, n_comments, n_follows, language,
            coalesce(categories, []) categories, coalesce(interests, []) interests, coalesce(commented, []) commented,
            coalesce(labelled, []) labelled, platform, '{night}' ds
        FROM numbers LEFT JOIN languages USING (user_key) LEFT JOIN best USING (user_key)
        LEFT JOIN newest USING (user_key) LEFT JOIN commented USING (user_key) LEFT JOIN labelled USING (user_key)"""


def texts(night: str) -> str:
    """Distinct texts, each once: a product's before a comment's."""
    kinds = [kind.value for kind in (TextKind.PRODUCT, TextKind.COMMENT)]
    return f"""
        WITH parts AS (
            SELECT text_hash, 1 place, platform, language(text) AS language, text FROM silver_products UNION ALL
            SELECT text_hash, 2, platform, language, text FROM silver_comments
        ), firsts AS (
            SELECT text_hash, min({{p: place, o: platform, l: language, t: text}}) one FROM parts WHERE text <> ''
            GROUP BY ALL
        ) SELECT text_hash, {kinds}[one.p] kind, one.t AS text, one.l AS language, one.o platform, '{night}' ds
        FROM firsts"""
