"""Pictures in lists: a score of what looks alike, its reason, and shops that have none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_night import BOOKS, WEIGHTS, context_of

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.context import ScoringSnapshot
from socialrec.features.feature_set import FeatureSet
from socialrec.features.item_rows import NightProducts
from socialrec.recommend.assessment.deletion import Claim, fall_without
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.explain.reasons import Explainer
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.new_products import LearnedProducts, Mixing, NewProducts
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.looks import SimilarLooks
from socialrec.recommend.training import fits
from socialrec.recommend.training.offline import held_out
from socialrec.settings import RecommendSettings, Settings

PLAIN, STRIPED = [1.0, 0.0], [0.0, 1.0]


@pytest.fixture
def seen(data: FeatureSet) -> FeatureSet:
    """Books 0, 1 and 5 and game 0 are plain, the other books striped; the other games have no picture."""
    pictures = {name: PLAIN if name in ("b0", "b1", "b5", "g0") else STRIPED for name in [*BOOKS, "g0"]}
    looks = np.array([pictures.get(name, [0.0, 0.0]) for name in data.products.to_pylist()], dtype=np.float32)
    return replace(data, looks=looks)


def by_looks(data: FeatureSet) -> Recommender:
    weights = dict.fromkeys(WEIGHTS, 0.0) | {"looks": 1.0}
    return Recommender.fit(data, RecommendSettings(regularization=5.0), weights, ModelInfo("enc-1"))


@pytest.fixture
def night(
    recommender: Recommender,
    seen: FeatureSet,
    events: pa.Table,
    catalogue: pa.Table,
    ties: pa.Table,
    settings: Settings,
) -> ScoringSnapshot:
    context = context_of(recommender, events, catalogue, ties, settings)
    return replace(context, features=replace(context.features, looks=seen.looks))


def test_a_product_scores_by_the_pictures_of_what_the_user_likes(seen: FeatureSet) -> None:
    block = UserBlock.of(seen, np.array([seen.users.index("r0").as_py(), seen.users.index("s1").as_py()]))
    names = seen.products.to_pylist()
    reader, player = (dict(zip(names, row, strict=True)) for row in SimilarLooks().score(block).full().tolist())
    # r0 read b1 (plain), b2, b3 and b4 (striped): a taste of (1, 3).
    assert reader["b5"] == pytest.approx(1 / 10**0.5)
    assert reader["b2"] == pytest.approx(3 / 10**0.5)
    assert reader["g1"] == 0
    # s1 played g0 (plain) and games without pictures.
    assert (player["b0"], player["b2"]) == (pytest.approx(1), 0)


def reasons_for(night: ScoringSnapshot, model: Recommender, user: str, product: str) -> list[dict[str, Any]]:
    rows = np.array([night.user_ids.index(user).as_py()])
    listed = np.array([[night.features.products.index(product).as_py()]])
    blend = model.score(UserBlock.of(night.features, rows))
    ((found,),) = Explainer(model, night).explain(rows, listed, blend.contributions(listed))
    return found


def test_the_reason_names_the_users_products_that_look_most_alike(seen: FeatureSet, night: ScoringSnapshot) -> None:
    [reason] = reasons_for(night, by_looks(seen), "r2", "b5")
    assert (reason["kind"], sorted(reason["products"])) == ("looks_like", ["b0", "b1"])


def test_what_has_no_picture_looks_like_nothing(seen: FeatureSet, night: ScoringSnapshot) -> None:
    assert all(reason["kind"] != "looks_like" for reason in reasons_for(night, by_looks(seen), "r2", "g1"))


def test_looks_stand_where_the_named_pictures_pull_the_product_up(seen: FeatureSet, night: ScoringSnapshot) -> None:
    row, product = night.user_ids.index("r2").as_py(), night.features.products.index("b5").as_py()
    alike, unlike = (
        Claim(row, product, ReasonKind.LOOKS_LIKE, make_reason(ReasonKind.LOOKS_LIKE, products=named))
        for named in (["b0", "b1"], ["b3", "b4"])
    )
    _, scores = fall_without(by_looks(seen), night, [alike, unlike])
    assert scores[0] > 0 == scores[1]


def test_a_new_product_is_predicted_by_its_picture_where_it_has_no_text(data: FeatureSet) -> None:
    names = pa.array(["p0", "p1", "p2"])
    text = np.array([[1, 0], [0, 1], [0, 0]], dtype=np.float32)
    looks = np.array([STRIPED, PLAIN, PLAIN], dtype=np.float32)
    features = replace(data, products=names, text=text, looks=looks)
    learned = LearnedProducts(names, np.array([1, 1, 0], dtype=np.float32), Mixing(20, 1.0))
    first, second = NewProducts.of(features, learned).mixtures.toarray()[2][:2]
    assert first == pytest.approx(0, abs=1e-6) and second > 0.5
    without = replace(features, looks=looks[:, :0])
    assert not NewProducts.of(without, learned).mixtures.toarray()[2].any()


def test_a_shop_without_pictures_learns_the_blend_that_it_learned_before_there_were_any(
    data: FeatureSet, events: pa.Table, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = held_out(data, events, events.filter(pa.array([at % 4 == 0 for at in range(events.num_rows)])))
    learned = fits.learn_blend(data, held, settings).recommender
    assert learned.weights.pop("looks") == 0
    assert not any(isinstance(signal, SimilarLooks) for signal in learned.signals)
    earlier = tuple(kind for kind in SIGNALS if kind is not SimilarLooks)
    monkeypatch.setattr(fits, "SIGNALS", earlier)
    assert fits.learn_blend(data, held, settings).recommender.weights == learned.weights


def test_a_model_that_knows_pictures_scores_a_night_without_any(seen: FeatureSet, data: FeatureSet) -> None:
    model = by_looks(seen)
    block = UserBlock.of(data, np.arange(len(data.users)))
    place = [signal.name for signal in model.signals].index("looks")
    assert not model.score(block).parts[place].full().any()
    assert np.isfinite(model.score(block).full()).all()


def test_pictures_survive_the_way_to_the_processes_that_score(night: ScoringSnapshot, tmp_path: Path) -> None:
    features = night.features
    n = len(features.products)
    empty = pa.array([[]] * n, pa.list_(pa.struct({"aspect": pa.string(), "praise": pa.float32()})))
    words = pa.array([[]] * n, pa.list_(pa.struct({"word": pa.string(), "weight": pa.float32()})))
    ones = pa.array([1] * n)
    for looks in (features.looks, features.looks[:, :0]):
        lists = [row.tolist() if row.any() else [] for row in looks]
        columns = {
            "product_id": features.products,
            "vector": pa.array(list(features.text), pa.list_(pa.float32())),
            "picture_vector": pa.array(lists, pa.list_(pa.float32())),
            **{"praise": empty, "words": words},
            **dict.fromkeys(("category", "stated_category", "brand"), pa.nulls(n, pa.string())),
            **dict.fromkeys(("n_likes", "n_met", "trend", "is_active", "age_days", "is_small_seller"), ones),
        }
        made = NightProducts.of(pa.table(columns), features.products)
        made.save(tmp_path)
        assert np.array_equal(NightProducts.load(tmp_path).looks, looks)
