"""The language of a text, by its scripts, its function words and its bytes."""

# ruff: noqa: RUF001 (letters of many scripts)

from __future__ import annotations

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
