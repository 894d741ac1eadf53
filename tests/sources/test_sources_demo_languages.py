"""The demo world in Chinese and in two languages: its texts are in the language of the truth, and say the same."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from opencc import OpenCC

from socialrec.errors import UserError
from socialrec.settings.aspects import ASPECTS as LISTED
from socialrec.sources import import_source
from socialrec.sources.demo.words import SPOKEN, WORDS
from socialrec.sources.demo.words.vocabulary import (
    ASPECTS,
    CATEGORIES,
    N_ADJECTIVES,
    N_MATERIALS,
    N_NOUNS,
    STYLES,
    DemoWords,
)
from socialrec.sources.demo.world import DemoWorld
from socialrec.sources.demo.writing import write_demo

LAST_DAY = date(2026, 3, 1)
CHINESE, ENGLISH = WORDS["zh"], WORDS["en"]
HAN = re.compile("[\u4e00-\u9fff]")
ENGLISH_WORD = re.compile("[A-Za-z]{4,}")

Row = dict[str, Any]


class Landed:
    """A world as it landed: first records by entity, and its truth."""

    def __init__(self, home: Path, language: str) -> None:
        world = DemoWorld(language=language, users=300, products=120, days=20, communities=4)
        write_demo(home / "landing", LAST_DAY, home / "truth", world)
        self.home = home

    def records(self, entity: str, key: str) -> list[Row]:
        """Whole records, the first of each id."""
        found: dict[str, Row] = {}
        for file in sorted((self.home / "landing" / "demo").glob(f"*/{entity}.*")):
            for row in _rows(file):
                if not row[key].endswith("-x"):
                    found.setdefault(row[key], row)
        return list(found.values())

    def truth(self, name: str) -> list[Row]:
        return pq.read_table(self.home / "truth" / f"{name}.parquet").to_pylist()


def _rows(file: Path) -> list[Row]:
    if file.suffix == ".parquet":
        return pq.read_table(file, partitioning=None).to_pylist()
    if file.suffix == ".csv":
        return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in content.decode().splitlines() if line.endswith("}")]


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    return Landed(tmp_path_factory.mktemp("zh"), "zh")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    return Landed(tmp_path_factory.mktemp("mixed"), "mixed")


@pytest.mark.parametrize("words", WORDS.values(), ids=list(WORDS))
def test_every_language_has_words_for_every_kind(words: DemoWords) -> None:
    assert tuple(words.kinds) == CATEGORIES
    assert {len(kind.nouns) for kind in words.kinds.values()} == {N_NOUNS}
    assert tuple(words.styles) == STYLES
    looks = [*words.styles.values(), words.plain_style]
    assert {(len(look.adjectives), len(look.materials)) for look in looks} == {(N_ADJECTIVES, N_MATERIALS)}
    assert tuple(words.comments.aspects) == ASPECTS
    assert len(words.brands) == len(ENGLISH.brands)
    topics = {kind: list(forms) for kind, forms in words.service.topics.items()}
    assert topics == {kind: list(forms) for kind, forms in ENGLISH.service.topics.items()}
    assert list(words.service.odd) == list(ENGLISH.service.odd)
    assert list(words.service.comments) == list(ENGLISH.service.comments)


@pytest.mark.parametrize("language", SPOKEN)
def test_a_shop_has_templates_in_every_language_that_its_users_write(language: str) -> None:
    shop, *others = (WORDS[spoken] for spoken in SPOKEN[language])
    intents = {*shop.service.general, *shop.service.attributes}
    assert set(shop.service.templates) == intents
    for words in (shop, *others):
        assert all(words.language in texts for texts in shop.service.templates.values())


def test_words_of_a_language_are_distinct_and_chinese_ones_are_chinese() -> None:
    for words in (ENGLISH, CHINESE):
        nouns = [noun for kind in (*words.kinds.values(), words.plain_kind) for noun in kind.nouns]
        looks = [*words.styles.values(), words.plain_style]
        named = [word for look in looks for word in (*look.adjectives, *look.materials)]
        assert len(set(nouns)) == len(nouns)
        assert len(set(named)) == len(named)
    said = [phrase for by_mood in CHINESE.comments.aspects.values() for phrases in by_mood for phrase in phrases]
    assert all(HAN.search(text) and not ENGLISH_WORD.search(text) for text in said)


def test_chinese_texts_have_no_word_of_the_english_lists(chinese: Landed) -> None:
    kept = re.compile(r"[\w.]+@[\w.]+")
    texts = [
        f"{row['title']} {row['description']} {row['category']}" for row in chinese.records("products", "product_id")
    ]
    texts += [row["text"] for row in chinese.records("comments", "comment_id")]
    texts += [row["text"] for row in chinese.records("questions", "question_id")]
    assert len(texts) > 1_000
    for text in texts:
        assert HAN.search(text)
        assert set(ENGLISH_WORD.findall(kept.sub("", text))) <= {"nice", "yyds"}
    assert {row["currency"] for row in chinese.records("products", "product_id")} == {"CNY"}


def test_answers_are_chinese_but_for_brands(chinese: Landed) -> None:
    brands = sorted(CHINESE.brands, key=len, reverse=True)
    for row in chinese.records("answers", "answer_id"):
        text = row["text"]
        for brand in (*brands, "CNY", "help@demo.example"):
            text = text.replace(brand, "")
        assert not ENGLISH_WORD.search(text)


def test_chinese_comments_are_written_in_many_manners(chinese: Landed) -> None:
    texts = [row["text"] for row in chinese.records("comments", "comment_id")]
    simplify = OpenCC("t2s").convert
    shares = {
        "full width": sum("\uff0c" in text for text in texts) / len(texts),
        "half width": sum("," in text for text in texts) / len(texts),
        "traditional": sum(simplify(text) != text for text in texts) / len(texts),
        "emoji": sum(bool(re.search("[\U0001f300-\U0001faff]", text)) for text in texts) / len(texts),
    }
    assert 0.5 < shares["full width"] < 0.85
    assert 0.08 < shares["traditional"] < 0.18
    assert 0.15 < shares["emoji"] < 0.35
    assert 0.1 < shares["half width"] < 0.3
    assert any("\u4eb2" in text for text in texts)
    assert len(set(texts)) > 0.97 * len(texts)


def test_a_chinese_comment_says_the_planted_aspect_with_the_planted_sentiment(chinese: Landed) -> None:
    truth = {row["comment_id"]: row for row in chinese.truth("comments")}
    simplify = OpenCC("tw2s").convert
    places = {"positive": 0, "neutral": 1, "negative": 2}

    def bare(text: str) -> str:
        return "".join(re.findall(r"[\u4e00-\u9fff]", simplify(text)))

    found = 0
    for row in chinese.records("comments", "comment_id"):
        planted = truth[row["comment_id"]]
        phrases = CHINESE.comments.aspects[planted["aspect"]][places[planted["sentiment"]]]
        found += any(bare(phrase) in bare(row["text"]) for phrase in phrases)
    assert found == len(truth)


def test_phrases_of_an_aspect_name_no_other_aspect_and_those_around_them_none() -> None:
    named = {
        aspect: [entry.lstrip("+- ") for entry in entries if HAN.search(entry) and not entry.startswith("! ")]
        for aspect, entries in LISTED.items()
    }
    for aspect, by_mood in CHINESE.comments.aspects.items():
        for phrase in (phrase for phrases in by_mood for phrase in phrases):
            others = [other for other, words in named.items() if other != aspect and any(w in phrase for w in words)]
            assert not others, phrase
    words = CHINESE.comments
    around = [
        text for texts in (words.openings, words.replies, words.tastes, words.closings) for by in texts for text in by
    ]
    nouns = [noun for kind in CHINESE.kinds.values() for noun in kind.nouns]
    liked = [text for look in CHINESE.styles.values() for text in (look.name, look.lovers, *look.adjectives)]
    for text in (*around, *nouns, *liked):
        assert not [aspect for aspect, listed in named.items() if any(word in text for word in listed)], text


def test_personal_data_are_where_the_truth_says(chinese: Landed) -> None:
    forms = {
        "phone": r"1[3-9]\d[- ]?\d{4}[- ]?\d{4}",
        "mail": r"@shop\.example",
        "id_card": r"\b\d{17}[\dX]\b|\u662f\d{17}[\dX]|\u53f7\d{17}[\dX]",
        "card": r"62\d{2} ?\d{4} ?\d{4} ?\d{4}",
        "address": "(?:\u8def|\u5f04)\\d+\u53f7",
    }
    texts = {row["comment_id"]: row["text"] for row in chinese.records("comments", "comment_id")}
    kinds = Counter(row["personal_data"] for row in chinese.truth("comments"))
    assert 0.005 < 1 - kinds[""] / len(texts) < 0.03
    assert set(kinds) - {""} <= set(forms)
    for row in chinese.truth("comments"):
        if row["personal_data"] in forms and row["personal_data"] != "address":
            assert re.search(forms[row["personal_data"]], texts[row["comment_id"]])
        elif not row["personal_data"]:
            assert not re.search(r"\d{7}|@", texts[row["comment_id"]])


def test_planted_numbers_have_the_form_of_real_ones_and_belong_to_nobody() -> None:
    identities = [text for text in CHINESE.comments.personal["id_card"] for text in re.findall(r"\d{17}[\dX]", text)]
    assert len(identities) == len(CHINESE.comments.personal["id_card"])
    for number in identities:
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        rest = sum(int(digit) * weight for digit, weight in zip(number[:17], weights, strict=True)) % 11
        assert number[17] == "10X98765432"[rest]
        assert number[2:4] == "00" or number[4:6] == "99"
    phones = re.findall(r"1\d\d[- ]?\d{4}[- ]?\d{4}", " ".join(CHINESE.comments.personal["phone"]))
    assert {re.sub(r"\D", "", phone)[:5] + re.sub(r"\D", "", phone)[-3:] for phone in phones} == {"13800500"}
    assert len(phones) == len(CHINESE.comments.personal["phone"])


def test_a_text_tells_style_and_category_where_the_truth_says(chinese: Landed) -> None:
    truth = {row["product_id"]: row for row in chinese.truth("products")}
    styles = {look.name: look for look in CHINESE.styles.values()}
    kinds = {kind.name: kind for kind in CHINESE.kinds.values()}
    for row in chinese.records("products", "product_id"):
        planted, text = truth[row["product_id"]], f"{row['title']} {row['description']}"
        assert planted["text_tells_style"] == any(look.promise in text for look in styles.values())
        assert planted["text_tells_style"] == (styles[planted["style"]].promise in text)
        assert planted["text_tells_category"] == any(noun in text for noun in kinds[planted["category"]].nouns)
        assert row["category"] == planted["category"]
    assert 0.6 < sum(row["text_tells_style"] for row in truth.values()) / len(truth) < 0.9
    assert 0.78 < sum(row["text_tells_category"] for row in truth.values()) / len(truth) < 0.97


def test_descriptions_are_asked_about_where_they_tell_something(chinese: Landed) -> None:
    told = {row["product_id"]: row["text_tells_style"] for row in chinese.truth("products")}
    product = {row["question_id"]: row.get("product_id") for row in chinese.records("questions", "question_id")}
    about = [row for row in chinese.truth("questions") if row["evidence"].startswith("description/")]
    assert len(about) > 20
    assert all(told[product[row["question_id"]]] for row in about)


def test_a_mixed_world_has_users_of_both_languages_who_write_their_own(mixed: Landed) -> None:
    language = {row["user_id"]: row["language"] for row in mixed.truth("users")}
    assert 0.5 < Counter(language.values())["zh"] / len(language) < 0.7
    for entity, key in (("comments", "comment_id"), ("questions", "question_id")):
        for row in mixed.records(entity, key):
            assert bool(HAN.search(row["text"])) == (language[row["user_id"]] == "zh")


def test_a_mixed_world_has_products_in_each_language_and_in_both(mixed: Landed) -> None:
    languages = {row["product_id"]: row["languages"] for row in mixed.truth("products")}
    assert {tuple(spoken) for spoken in languages.values()} == {("zh",), ("en",), ("zh", "en")}
    for row in mixed.records("products", "product_id"):
        spoken = languages[row["product_id"]]
        assert bool(HAN.search(row["description"])) == ("zh" in spoken)
        assert bool(ENGLISH_WORD.search(row["description"])) == ("en" in spoken)


def test_worlds_of_other_languages_have_the_same_people_and_events(chinese: Landed, mixed: Landed) -> None:
    for one, other in pairwise((chinese, mixed)):
        assert one.records("interactions", "event_id") == other.records("interactions", "event_id")
        assert [row["community"] for row in one.truth("users")] == [row["community"] for row in other.truth("users")]


def test_a_language_that_the_demo_lacks_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no language 'fr'; there are: en, zh, mixed"):
        import_source("demo", tmp_path / "landing", None, "2026-03-01", language="fr")
    assert not list(tmp_path.iterdir())


def test_other_sources_have_texts_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="leave out LANGUAGE=zh"):
        import_source("lastfm", tmp_path / "landing", tmp_path, "2026-03-01", language="zh")
