"""Rules after ranking: what each takes out, in which order, and that no list stays short for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from small_night import block_of, context_of, nothing_known, rows_of_night, saved_night

from socialrec.features.context import ScoringSnapshot, Stamp
from socialrec.features.feature_set import FeatureSet
from socialrec.features.item_metadata import ages_in_days, first_seen_since, numbered, offered, small_sellers
from socialrec.features.product_features import named_column
from socialrec.recommend.lists.scoring import recommend_everyone, rows_scorer, total_removed
from socialrec.recommend.model import Recommender
from socialrec.recommend.policy import RULES, Chosen, Policy, lacking, least_new, lists_with_new
from socialrec.recommend.scores import DenseScores
from socialrec.settings import RecommendSettings, Settings

TIME = pa.timestamp("us", "UTC")
N_PRODUCTS = 8
SCORES = np.arange(N_PRODUCTS, 0, -1, dtype=np.float32)[None, :]
"""Product 0 is best, product 7 worst."""


def night(
    *,
    n_users: int = 1,
    seen: tuple[int, ...] = (),
    returned: tuple[int, ...] = (),
    active: list[bool] | None = None,
    category: list[int] | None = None,
    brand: list[int] | None = None,
    age_days: list[float] | None = None,
    small_seller: tuple[int, ...] = (),
    **settings: Any,
) -> ScoringSnapshot:
    """Users who have all met the same; every product is offered, new and of no kind unless said otherwise."""

    def met(products: tuple[int, ...]) -> sp.csr_matrix:
        row = np.zeros(N_PRODUCTS, dtype=np.float32)
        row[list(products)] = 1
        return sp.csr_matrix(np.tile(row, (n_users, 1)))

    nothing = sp.csr_matrix((n_users, N_PRODUCTS), dtype=np.float32)
    users = pa.array([f"u{user}" for user in range(n_users)])
    features = FeatureSet(
        users=users,
        products=pa.array([f"p{product}" for product in range(N_PRODUCTS)]),
        affinity=met(seen),
        recency=nothing,
        opinions=nothing,
        ties=sp.csr_matrix((n_users, n_users), dtype=np.float32),
        communities=np.full(n_users, -1),
        community_likes=sp.csr_matrix((1, N_PRODUCTS), dtype=np.float32),
        words=np.zeros((n_users, 1), dtype=np.float32),
        cares=np.zeros((n_users, 1), dtype=np.float32),
        praise=np.zeros((N_PRODUCTS, 1), dtype=np.float32),
        text=np.zeros((N_PRODUCTS, 1), dtype=np.float32),
        looks=np.zeros((N_PRODUCTS, 0), dtype=np.float32),
        popularity=np.asarray(met(seen).sum(axis=0), dtype=np.float32).ravel(),
        trend=np.zeros(N_PRODUCTS, dtype=np.float32),
        category=np.array(category or [-1] * N_PRODUCTS),
    )
    return ScoringSnapshot(
        features=features,
        user_ids=users,
        target_rows=np.arange(n_users),
        platforms=pa.array(["shop"] * n_users),
        seen=met(seen + returned),
        returned=met(returned),
        reason_evidence=nothing_known(n_users, N_PRODUCTS),
        active=np.array(active or [True] * N_PRODUCTS),
        brand=np.array(brand or [-1] * N_PRODUCTS),
        age_days=np.array(age_days or [0.0] * N_PRODUCTS, dtype=np.float32),
        small_seller=np.isin(np.arange(N_PRODUCTS), small_seller),
        n_met=np.zeros(N_PRODUCTS, dtype=np.int64),
        stamp=Stamp("2026-03-01", "1", "enc"),
        settings=RecommendSettings(**{"list_length": 3, **settings}),
    )


def lists(context: ScoringSnapshot) -> Chosen:
    return Policy(context).choose(
        DenseScores.whole(np.repeat(SCORES, len(context.target_rows), axis=0)), context.target_rows
    )


def removed(chosen: Chosen) -> dict[str, int]:
    return {name: n for name, n in chosen.removed.items() if n}


def test_without_anything_to_remove_a_list_is_the_best_and_every_rule_reports_nothing() -> None:
    chosen = lists(night())
    assert (chosen.listed.tolist(), chosen.scores.tolist()) == ([[0, 1, 2]], [[8, 7, 6]])
    assert list(chosen.removed) == [*RULES, "refilled"]
    assert removed(chosen) == {}


def test_a_pair_is_counted_under_the_first_rule_that_hides_it() -> None:
    active = [False, True, True, True, True, True, True, True]
    chosen = lists(night(n_users=2, active=active, returned=(0, 1), seen=(0, 2, 3)))
    assert chosen.listed.tolist() == [[4, 5, 6]] * 2
    # Product 0 is inactive whatever else it is; 1 was returned; 2 and 3 were seen.
    assert removed(chosen) == {"inactive": 2, "returned": 2, "seen": 4}


def test_a_category_beyond_its_limit_makes_room_for_the_next_best() -> None:
    chosen = lists(night(category=[0, 0, 0, 1, 0, 1, 1, 1], max_per_category=2))
    assert chosen.listed.tolist() == [[0, 1, 3]]
    assert chosen.scores.tolist() == [[8, 7, 5]]
    assert removed(chosen) == {"category": 1}


def test_what_the_category_took_out_does_not_count_for_its_brand() -> None:
    chosen = lists(
        night(category=[0, 0, 1, 1, 2, 2, 3, 3], brand=[0, 1, 0, 1, 0, 1, 0, 1], max_per_category=1, max_per_brand=1)
    )
    # 1 breaks the category, so that brand 1 is still free for 3; 2 breaks the brand.
    assert removed(chosen) == {"category": 1, "brand": 5, "refilled": 1}
    assert chosen.listed.tolist() == [[0, 1, 3]]


def test_products_without_a_category_are_free() -> None:
    assert lists(night(category=[-1] * 8, max_per_category=1)).listed.tolist() == [[0, 1, 2]]


def test_stale_products_give_way_only_where_there_are_fresh_ones() -> None:
    chosen = lists(night(age_days=[40, 1, 40, 1, 40, 40, 40, 40], max_age_days=30))
    assert chosen.listed.tolist() == [[0, 1, 3]]
    assert chosen.removed["stale"] == 6
    assert chosen.removed["refilled"] == 1


def test_lists_end_only_where_products_run_out() -> None:
    chosen = lists(night(seen=(0, 1, 2, 3, 4, 5), category=[0] * 8, max_per_category=1))
    assert chosen.listed.tolist() == [[6, 7, -1]]
    assert chosen.scores.tolist() == [[2, 1, 0]]


def test_exploration_gives_the_last_places_to_products_further_down_by_user_and_night() -> None:
    chosen = lists(night(n_users=40, exploration_share=0.34))
    assert chosen.listed[:, :2].tolist() == [[0, 1]] * 40
    assert set(chosen.listed[:, 2].tolist()) == {3, 4, 5, 6, 7}
    assert removed(chosen) == {"exploration": 40}
    assert lists(night(n_users=40, exploration_share=0.34)).listed.tolist() == chosen.listed.tolist()


def test_a_bound_on_the_loss_of_small_sellers_takes_away_no_more_than_it_must() -> None:
    # Half of what is liked is theirs. Of four places two are, of which a loss of one half leaves one.
    changes: dict[str, Any] = {"seen": (0, 7), "small_seller": (5, 6, 7), "list_length": 4}
    assert lists(night(**changes, max_small_seller_loss=0.0)).listed.tolist() == [[1, 2, 5, 6]]
    bounded = lists(night(**changes, max_small_seller_loss=0.5))
    assert bounded.listed.tolist() == [[1, 2, 3, 5]]
    assert bounded.scores.tolist() == [[7, 6, 5, 3]]
    assert bounded.removed["sellers"] == 1
    assert lists(night(**changes, max_small_seller_loss=1.0)).listed.tolist() == [[1, 2, 3, 4]]


def with_new_products(*new: int, **settings: Any) -> Chosen:
    context = night(**{"list_length": 4, **settings})
    is_new = np.isin(np.arange(N_PRODUCTS), new)
    return Policy(context, is_new).choose(DenseScores.whole(SCORES), context.target_rows)


def test_the_last_places_are_reserved_for_new_products_that_would_win_fewer() -> None:
    chosen = with_new_products(5, 6, 7, min_new_share=0.5, max_new_share=0.5)
    assert chosen.listed.tolist() == [[0, 1, 5, 6]]
    assert chosen.scores.tolist() == [[8, 7, 3, 2]]
    assert removed(chosen) == {"reserved": 2}
    # Product 1 has won one of the two places already.
    assert with_new_products(1, 6, 7, min_new_share=0.5, max_new_share=0.5).listed.tolist() == [[0, 1, 2, 6]]
    assert with_new_products(5, 6, min_new_share=0.0).listed.tolist() == [[0, 1, 2, 3]]


def test_places_for_new_products_are_filled_from_below_the_pool_too() -> None:
    # A list of one place walks down the best five, and none of these is new.
    whole: dict[str, Any] = {"list_length": 1, "min_new_share": 1.0, "max_new_share": 1.0}
    chosen = with_new_products(5, 6, 7, **whole)
    assert (chosen.listed.tolist(), chosen.scores.tolist()) == ([[5]], [[3]])
    assert removed(chosen) == {"reserved": 1}
    assert with_new_products(5, 6, 7, seen=(5,), **whole).listed.tolist() == [[6]]
    hidden = [True] * 5 + [False, False, True]
    assert with_new_products(5, 6, 7, active=hidden, **whole).listed.tolist() == [[0]]
    assert with_new_products(4, 5, 6, 7, active=hidden, **whole).listed.tolist() == [[4]]


def test_a_pool_gets_only_what_it_lacks() -> None:
    pool, more = np.array([[4, 2, 0], [1, 3, -1]]), np.array([[2, 7], [5, -1]])
    assert lacking(pool, more).tolist() == [[-1, 7], [5, -1]]


def test_no_more_is_reserved_for_new_products_than_they_may_have() -> None:
    assert with_new_products(6, 7, min_new_share=1.0, max_new_share=0.25).listed.tolist() == [[0, 1, 2, 6]]
    assert with_new_products(0, 1, 2, min_new_share=1.0, max_new_share=0.25).listed.tolist() == [[0, 3, 4, 5]]


def test_a_few_new_products_get_no_more_reserved_than_twice_their_share_of_the_shop() -> None:
    # One of eight: twice an eighth of four places is one.
    assert with_new_products(7, min_new_share=0.5, max_new_share=0.5).listed.tolist() == [[0, 1, 2, 7]]
    # Where a twentieth is new, a list of four has no place for it; where nothing is on offer, none either.
    settings = RecommendSettings(min_new_share=0.5, max_new_share=0.5)
    assert [least_new(k, np.arange(20) == 3, settings) for k in (4, 10, 20)] == [0, 1, 2]
    assert least_new(4, np.zeros(0, dtype=np.bool_), settings) == 0


def test_lists_by_the_rules_on_new_products_alone_are_those_of_the_policy() -> None:
    settings = RecommendSettings(min_new_share=0.25, max_new_share=0.5)
    pool = np.array([[0, 1, 2, 3, 4, 5], [3, 2, 1, 0, 5, -1]])
    is_new = np.array([True, True, True, False, False, False])
    assert lists_with_new(pool, is_new, 4, settings).tolist() == [[0, 1, 3, 4], [3, 2, 1, 5]]
    is_new = np.array([False, False, False, False, False, True])
    assert lists_with_new(pool, is_new, 4, settings).tolist() == [[0, 1, 2, 5], [3, 2, 1, 5]]


def test_parts_of_a_place_go_to_so_many_users_by_chance() -> None:
    # A quarter of what is liked is theirs: of three places a quarter of three, for three users in four.
    fair = night(n_users=400, seen=(0, 1, 2, 7), small_seller=(6, 7), max_small_seller_loss=0.0)
    n_given = lists(fair).removed["sellers"]
    assert n_given == pytest.approx(300, abs=40)
    assert lists(fair).removed["sellers"] == n_given


def test_sellers_are_small_where_the_fewest_likes_are_together_within_the_share() -> None:
    brand = np.array([0, 0, 1, 2, 2, -1])
    likes = np.array([50, 20, 10, 15, 5, 99])
    # Likes by brand: 70, 10 and 20 of 100.
    for share, small in ((0.05, []), (0.1, [2]), (0.29, [2]), (0.3, [2, 3, 4]), (1.0, [0, 1, 2, 3, 4])):
        assert np.flatnonzero(small_sellers(brand, likes, share)).tolist() == small
    assert not small_sellers(np.full(3, -1), likes[:3], 0.5).any()


def test_each_user_has_limits_of_their_own() -> None:
    context = night(n_users=2, category=[0, 0, 0, 0, 1, 1, 1, 1], max_per_category=2)
    scores = np.concatenate([SCORES, SCORES[:, ::-1]])
    assert Policy(context).choose(DenseScores.whole(scores), context.target_rows).listed.tolist() == [
        [0, 1, 4],
        [7, 6, 3],
    ]


def test_the_shelf_knows_what_is_offered_of_which_kind_and_how_old() -> None:
    products = pa.table(
        {
            "product_id": ["a", "b", "c", "unknown"],
            "is_active": [True, False, True, True],
            "category": ["tea", None, "cups", "tea"],
            "first_seen_ds": ["2026-02-01", "2026-02-28", "2026-01-31", "2026-01-01"],
            "updated_ts": pa.array(
                [datetime(2026, 3, 1, tzinfo=UTC), None, datetime(2025, 1, 1, tzinfo=UTC), None], TIME
            ),
        }
    )
    names = pa.array(["a", "b", "c", "gone"])
    assert offered(products, names).tolist() == [True, False, True, False]
    assert numbered(named_column(products, "category", names)).tolist() == [1, -1, 0, -1]
    assert ages_in_days(products, names, "2026-03-01").tolist() == [1, 2, 30, 0]
    assert first_seen_since(products, names, "2026-03-01", 28).tolist() == [True, True, False, False]


@pytest.fixture
def context(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> ScoringSnapshot:
    return context_of(recommender, events, catalogue, ties, settings, max_per_category=2)


def test_a_night_keeps_to_the_limits_and_its_lists_stay_whole(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    rows = recommend_everyone(recommender, context).to_pylist()
    kinds = {
        key: [row["product_id"][0] for row in rows if row["user_key"] == key] for key in ("r0", "stranger", "friend")
    }
    assert {key: (found.count("b"), found.count("g")) for key, found in kinds.items()} == dict.fromkeys(kinds, (2, 2))
    for key in kinds:
        scores = [row["score"] for row in rows if row["user_key"] == key]
        assert scores == sorted(scores, reverse=True)


def test_blocks_leave_their_counts_and_a_block_done_twice_counts_once(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings, tmp_path: Path
) -> None:
    users, model, night = saved_night(tmp_path, recommender, rows_of_night(events, catalogue, ties), settings)
    score, keys = rows_scorer(model, night), users["user_key"].to_pylist()
    for number in (0, 1, 2, 1):
        list(score(iter(block_of(users, number, keys[number::3]).to_batches())))
    counted: list[dict[str, int]] = []
    recommend_everyone(recommender, context_of(recommender, events, catalogue, ties, settings), counted.append)
    assert total_removed(night) == {name: sum(found[name] for found in counted) for name in counted[0]}
    assert total_removed(night)["seen"] == 40
