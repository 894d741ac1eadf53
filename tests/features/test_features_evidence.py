"""Evidence and training data: matrices worked out by hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from socialrec.contracts.gold import USER_PRODUCT_AFFINITY
from socialrec.errors import UserError
from socialrec.etl.gold.affinity import user_product_affinity
from socialrec.etl.schemas import spark_schema
from socialrec.features.data import TrainingData, TrainingTables, build_training_data
from socialrec.features.evidence import affinity_of_events, affinity_of_rollup, tie_matrix
from socialrec.features.words import distinctive_words, words_of
from socialrec.settings import Settings

TIME = pa.timestamp("us", "UTC")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEGIN = NOW - timedelta(days=1)
LAST = BEGIN.date()
NIGHT = LAST.isoformat()
"""The day that begins at BEGIN and ends at NOW."""
USERS, PRODUCTS = pa.array(["a", "b"]), pa.array(["p", "q"])


def one_event(kind: str, age_days: float | None = None, quantity: float = 1.0) -> pa.Table:
    moment = None if age_days is None else NOW - timedelta(days=age_days)
    return pa.table(
        {
            "user_key": ["b"],
            "product_id": ["p"],
            "event_type": [kind],
            "event_ts": pa.array([moment], TIME),
            "quantity": [quantity],
        }
    )


@pytest.mark.parametrize(
    ("event", "raw"),
    [
        (one_event("click"), 1.0),
        (one_event("purchase"), 5.0),
        (one_event("click", 30), 0.5),
        (one_event("click", 60), 0.25),
        (one_event("click", None, math.e), 2.0),
        (one_event("click", None, 1.0), 1.0),
        (one_event("purchase", None, 0.5), 2.5),
        (one_event("click", None, 0.02), 0.02),
        (one_event("click", None, 0.0), 0.0),
    ],
)
def test_an_event_adds_its_weight_by_quantity_and_age(event: pa.Table, raw: float, settings: Settings) -> None:
    affinity = affinity_of_events(event, USERS, PRODUCTS, settings, NOW)
    assert affinity.toarray() == pytest.approx(np.array([[0, 0], [math.log1p(raw), 0]]))


def test_a_returned_product_is_no_interest(settings: Settings) -> None:
    events = pa.concat_tables([one_event("purchase"), one_event("return")])
    assert affinity_of_events(events, USERS, PRODUCTS, settings, NOW).nnz == 0


def rolled_by_spark(spark: SparkSession, events: pa.Table, landed: Sequence[str], settings: Settings) -> np.ndarray:
    """Affinity of one platform's events on NIGHT, by the night's job: (n_users, n_products)."""
    rows = events.append_column("platform", pa.array(["shop"] * len(events))).append_column("ds", pa.array(landed))
    none = spark.createDataFrame([], spark_schema(USER_PRODUCT_AFFINITY))
    rollup = user_product_affinity(none, spark.createDataFrame(rows), NIGHT, settings.etl)
    return affinity_of_rollup(rollup.toArrow(), USERS, PRODUCTS, settings).toarray()


def some_events(settings: Settings, moments: Sequence[datetime]) -> pa.Table:
    """Events that are no returns, one a moment."""
    rng, n = np.random.default_rng(3), len(moments)
    kinds = [kind.value for kind, weight in settings.etl.event_weights.items() if weight > 0]
    return pa.table(
        {
            "user_key": USERS.take(rng.integers(0, 2, n)),
            "product_id": PRODUCTS.take(rng.integers(0, 2, n)),
            "event_type": [kinds[place] for place in rng.integers(0, len(kinds), n)],
            "event_ts": pa.array(moments, TIME),
            "quantity": 3 * rng.random(n),
        }
    )


def test_the_nights_affinity_lies_between_that_of_its_events_at_the_beginning_and_the_end_of_its_day(
    spark: SparkSession, settings: Settings
) -> None:
    """Spark ages an event by whole days, whatever the day on which it landed; NumPy ages it by seconds."""
    rng = np.random.default_rng(4)
    moments = [NOW - timedelta(seconds=int(age)) for age in rng.integers(1, 50 * 86_400, 60)]
    delays = [timedelta(days=int(n)) for n in rng.integers(0, 4, 60)]
    late = [min(moment.date() + delay, LAST) for moment, delay in zip(moments, delays, strict=True)]
    events = some_events(settings, moments)
    found = rolled_by_spark(spark, events, [day.isoformat() for day in late], settings)
    first, last = (affinity_of_events(events, USERS, PRODUCTS, settings, at).toarray() for at in (BEGIN, NOW))
    rounding = 60 * 1e-6
    assert (last - rounding <= found).all()
    assert (found <= first + rounding).all()
    assert (first - last).min() > 10 * rounding


def test_the_nights_affinity_is_that_of_its_events_where_they_are_whole_days_old(
    spark: SparkSession, settings: Settings
) -> None:
    moments = [BEGIN - timedelta(days=age) for age in range(40)]
    events, landed = some_events(settings, moments), [moment.date().isoformat() for moment in moments]
    expected = affinity_of_events(events, USERS, PRODUCTS, settings, BEGIN).toarray()
    assert rolled_by_spark(spark, events, landed, settings) == pytest.approx(expected, abs=40 * 1e-6)


def test_an_undated_event_ages_from_its_landing_day_in_the_night_and_never_in_training(
    spark: SparkSession, settings: Settings
) -> None:
    """The two agree on the landing day alone."""
    event = one_event("click")
    assert affinity_of_events(event, USERS, PRODUCTS, settings, NOW)[1, 0] == pytest.approx(math.log1p(1.0))
    assert rolled_by_spark(spark, event, [NIGHT], settings)[1, 0] == pytest.approx(math.log1p(1.0))
    half_life = timedelta(days=settings.etl.affinity_half_life_days)
    landed = [(LAST - half_life).isoformat()]
    assert rolled_by_spark(spark, event, landed, settings)[1, 0] == pytest.approx(math.log1p(0.5))


def test_unknown_users_and_products_are_left_out(settings: Settings) -> None:
    assert affinity_of_events(one_event("click"), pa.array(["x"]), PRODUCTS, settings, NOW).nnz == 0
    assert affinity_of_events(one_event("click"), USERS, pa.array(["x"]), settings, NOW).nnz == 0


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
    ties = tie_matrix(parts, pa.array(["a", "b", "c"]), settings)
    assert ties.toarray()[0] == pytest.approx([0, 2 / 3, 1 / 3], abs=1e-6)
    assert ties.toarray()[1:].sum() == 0


def tie_rows(users: list[str], neighbours: list[str]) -> pa.Table:
    n = len(users)
    follows, no = [True] * n, [False] * n
    replies = pa.array([0] * n, pa.int64())
    names = {"user_key": pa.array(users, pa.string()), "neighbour_key": pa.array(neighbours, pa.string())}
    flags = {"is_follow": pa.array(follows, pa.bool_()), "is_mutual": pa.array(no, pa.bool_())}
    return pa.table({**names, **flags, "replies_micros": replies})


def test_a_self_tie_counts_nothing(settings: Settings) -> None:
    ties = tie_matrix(tie_rows(["a", "a"], ["a", "b"]), pa.array(["a", "b"]), settings)
    assert ties.toarray().tolist() == [[0, 1], [0, 0]]


def test_a_hub_with_a_million_ties_weighs_each_of_them_little(settings: Settings) -> None:
    everyone = [f"u{i:07}" for i in range(1_000_001)]
    ties = tie_matrix(tie_rows(["u0000000"] * 1_000_000, everyone[1:]), pa.array(everyone), settings)
    assert ties.nnz == 1_000_000
    assert ties.sum() == pytest.approx(1, abs=1e-3)
    assert ties.data.max() < 1e-5


def test_an_empty_graph_has_no_ties(settings: Settings) -> None:
    assert tie_matrix(tie_rows([], []), pa.array(["a"]), settings).nnz == 0


def test_products_are_centred_unit_vectors_of_their_own_text_and_comments(data: TrainingData) -> None:
    assert np.linalg.norm(data.text, axis=1) == pytest.approx(np.ones(12))
    books, games = data.text[:6], data.text[6:]
    assert (books @ books.T).min() > 0.5
    assert (books @ games.T).max() < -0.5


def test_a_product_without_vectors_is_a_row_of_zeros(
    events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table, settings: Settings
) -> None:
    evidence = TrainingTables(events, comments.slice(0, 0), ties, None)
    found = build_training_data(evidence, catalogue, embeddings.slice(1), settings)
    assert not found.text[0].any()
    assert found.text[1:].any(axis=1).all()


def test_users_are_all_who_did_wrote_or_are_tied_and_popularity_counts_users(data: TrainingData) -> None:
    assert data.users.to_pylist() == ["friend", *[f"r{i}" for i in range(5)], *[f"s{i}" for i in range(5)]]
    assert data.popularity.tolist() == [4, 4, 4, 4, 4, 0] * 2


def test_an_empty_catalogue_is_a_users_error(
    events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table, settings: Settings
) -> None:
    with pytest.raises(UserError, match="land the catalogue"):
        build_training_data(TrainingTables(events, comments, ties, None), catalogue.slice(0, 0), embeddings, settings)


def test_words_of_one_product_or_of_most_products_are_not_distinctive() -> None:
    texts = ["the red lamp", "the red chair", "the blue sofa", "the lone desk", *["the gadget"] * 6]
    weights, words = distinctive_words([Counter(words_of(text)) for text in texts])
    assert words == ["red"]
    assert weights.toarray().ravel().tolist() == [1, 1, *[0] * 8]
