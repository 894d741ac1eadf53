"""The worth of texts, on a shop of a dozen people."""

from __future__ import annotations

import dataclasses
import json

import pyarrow as pa
import pytest

from socialrec.bench.ranking.without_text import run, without_texts
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
    found = json.loads(run(inputs, small, lines.append).to_json())
    metrics, silent = found["metrics"], found["peers"]["without_text"]["metrics"]["ndcg_at_3"]
    assert metrics["n_users"] == 12
    assert metrics["text_gain"] == pytest.approx(metrics["ndcg_at_3"] - silent)
    assert metrics["text_gain_low"] <= metrics["text_gain"] <= metrics["text_gain_high"]
    assert len(lines) == 2


def test_texts_that_say_nothing_gain_nothing(inputs: Inputs, small: Settings) -> None:
    found = json.loads(run(without_texts(inputs), small, lambda line: None).to_json())
    assert (found["metrics"]["text_gain"], found["metrics"]["p_better"]) == (0, 1)
