"""The language of a text, by its scripts, its function words and its bytes."""

# ruff: noqa: RUF001 (letters of many scripts)

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from socialrec.language.detecting import language_of

BY_SCRIPT = {
    "很好": "zh", "這個好看": "zh", "とても良い": "ja", "東京のお土産": "ja", "좋아요": "ko", "ดีมาก": "th",
    "Πολύ καλό": "el",
    "מצוין": "he", "جيد": "ar", "کتاب خوبی بود": "fa", "یہ بہت اچھا ہے": "ur",
    "Это хорошо": "ru", "Дуже гарна їжа": "uk",
    "Өте жақсы сапа": "kk", "बहुत अच्छा उत्पाद है": "hi",
}  # fmt: skip
BY_WORDS = {
    "nice dress": "en", "Good": "en", "This is the best one and I like it": "en", "Passt gut": "de",
    "Das ist nicht sehr gut und ich mag es": "de", "C'est très bien et je suis content avec ce produit": "fr",
    "muy bonito": "es", "Mooie jurk": "nl", "Bardzo dobra jakość": "pl", "Sản phẩm rất tốt": "vi",
}  # fmt: skip
IN_SEVERAL_SCRIPTS = {
    "Nike鞋很好": "zh", "ZARA MANGO H&M 都好": "zh", "I love the 日本 style of this": "en", "鲜の每日牛奶": "zh",
    "ＧＯＯＤ　ｄｒｅｓｓ": "en", "质量好 good 좋아 очень ดี": "zh",
}  # fmt: skip
NO_LANGUAGE = ["", "Wow!!! 100%", "👍👍", "１２３", "ok", "indie rock", "\ud800"]


@pytest.mark.parametrize(("text", "language"), [*BY_SCRIPT.items(), *BY_WORDS.items(), *IN_SEVERAL_SCRIPTS.items()])
def test_a_short_text_has_the_language_of_its_script_or_words(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", NO_LANGUAGE)
def test_a_text_without_words_of_one_language_has_none(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.skipif("SOCIALREC_DATA_DIR" not in os.environ, reason="SOCIALREC_DATA_DIR names no real data")
def test_real_reviews_have_the_language_that_they_are_written_in() -> None:
    data = Path(os.environ["SOCIALREC_DATA_DIR"])
    archive = zipfile.ZipFile(data / "zh-shopping" / "online_shopping_10_cats.zip")
    with archive, archive.open("online_shopping_10_cats.csv") as file:
        chinese = [row["review"] for row in csv.DictReader(io.TextIOWrapper(file, "utf-8-sig"))][::50]
    with gzip.open(data / "musical-instruments" / "reviews.csv.gz", "rt", encoding="utf-8") as lines:
        english = [row["reviewText"][:200] for row in csv.DictReader(lines) if row["reviewText"]][::10]
    for texts, language in ((chinese, "zh"), (english, "en")):
        assert sum(language_of(text) == language for text in texts) >= 0.99 * len(texts)
