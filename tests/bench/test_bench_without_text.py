"""The worth of texts, on a shop of a dozen people."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from socialrec.bench.ranking.without_text import mean_by_user, run, without_texts
from socialrec.errors import UserError
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import INSIGHTS, Inputs
from socialrec.settings import Settings


def test_a_shop_without_texts_has_its_events_and_stars_and_nothing_that_was_read(
    inputs: Inputs, small: Settings
) -> None:
    place = inputs.comments.schema.get_field_index("sentiment")
    said = dataclasses.replace(inputs, comments=inputs.comments.set_column(place, "sentiment", pa.array(["positive"])))
    silent = without_texts(said)
    assert [silent.comments[name].null_count for name in INSIGHTS] == [1] * len(INSIGHTS)
    split = make_split(inputs.interactions, small.evaluate)
    with_texts, without = (each.features(split, "all", small) for each in (said, silent))
    assert with_texts.text.any()
    assert not (without.text.any() or without.words.any() or without.cares.any() or without.praise.any())
    assert (with_texts.affinity != without.affinity).nnz == (with_texts.opinions != without.opinions).nnz == 0


def test_the_gain_is_measured_user_by_user(inputs: Inputs, small: Settings) -> None:
    lines: list[str] = []
    found = json.loads(run(inputs, small, progress=lines.append).to_json())
    metrics, silent = found["metrics"], found["peers"]["without_text"]["metrics"]["ndcg_at_3"]
    assert metrics["n_users"] == 12
    assert metrics["text_gain"] == pytest.approx(metrics["ndcg_at_3"] - silent)
    assert metrics["text_gain_low"] <= metrics["text_gain"] <= metrics["text_gain_high"]
    assert len(lines) == 2


def test_texts_that_say_nothing_gain_nothing(inputs: Inputs, small: Settings) -> None:
    found = json.loads(run(without_texts(inputs), small, progress=lambda line: None).to_json())
    assert (found["metrics"]["text_gain"], found["metrics"]["p_better"]) == (0, 1)


def test_over_several_splits_a_user_counts_once_by_the_mean(inputs: Inputs, small: Settings) -> None:
    lines: list[str] = []
    both = json.loads(run(inputs, small, 2, progress=lines.append).to_json())["metrics"]
    alone = []
    for seed in (small.evaluate.seed, small.evaluate.seed + 1):
        seeded = small.evaluate.model_copy(update={"seed": seed})
        chosen = small.model_copy(update={"evaluate": seeded})
        alone.append(json.loads(run(inputs, chosen, progress=lambda line: None).to_json())["metrics"])
    assert both["n_users"] == alone[0]["n_users"] == 12
    assert both["ndcg_at_3"] == pytest.approx((alone[0]["ndcg_at_3"] + alone[1]["ndcg_at_3"]) / 2)
    assert alone[0]["ndcg_at_3"] != alone[1]["ndcg_at_3"]
    assert len(lines) == 4


def test_users_of_one_split_alone_count_by_that_split() -> None:
    first = pa.table({"user_key": ["b", "a"], "ndcg": [0.5, 1.0]})
    second = pa.table({"user_key": ["c", "b"], "ndcg": [0.25, 0.0]})
    assert mean_by_user([first, second]).tolist() == [1.0, 0.25, 0.25]


def test_a_shop_with_times_has_one_split(inputs: Inputs, small: Settings) -> None:
    days = pa.array([datetime(2026, 1, 1 + number, tzinfo=UTC) for number in range(72 // 3)] * 3)
    place = inputs.interactions.schema.get_field_index("event_ts")
    column = days.cast(pa.timestamp("us", "UTC"))
    dated = dataclasses.replace(inputs, interactions=inputs.interactions.set_column(place, "event_ts", column))
    with pytest.raises(UserError, match="have times, which make the one split that it has: leave --seeds out"):
        run(dated, small, 2)
