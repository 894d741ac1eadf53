"""Shops that lack almost everything still get lists that make sense."""

from __future__ import annotations

import pyarrow as pa
import pytest
from small_night import context_of
from two_tastes import DAY

from socialrec.features.evidence import affinities_of_events
from socialrec.features.feature_set import EvidenceTables, build_features
from socialrec.recommend.lists.scoring import recommend_everyone
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.settings import RecommendSettings, Settings

EQUAL = {signal.name: 1 / len(SIGNALS) for signal in SIGNALS}
Shop = dict[str, pa.Table]


@pytest.fixture
def shop(events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table) -> Shop:
    return {"events": events, "catalogue": catalogue, "ties": ties, "comments": comments, "embeddings": embeddings}


def lists_of(shop: Shop, settings: Settings) -> dict[str, list[str]]:
    """Product names by user, of a night that blends every signal."""
    affinities = affinities_of_events(shop["events"], DAY, settings.etl)
    others = (shop[name] for name in ("comments", "ties", "catalogue", "embeddings"))
    data = build_features(EvidenceTables(affinities, *others), settings)
    recommender = Recommender.fit(data, RecommendSettings(regularization=5.0), EQUAL, ModelInfo("enc-1"))
    context = context_of(
        recommender, shop["events"], shop["catalogue"], shop["ties"], settings, embeddings=shop["embeddings"]
    )
    found: dict[str, list[str]] = {
        user: [] for user in context.user_ids.take(pa.array(context.target_rows)).to_pylist()
    }
    for row in recommend_everyone(recommender, context).to_pylist():
        found[row["user_key"]].append(row["product_id"])
    return found


def without(shop: Shop, *names: str) -> Shop:
    return shop | {name: shop[name].slice(0, 0) for name in names}


@pytest.mark.parametrize("missing", [("comments",), ("ties",), ("embeddings",), ("comments", "ties", "embeddings")])
def test_without_comments_ties_or_texts_everyone_gets_a_whole_list_of_new_products(
    shop: Shop, settings: Settings, missing: tuple[str, ...]
) -> None:
    for user, listed in lists_of(without(shop, *missing), settings).items():
        known = [row["product_id"] for row in shop["events"].to_pylist() if row["user_key"] == user]
        assert len(set(listed)) == 4
        assert not set(listed) & set(known)


def test_what_is_left_still_counts(shop: Shop, settings: Settings) -> None:
    # r0 read b1 to b4; other readers' taste alone says that b0 is next.
    assert lists_of(without(shop, "comments", "ties", "embeddings"), settings)["r0"][0] == "b0"


def test_one_product_is_shown_to_whoever_has_not_met_it(shop: Shop, settings: Settings) -> None:
    one = shop["catalogue"].slice(0, 1)
    assert one["product_id"].to_pylist() == ["b0"]
    found = lists_of(shop | {"catalogue": one}, settings)
    met = {row["user_key"] for row in shop["events"].to_pylist() if row["product_id"] == "b0"}
    assert {user for user, listed in found.items() if listed == []} == met
    assert all(listed == ["b0"] for user, listed in found.items() if user not in met)


def test_where_nothing_tells_products_apart_everyone_gets_the_same_list_in_order(
    shop: Shop, settings: Settings
) -> None:
    found = lists_of(without(shop, "events", "comments", "ties", "embeddings"), settings)
    assert set(map(tuple, found.values())) == {("b0", "b1", "b2", "b3")}
