"""Reviews in Chinese, which the default encoder does not read and a vocabulary of the shop's own does."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from pathlib import Path

import pytest

from socialrec.encoders.tokens import coverage, tokenize
from socialrec.encoders.weights import BUNDLED, BaseModel, load_weights
from socialrec.settings.text import PretrainSettings
from socialrec.text.pretraining.scratch import new_model

pytestmark = pytest.mark.skipif("SOCIALREC_DATA_DIR" not in os.environ, reason="SOCIALREC_DATA_DIR names no real data")


@pytest.fixture(scope="module")
def reviews() -> list[str]:
    """Every tenth review of all ten kinds of products."""
    archive = Path(os.environ["SOCIALREC_DATA_DIR"]) / "zh-shopping" / "online_shopping_10_cats.zip"
    with zipfile.ZipFile(archive) as opened, opened.open("online_shopping_10_cats.csv") as file:
        return [row["review"] for row in csv.DictReader(io.TextIOWrapper(file, "utf-8-sig"))][::10]


def unknown_share(base: BaseModel, texts: list[str]) -> float:
    return coverage(base, tokenize(base, texts, 128)).unknown_share


def test_the_default_encoder_is_found_not_to_read_chinese(reviews: list[str]) -> None:
    base = load_weights(BUNDLED)
    seen = coverage(base, tokenize(base, reviews[:500], 128))
    assert seen.unknown_share > 0.5
    warning = seen.warning(BUNDLED) or ""
    assert "it does not read their language; set text.model to one that does" in warning


def test_a_vocabulary_learned_from_other_reviews_knows_nearly_all(reviews: list[str]) -> None:
    base = new_model(reviews[1::2], PretrainSettings(from_scratch=True, hidden_dim=8, heads=1, layers=1))
    assert unknown_share(base, reviews[::2]) < 0.02
