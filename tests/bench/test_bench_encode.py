"""The encoding benchmark, tiny: its figures, its texts and what it says of bad ones."""

import json

import numpy as np
import pytest

from socialrec.bench.text.encode import chinese_texts, demo_texts, neighbour_overlap, run
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings


def test_both_encode_the_same_texts_and_find_the_same_neighbours() -> None:
    settings = TextSettings()
    found = json.loads(run(demo_texts(60, 1), n_texts=60, rounds=1, settings=settings).to_json())
    assert found["metrics"]["texts"] == 60
    assert found["metrics"]["neighbour_overlap"] > 0.95
    assert found["ratio"] == pytest.approx(
        found["peers"]["sentence-transformers"]["seconds"]["encode"] / found["seconds"]["encode"], rel=0.05
    )


def test_overlap_is_the_share_of_neighbours_that_both_find() -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    assert neighbour_overlap(vectors, vectors) == 1
    assert neighbour_overlap(vectors, vectors[::-1].copy()) < 0.6


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(UserError, match="only 2 distinct texts"):
        run(["a", "b", "a"], n_texts=5, rounds=1, settings=TextSettings())


def test_chinese_texts_need_the_folder_of_the_data_sets() -> None:
    with pytest.raises(UserError, match="set SOCIALREC_DATA_DIR to the folder"):
        chinese_texts(None)
