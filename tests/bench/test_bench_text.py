"""The text benchmark: its splits, its scores, and a run on a tiny task of one's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from socialrec.bench.text import run, scores
from socialrec.bench.text_tasks import load_files, load_task
from socialrec.errors import UserError
from socialrec.text_settings import TextSettings


def write(file: Path, n: int) -> Path:
    lines = [f"a {mood} thing number {number}\t{mood}" for number in range(n) for mood in ("lovely", "broken", "plain")]
    file.write_text("\n".join(["text\tlabel", *lines]))
    return file


def test_macro_f1_is_the_mean_over_the_classes_that_are_there() -> None:
    found = scores(["a", "a", "b", "b"], ["a", "a", "a", "b"])
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_task_of_ones_own_is_trained_and_scored_beside_both_baselines(tmp_path: Path) -> None:
    task = load_files(write(tmp_path / "train.txt", 30), write(tmp_path / "test.txt", 5))
    assert (len(task.training.texts), len(task.validation.texts), len(task.test.texts)) == (81, 9, 15)
    settings = TextSettings(train_steps=3, train_tokens=64, max_tokens=16)
    found = json.loads(run(task, settings, n_seeds=1).to_json())
    assert set(found["peers"]) == {"tfidf-logistic-regression", "frozen-encoder-logistic-regression"}
    assert found["peers"]["tfidf-logistic-regression"]["metrics"]["macro_f1"] == 1
    assert 0 <= found["metrics"]["macro_f1"] <= 1
    assert 0 <= found["metrics"]["flips_dropped_words"] <= 1
    assert found["metrics"]["gain"] == pytest.approx(found["metrics"]["macro_f1"] - 1, abs=1e-3)


def test_an_unknown_task_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no task 'x'; there are sst2, womens-sentiment, .*myntra-brand"):
        load_task("x", tmp_path)


@pytest.mark.skipif("SOCIALREC_DATA_DIR" not in os.environ, reason="SOCIALREC_DATA_DIR names no folder with real data")
@pytest.mark.parametrize(
    ("name", "n_classes"), [("sst2", 2), ("womens-sentiment", 3), ("womens-department", 6), ("myntra-gender", 6)]
)
def test_no_text_that_is_scored_was_learned_from(name: str, n_classes: int) -> None:
    task = load_task(name, Path(os.environ["SOCIALREC_DATA_DIR"]))
    assert len(set(task.training.labels)) == n_classes
    assert not set(task.test.texts) & set(task.training.texts + task.validation.texts)
