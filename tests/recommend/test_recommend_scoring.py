"""Lists with reasons: whole, explained, and the same however the work is spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_night import block_of, context_of, rows_of_night, saved_night

from socialrec.errors import UserError
from socialrec.features.context import ScoringSnapshot
from socialrec.recommend.lists.scoring import recommend_everyone, rows_scorer
from socialrec.recommend.model import Recommender
from socialrec.settings import RecommendSettings, Settings


@pytest.fixture
def context(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> ScoringSnapshot:
    return context_of(recommender, events, catalogue, ties, settings)


def lists_of(rows: pa.Table) -> dict[str, list[dict[str, Any]]]:
    lists: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_pylist():
        lists.setdefault(row["user_key"], []).append(row)
    return lists


def test_every_user_gets_a_whole_list_with_ranks_reasons_and_versions(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    lists = lists_of(recommend_everyone(recommender, context))
    assert len(lists) == 12
    for rows in lists.values():
        assert [row["rank"] for row in rows] == [1, 2, 3, 4]
        assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
        assert all(row["reasons"] for row in rows)
        assert {(row["recommender_version"], row["encoder_version"], row["ds"]) for row in rows} == {
            ("7", "enc-1", "2026-03-01")
        }


def test_nothing_seen_or_inactive_is_recommended(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    flags = [product != "g5" for product in catalogue["product_id"].to_pylist()]
    offered = catalogue.set_column(3, "is_active", pa.array(flags))
    rows = recommend_everyone(recommender, context_of(recommender, events, offered, ties, settings))
    seen = set(zip(events["user_key"].to_pylist(), events["product_id"].to_pylist(), strict=True))
    shown = set(zip(rows["user_key"].to_pylist(), rows["product_id"].to_pylist(), strict=True))
    assert not shown & seen
    assert "g5" not in rows["product_id"].to_pylist()


def test_a_reader_gets_the_missing_book_first_because_of_other_books(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    first = lists_of(recommend_everyone(recommender, context))["r0"][0]
    assert first["product_id"] == "b0"
    because = next(reason for reason in first["reasons"] if reason["kind"] == "because_you")
    assert because["products"]
    assert set(because["products"]) <= {"b1", "b2", "b3", "b4"}


def test_words_name_what_the_product_and_the_products_met_share(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    first = lists_of(recommend_everyone(recommender, context))["r2"]
    untouched = next(row for row in first if row["product_id"] == "b5")
    words = next(reason for reason in untouched["reasons"] if reason["kind"] == "about")
    assert (sorted(words["words"]), words["quote"]) == (["novel", "paper"], "")


def test_a_user_with_friends_only_gets_what_they_like_and_their_names(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    context = context_of(recommender, events, catalogue, ties, settings, min_named_friends=1)
    rows = lists_of(recommend_everyone(recommender, context))["friend"]
    assert {row["product_id"] for row in rows} == {"b0", "b2", "b3", "b4"}
    assert [(r["kind"], r["friends"], r["share"]) for r in rows[0]["reasons"]] == [
        ("friends", ["r1"], pytest.approx(1, abs=0.02))
    ]


def test_a_user_about_whom_nothing_is_known_gets_what_is_popular(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    rows = lists_of(recommend_everyone(recommender, context))["stranger"]
    assert [row["product_id"] for row in rows] == ["b0", "b1", "b2", "b3"]
    assert [reason["kind"] for reason in rows[0]["reasons"]] == ["popular"]
    assert rows[0]["reasons"][0]["share"] == 1


def test_shares_are_parts_of_one_and_strongest_first(recommender: Recommender, context: ScoringSnapshot) -> None:
    for row in recommend_everyone(recommender, context).to_pylist():
        shares = [reason["share"] for reason in row["reasons"]]
        assert shares == sorted(shares, reverse=True)
        assert 0 <= sum(shares) <= 1 + 1e-6


def test_the_number_of_reasons_has_a_limit(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    rows = recommend_everyone(recommender, context_of(recommender, events, catalogue, ties, settings, max_reasons=1))
    assert {len(reasons) for reasons in rows["reasons"].to_pylist()} == {1}


def test_friends_stand_behind_a_product_without_names_where_they_are_too_few(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    context = context_of(recommender, events, catalogue, ties, settings, min_named_friends=2)
    rows = lists_of(recommend_everyone(recommender, context))["friend"]
    assert [(r["kind"], r["friends"]) for r in rows[0]["reasons"]] == [("friends", [])]


def test_the_same_friends_are_named_where_they_are_enough(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    more = pa.concat_tables([ties, ties.slice(0, 1).set_column(1, "neighbour_key", pa.array(["r2"]))])
    rows = lists_of(recommend_everyone(recommender, context_of(recommender, events, catalogue, more, settings)))
    named = {row["product_id"]: row["reasons"][0]["friends"] for row in rows["friend"]}
    assert sorted(named["b0"]) == ["r1", "r2"]
    assert named["b1"] == []


def test_rows_are_the_same_however_blocks_are_spread(
    recommender: Recommender,
    context: ScoringSnapshot,
    events: pa.Table,
    catalogue: pa.Table,
    ties: pa.Table,
    settings: Settings,
    tmp_path: Path,
) -> None:
    users, model, night = saved_night(tmp_path, recommender, rows_of_night(events, catalogue, ties), settings)
    score, keys = rows_scorer(model, night), users["user_key"].to_pylist()
    blocks = [block_of(users, number, keys[number::3]) for number in (2, 0, 1)]
    one_by_one = [batch for block in blocks for batch in score(iter(block.to_batches()))]
    in_small_batches = list(score(iter(pa.concat_tables(blocks).to_batches(max_chunksize=5))))
    order = [("user_key", "ascending"), ("rank", "ascending")]
    everyone = recommend_everyone(recommender, context).sort_by(order)
    for spread in (one_by_one, in_small_batches):
        assert pa.Table.from_batches(spread).sort_by(order).equals(everyone)


def test_a_sample_is_a_stable_part_of_the_users(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    whole = context_of(recommender, events, catalogue, ties, settings)
    half, again = (context_of(recommender, events, catalogue, ties, settings, sample=0.5) for _ in range(2))
    assert 0 < len(half.target_rows) < len(whole.target_rows)
    assert half.target_rows.tolist() == again.target_rows.tolist()


def test_a_product_newer_than_the_model_waits_for_the_next_training(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    new = catalogue.slice(0, 1).set_column(0, "product_id", pa.array(["new"]))
    context = context_of(recommender, events, pa.concat_tables([catalogue, new]), ties, settings)
    assert "new" not in recommend_everyone(recommender, context)["product_id"].to_pylist()


def test_a_saved_model_scores_the_same_after_loading(
    recommender: Recommender, context: ScoringSnapshot, tmp_path: Path
) -> None:
    recommender.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model")
    assert loaded.info == recommender.info
    assert [signal.name for signal in loaded.signals] == ["collaborative", "content", "popularity", "social"]
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == ["model.json", "model.safetensors"]
    first, second = (recommend_everyone(model, context) for model in (recommender, loaded))
    assert first.equals(second)


def test_a_folder_without_a_model_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.json is missing"):
        Recommender.load(tmp_path)


def test_no_score_depends_on_who_shares_a_block(recommender: Recommender, context: ScoringSnapshot) -> None:
    other = ScoringSnapshot(**{**vars(context), "settings": context.settings.model_copy(update={"block_users": 3})})
    one, two = recommend_everyone(recommender, context), recommend_everyone(recommender, other)
    assert one["product_id"].equals(two["product_id"])
    assert np.abs(one["score"].to_numpy() - two["score"].to_numpy()).max() <= 1e-5


def test_no_list_depends_on_the_memory_that_a_block_may_take(
    recommender: Recommender, context: ScoringSnapshot
) -> None:
    """A MiB holds 262,144 scores: of so many products the block is one user, and of half as many two."""
    settings = RecommendSettings(block_users=5, block_mib=1)
    sizes = [settings.users_per_block(n) for n in (0, 10, 131_072, 262_144, 1_000_000)]
    assert sizes == [5, 5, 2, 1, 1]
    assert RecommendSettings().users_per_block(1_000_000) == 33
    assert RecommendSettings().users_per_block(1_000_000, at_once=3) == 11
    alone = ScoringSnapshot(**{**vars(context), "settings": context.settings.model_copy(update={"block_users": 1})})
    assert alone.n_blocks == len(alone.target_rows)
    one, two = recommend_everyone(recommender, context), recommend_everyone(recommender, alone)
    assert one["product_id"].equals(two["product_id"])
