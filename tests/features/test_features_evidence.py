"""Evidence and training data: matrices worked out by hand."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from socialrec.contracts.gold import USER_PRODUCT_AFFINITY
from socialrec.errors import UserError
from socialrec.etl.gold.affinity import user_product_affinity
from socialrec.etl.schemas import spark_schema
from socialrec.features.evidence import affinities_of_events, affinity_matrix
from socialrec.features.feature_set import EvidenceTables, FeatureSet, build_features
from socialrec.features.ties import tie_matrix
from socialrec.features.words import distinctive_words, words_of
from socialrec.settings import Settings
from socialrec.settings.etl import PlatformSettings

TIME = pa.timestamp("us", "UTC")
DAY = date(2026, 2, 28)
USERS, PRODUCTS = pa.array(["a", "b"]), pa.array(["p", "q"])


def one_event(kind: str, age_days: float | None = None, quantity: float = 1.0, landed: date = DAY) -> pa.Table:
    """An event at noon so many days before DAY, or of unknown time."""
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    return pa.table(
        {
            "user_key": ["b"],
            "product_id": ["p"],
            "event_type": [kind],
            "event_ts": pa.array([None if age_days is None else noon - timedelta(days=age_days)], TIME),
            "quantity": [quantity],
            "platform": ["shop"],
            "ds": [landed.isoformat()],
        }
    )


def affinity_of(events: pa.Table, settings: Settings, users: pa.Array = USERS, products: pa.Array = PRODUCTS) -> Any:
    """Affinity as of DAY, csr (n_users, n_products)."""
    return affinity_matrix(affinities_of_events(events, DAY, settings.etl), users, products, settings)


@pytest.mark.parametrize(
    ("event", "raw"),
    [
        (one_event("click"), 1.0),
        (one_event("purchase"), 5.0),
        (one_event("click", 30), 0.5),
        (one_event("click", 60), 0.25),
        (one_event("click", 29.6), 0.5),  # of the evening before: 30 days by the calendar
        (one_event("click", -3), 1.0),  # of a wrong clock, after the day
        (one_event("click", None, math.e), 2.0),
        (one_event("click", None, 1.0), 1.0),
        (one_event("purchase", None, 0.5), 2.5),
        (one_event("click", None, 0.02), 0.02),
        (one_event("click", None, 0.0), 0.0),
        (one_event("click", None, landed=DAY - timedelta(days=30)), 0.5),
        (one_event("click", None, landed=DAY + timedelta(days=30)), 1.0),
    ],
)
def test_an_event_adds_its_weight_by_quantity_and_age(event: pa.Table, raw: float, settings: Settings) -> None:
    assert affinity_of(event, settings).toarray() == pytest.approx(np.array([[0, 0], [math.log1p(raw), 0]]), abs=1e-6)


def test_a_returned_product_is_no_interest_and_is_counted_as_returned(settings: Settings) -> None:
    events = pa.concat_tables([one_event("purchase"), one_event("return"), one_event("view")])
    assert affinity_of(pa.concat_tables([one_event("purchase"), one_event("return")]), settings).nnz == 0
    [row] = affinities_of_events(events, DAY, settings.etl).to_pylist()
    assert (row["n_favourable"], row["n_returns"]) == (1, 1)


def random_events(seed: int, n: int, settings: Settings) -> pa.Table:
    """Events of both users, dated and undated, of two platforms in different time zones, some landed days later."""
    rng = np.random.default_rng(seed)
    start = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(days=1)
    moments = [start - timedelta(seconds=int(age)) for age in rng.integers(1, 50 * 86_400, n)]
    landed = [
        min(at.date() + timedelta(days=int(late)), DAY) for at, late in zip(moments, rng.integers(0, 4, n), strict=True)
    ]
    kinds = [kind.value for kind in settings.etl.event_weights]
    is_dated = rng.random(n) < 0.8
    return pa.table(
        {
            "user_key": USERS.take(rng.integers(0, 2, n)),
            "product_id": PRODUCTS.take(rng.integers(0, 2, n)),
            "event_type": [kinds[place] for place in rng.integers(0, len(kinds), n)],
            "event_ts": pa.array([at if dated else None for at, dated in zip(moments, is_dated, strict=True)], TIME),
            "quantity": 3 * rng.random(n),
            "platform": pa.array(["shop", "east"]).take(rng.integers(0, 2, n)),
            "ds": [day.isoformat() for day in landed],
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_features_of_a_cut_at_the_end_of_a_day_are_those_of_the_nights_table_row_by_row(
    spark: SparkSession, settings: Settings, seed: int
) -> None:
    east = {"east": PlatformSettings(time_zone="Asia/Shanghai")}
    etl = settings.etl.model_copy(update={"platforms": east})
    events = random_events(seed, 80, settings)
    none = spark.createDataFrame([], spark_schema(USER_PRODUCT_AFFINITY))
    night = user_product_affinity(none, spark.createDataFrame(events), DAY.isoformat(), etl).toArrow()
    # A user is of one platform in a shop; here two share names, and their rows are one pair to a training.
    keys, columns = ["user_key", "product_id"], ("affinity_micros", "n_favourable", "n_returns")
    summed = night.group_by(keys).aggregate([*((name, "sum") for name in columns), ("last_event_ts", "max")])
    summed = summed.sort_by([(name, "ascending") for name in keys])
    found = affinities_of_events(events, DAY, etl)
    assert found.select(keys).equals(summed.select(keys).cast(found.select(keys).schema))
    for name in ("n_favourable", "n_returns"):
        assert found[name].to_pylist() == summed[f"{name}_sum"].to_pylist()
    assert found["last_event_ts"].to_pylist() == summed["last_event_ts_max"].to_pylist()
    apart = np.abs(found["affinity_micros"].to_numpy() - summed["affinity_micros_sum"].to_numpy())
    assert apart.max() <= 80  # a millionth an event


def test_unknown_users_and_products_are_left_out(settings: Settings) -> None:
    assert affinity_of(one_event("click"), settings, users=pa.array(["x"])).nnz == 0
    assert affinity_of(one_event("click"), settings, products=pa.array(["x"])).nnz == 0


def ties_between(parts: pa.Table, users: list[str], settings: Settings) -> Any:
    return tie_matrix(parts, pa.array(users), pa.array(users), settings.etl)


def test_ties_are_shares_of_follow_mutual_and_replies(settings: Settings) -> None:
    replies = round((math.e - 1) * 1_000_000)
    parts = pa.table(
        {
            "user_key": ["a", "a", "a"],
            "neighbour_key": ["b", "c", "nobody"],
            "is_follow": [True, False, True],
            "is_mutual": [True, False, False],
            "replies_micros": [0, replies, 0],
        }
    )
    ties = ties_between(parts, ["a", "b", "c"], settings)
    assert ties.toarray()[0] == pytest.approx([0, 2 / 3, 1 / 3], abs=1e-6)
    assert ties.toarray()[1:].sum() == 0
    alone = tie_matrix(parts, pa.array(["a"]), pa.array(["b", "c"]), settings.etl)
    assert alone.toarray().tolist() == ties.toarray()[:1, 1:].tolist()
    weighed = settings.etl.model_copy(update={"mutual_weight": 0.0, "reply_weight": 3.0})
    assert tie_matrix(parts, pa.array(["a"]), pa.array(["a", "b", "c"]), weighed).toarray()[0] == pytest.approx(
        [0, 1 / 4, 3 / 4], abs=1e-6
    )


def tie_rows(users: list[str], neighbours: list[str]) -> pa.Table:
    n = len(users)
    follows, no = [True] * n, [False] * n
    replies = pa.array([0] * n, pa.int64())
    names = {"user_key": pa.array(users, pa.string()), "neighbour_key": pa.array(neighbours, pa.string())}
    flags = {"is_follow": pa.array(follows, pa.bool_()), "is_mutual": pa.array(no, pa.bool_())}
    return pa.table({**names, **flags, "replies_micros": replies})


def test_a_self_tie_counts_nothing(settings: Settings) -> None:
    ties = ties_between(tie_rows(["a", "a"], ["a", "b"]), ["a", "b"], settings)
    assert ties.toarray().tolist() == [[0, 1], [0, 0]]


def test_a_hub_with_a_million_ties_weighs_each_of_them_little(settings: Settings) -> None:
    everyone = [f"u{i:07}" for i in range(1_000_001)]
    ties = ties_between(tie_rows(["u0000000"] * 1_000_000, everyone[1:]), everyone, settings)
    assert ties.nnz == 1_000_000
    assert ties.sum() == pytest.approx(1, abs=1e-3)
    assert ties.data.max() < 1e-5


def test_an_empty_graph_has_no_ties(settings: Settings) -> None:
    assert ties_between(tie_rows([], []), ["a"], settings).nnz == 0


def test_products_are_centred_unit_vectors_of_their_own_text_and_comments(data: FeatureSet) -> None:
    assert np.linalg.norm(data.text, axis=1) == pytest.approx(np.ones(12))
    books, games = data.text[:6], data.text[6:]
    assert (books @ books.T).min() > 0.5
    assert (books @ games.T).max() < -0.5


def test_a_product_without_vectors_is_a_row_of_zeros(
    events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table, settings: Settings
) -> None:
    affinities = affinities_of_events(events, DAY, settings.etl)
    evidence = EvidenceTables(affinities, comments.slice(0, 0), ties, catalogue, embeddings.slice(1))
    found = build_features(evidence, settings)
    assert not found.text[0].any()
    assert found.text[1:].any(axis=1).all()


def test_a_users_words_are_the_centred_unit_mean_of_the_users_own_comments(
    events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table, settings: Settings
) -> None:
    two = pa.concat_tables([comments, comments.set_column(0, "user_key", pa.array(["s0"]))])
    two = two.set_column(3, "text_hash", pa.array(["h-b0", "h-g0"]))
    affinities = affinities_of_events(events, DAY, settings.etl)
    found = build_features(EvidenceTables(affinities, two, ties, catalogue, embeddings), settings)
    reader, gamer = (found.users.index(user).as_py() for user in ("r1", "s0"))
    assert found.words[reader] @ found.words[gamer] == pytest.approx(-1)
    assert np.linalg.norm(found.words, axis=1).sum() == pytest.approx(2)
    books, games = found.text[:6], found.text[6:]
    assert (books @ found.words[reader]).min() > 0.5 > (games @ found.words[reader]).max()


def test_users_are_all_who_did_wrote_or_are_tied_and_popularity_counts_users(data: FeatureSet) -> None:
    assert data.users.to_pylist() == ["friend", *[f"r{i}" for i in range(5)], *[f"s{i}" for i in range(5)]]
    assert data.popularity.tolist() == [4, 4, 4, 4, 4, 0] * 2


def test_an_empty_catalogue_is_a_users_error(
    events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table, settings: Settings
) -> None:
    affinities = affinities_of_events(events, DAY, settings.etl)
    with pytest.raises(UserError, match="land the catalogue"):
        build_features(EvidenceTables(affinities, comments, ties, catalogue.slice(0, 0), embeddings), settings)


def test_words_of_one_product_or_of_most_products_are_not_distinctive() -> None:
    texts = ["the red lamp", "the red chair", "the blue sofa", "the lone desk", *["the gadget"] * 6]
    weights, words = distinctive_words([Counter(words_of(text)) for text in texts])
    assert words == ["red"]
    assert weights.toarray().ravel().tolist() == [1, 1, *[0] * 8]
