"""Gold in SQL for DuckDB: the same aggregates and tables as our Spark jobs make, from `sql_silver`'s."""

# ruff: noqa: S608 (the names and numbers put into these statements are the contracts' and the settings' own)

from __future__ import annotations

from socialrec.contracts.opinions import (
    FAVOURABLE_EVENTS,
    FAVOURABLE_RATING,
    LABEL_WORDS,
    UNFAVOURABLE_RATING,
    WORD_OR_SIGN,
)
from socialrec.contracts.vocabulary import TextKind
from socialrec.settings.etl import EtlSettings


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
