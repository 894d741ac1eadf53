"""Aspects of comments: which of them a comment names, and what it says about each."""

from __future__ import annotations

import pyarrow as pa
import pytest
from chinese_reviews import FIRST, SECOND, THIRD

from socialrec.settings.aspects import ASPECTS, Entry, entry_of
from socialrec.sources.demo.words import WORDS as DEMO
from socialrec.text.understanding.aspects import AspectReader, aspect_columns
from socialrec.text.understanding.phrases import Phrases, tokens_of

WORDS = {"price": ("price", "worth it", "- overpriced"), "size": ("size", "größe", "- tight", "尺码")}
DEFAULT = AspectReader(ASPECTS)


@pytest.mark.parametrize(
    ("text", "aspects"),
    [
        ("The PRICE is right", ["price"]),
        ("priceless, a prize", []),
        ("Not worth\nit; wrong size", ["price", "size"]),
        ("worth-it", ["price"]),
        ("worth. It", []),
        ("falsche Größe!", ["size"]),
        ("Größen", []),
        ("就是尺码偏小", ["size"]),
        ("", []),
    ],
)
def test_aspects_are_named_by_whole_words_and_phrases_in_any_case_and_script(text: str, aspects: list[str]) -> None:
    assert list(AspectReader(WORDS).read(text)) == aspects
    assert AspectReader({}).read(text) == {}


def test_signs_in_an_entry_are_signs_of_the_text() -> None:
    reader = AspectReader({"x": ("a.b", "c++")})
    assert [list(reader.read(text)) for text in ("a b", "a.b", "c++", "c")] == [[], ["x"], ["x"], []]


def test_the_longest_phrase_counts_and_no_word_twice() -> None:
    found = Phrases(("wear", "easy to wear", "out")).find(tokens_of("easy to wear, will wear out"))
    assert [(match.start, match.phrase) for match in found] == [(0, "easy to wear"), (5, "wear"), (6, "out")]


def test_an_entry_may_praise_complain_or_be_another_matter() -> None:
    assert [entry_of(listed) for listed in ("size", "+ roomy", "- tight", "! tight budget", "-x")] == [
        *(Entry("size", 0, True), Entry("roomy", 1, True), Entry("tight", -1, True), Entry("tight budget", 0, False)),
        Entry("-x", 0, True),
    ]
    assert AspectReader({"size": ("- tight", "! tight budget")}).read("on a tight budget") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("so cute but tight!", {"size": "negative"}),
        ("not tight", {"size": "positive"}),
        ("A great size, the price is not good", {"price": "negative", "size": "positive"}),
        ("The size is great but the price is awful", {"price": "negative", "size": "positive"}),
        ("The price is great and awful", {"price": "neutral"}),
        ("Good price. Awful price", {"price": "neutral"}),
        ("Great lamp. The size is five", {"size": "unknown"}),
        ("overpriced, not great", {"price": "negative"}),
        ("The price isn't given", {"price": "negative"}),
    ],
)
def test_what_is_said_about_an_aspect_is_read_off_its_clause(text: str, said: dict[str, str]) -> None:
    assert AspectReader(WORDS).read(text, "positive") == said


@pytest.mark.parametrize("sentiment", ["positive", "neutral", "negative"])
def test_the_comments_own_sentiment_counts_where_no_word_says_anything(sentiment: str) -> None:
    assert AspectReader(WORDS).read("falsche Größe", sentiment) == {"size": sentiment}
    assert AspectReader(WORDS).read("falsche Größe") == {"size": "unknown"}


def test_easy_to_wear_says_nothing_of_how_long_it_lasts() -> None:
    assert DEFAULT.read("This dress is easy to wear and I wear it often") == {}
    assert DEFAULT.read("It wears out fast")["durability"] == "negative"
    assert DEFAULT.read("It broke my heart to return it") == {}
    assert DEFAULT.read("It fits my budget") == {"price": "unknown"}


def test_chinese_comments_are_read_by_clause() -> None:
    said = "质量很好\uff0c就是尺码偏小\uff0c价格不贵\u3002客服态度差"
    assert DEFAULT.read(said) == {
        "price": "positive",
        "quality": "positive",
        "size": "negative",
        "service": "negative",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # A space separates clauses, as a comma does.
        ("真心不划算 不好吃", {"price": "negative"}),
        ("一分钱一分货 物流不快", {"delivery": "negative"}),
        # A negation turns the first word after it.
        ("不划算不好用", {"price": "negative"}),
        ("洗完无异味", {"quality": "positive"}),
        ("物流一如既往地让人不操心", {"delivery": "positive"}),
        ("价格合适", {"price": "positive"}),
        ("大小写指示灯没有", {}),
        ("简直不要太划算", {"price": "positive"}),
        ("恶劣天气物流也很准时", {"delivery": "positive"}),
        ("真是便宜没好货", {"price": "negative"}),
    ],
)
def test_chinese_idioms_are_read_as_they_are_meant(text: str, said: dict[str, str]) -> None:
    assert DEFAULT.read(text) == said


def test_praise_and_complaints_of_the_demo_world_are_read_as_they_are_meant() -> None:
    for aspect, (praise, _, complaints) in DEMO["en"].comments.aspects.items():
        for sentiment, phrases in (("positive", praise), ("negative", complaints)):
            for phrase in phrases:
                assert DEFAULT.read(phrase).get(aspect) == sentiment, phrase


def test_every_default_aspect_is_named_by_its_first_word() -> None:
    for aspect, entries in ASPECTS.items():
        assert aspect in DEFAULT.read(f"oh, {entries[0]}!")


def test_columns_are_lists_of_one_length() -> None:
    texts = pa.chunked_array([["so cute but tight!", None, "nice"]], pa.string())
    found = aspect_columns(texts, pa.chunked_array([["positive", None, "positive"]], pa.string()), WORDS)
    said = {"aspects": [["size"], [], []], "aspect_sentiments": [["negative"], [], []]}
    assert found.to_pydict() == {**said, "aspect_quotes": [["so cute but tight!"], [], []]}


def test_an_aspect_is_quoted_by_the_first_sentence_that_names_it() -> None:
    reader = AspectReader({**WORDS, "fit": ("fits", "! fits my budget")})
    text = "It fits my budget. So cute but TIGHT! The size is small. Fits."
    assert [reader.quote(text, aspect) for aspect in ("size", "fit")] == ["So cute but TIGHT!", "Fits."]
    # A phrase that runs across sentences is in none of them.
    assert (list(reader.read("worth it")), reader.quote("worth! It", "price")) == (["price"], "")


def precision_of(cases: str) -> float:
    """Share of right ones among what is read of made-up Chinese sentences: aspects with their signs."""
    signs = {"+": "positive", "-": "negative", "0": "neutral"}
    n_read = n_right = 0
    for case in cases.strip().splitlines():
        text, _, expected = case.partition("|")
        right = {(said[:-1], signs[said[-1]]) for said in expected.split()}
        read = {(aspect, said.value) for aspect, said in DEFAULT.read(text).items() if said != "unknown"}
        n_read, n_right = n_read + len(read), n_right + len(read & right)
    return n_right / n_read


@pytest.mark.parametrize(
    ("cases", "n", "floor"),
    [(FIRST, 100, 0.85), (SECOND, 100, 0.85), (THIRD, 40, 0.8)],
    ids=["first", "second", "third"],
)
def test_of_the_aspects_of_chinese_sentences_most_are_right(cases: str, n: int, floor: float) -> None:
    assert len(cases.strip().splitlines()) == n
    assert precision_of(cases) >= floor
