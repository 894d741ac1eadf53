"""Texts as their readers see them: markup, joiners, languages; Spark and DuckDB do what Python does."""

# ruff: noqa: RUF001 (texts of many scripts)

from __future__ import annotations

import time

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from socialrec.bench.etl.sql_silver import add_cleaners, macros
from socialrec.etl.wording.cleaning import cleaned
from socialrec.etl.wording.joiners import without_invisible
from socialrec.etl.wording.languages import language
from socialrec.etl.wording.markup import without_markup
from socialrec.etl.wording.texts import with_clean_texts
from socialrec.language.detecting import language_of
from socialrec.settings.etl import MaskSettings

ALL, NOTHING = MaskSettings(), MaskSettings.nothing()
ENTITIES = {
    "cr&egrave;me br&ucirc;l&eacute;e": "crème brûlée",
    "7&#34; &#8212; fine": '7" — fine',
    "can&#x27;t &hellip; &#X2014;": "can't … —",
    "&#150; &#x80; &#153;": "– € ™",
    "&lt;3 &amp; more &apos;s&apos;": "<3 & more 's'",
    "a&nbsp;b&NBSP;c": "a b c",
    "Tom &amp Jerry&#39s": "Tom & Jerry's",
    "&#55357;&#56832; &#xD83D;&#xDE00; &#128512;": "😀 😀 😀",
    "&check; &star;": "✓ ☆",
    "AT&T, R&D; Q&A, a&b;": "AT&T, R&D; Q&A, a&b;",
    "?x=1&lt=2&copy=3": "?x=1&lt=2&copy=3",
    "&#0; &#xD800; &#9999999999; &nosuch;": "&#0; &#xD800; &#9999999999; &nosuch;",
}
TAGS = {
    "one<br>two<BR/>three<br />four": "one two three four",
    "<p class='x'>one</p><div>two</div>": "one two",
    "un<b>believ</b>able H<sub>2</sub>O": "unbelievable H2O",
    '<a href="x.html" title="5 > 3" target=_blank>link</a> <img src=x alt="&quot;y&quot;">': "link",
    "<ul><li>one<li>two</ul>": "one two",
    "&lt;i&gt;one&lt;/i&gt; &amp;lt;br&amp;gt;two": "one two",
    "&amp;amp;lt;": "&lt;",
    "<script>alert(1 < 2)</script>one<style>p {}</style><!-- two -->three": "one three",
    "<![CDATA[one <b>two</b>]]><!DOCTYPE html><?xml version='1.0'?>": "one two",
    "<b>cut off": "cut off",
    "<o:p></o:p>from Word": "from Word",
}
NO_TAGS = (
    "fits <L and XL>",
    "a <b and c> d, x<y and y>z",
    "if a<b>c",
    "<Blue Kite> is fine",
    "<3 and </3",
    "List<String>, Map<K, V>, vector<int>",
    "sizes <S> and <M>, <S>-<XL>",
    "1 < 2 > 1, <- and ->, <>",
    "<ann> said, <u think so>",
)
ENGINEER, ASTRONAUT = "\U0001f469\u200d\U0001f4bb", "\U0001f468\U0001f3fd\u200d\U0001f680"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
JOINERS = {
    "Persian": ("می\u200cروم، خانه\u200cها", "می\u200cروم، خانه\u200cها"),
    "twice": ("می\u200c\u200cروم", "می\u200cروم"),
    "at an end": ("\u200cمی\u200c روم\u200c", "می روم"),
    "Latin": ("foo\u200cbar\u200d baz", "foobar baz"),
    "Hindi, Sinhala": ("क्\u200dष श්\u200dරී", "क्\u200dष श්\u200dරී"),
    "Malayalam, at a word's end": ("അവന\u0d4d\u200d ", "അവന\u0d4d\u200d "),
    "emoji": (ENGINEER + " " + ASTRONAUT, ENGINEER + " " + ASTRONAUT),
    "hearts": ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
    "emoji and a letter": ("\U0001f469\u200d a\u200d\U0001f469", "\U0001f469 a\U0001f469"),
    "a flag": (SCOTLAND, SCOTLAND),
    "tags alone": ("a\U000e0067\U000e007f", "a"),
    "others": ("\ufeffsoft\u00adhy\u200bphen \u200eleft\u200f \u202aright\u202c\ufffe", "softhyphen left right"),
}  # fmt: skip
LANGUAGES = {
    "کتاب خوبی بود": "fa",
    "نمی\u200cخرم": "fa",
    "یہ بہت اچھا ہے": "ur",
    "المنتج ممتاز وأنصح به": "ar",
    "جيد": "ar",
}


@pytest.mark.parametrize(("landed", "read"), [*ENTITIES.items(), *TAGS.items()])
def test_markup_is_read_as_a_browser_shows_it(landed: str, read: str) -> None:
    assert cleaned(landed, NOTHING) == read


@pytest.mark.parametrize("text", NO_TAGS)
def test_words_between_angles_stay(text: str) -> None:
    assert cleaned(text, NOTHING) == text


def test_a_letter_whose_accent_is_apart_is_a_letter_before_a_tag_too() -> None:
    assert cleaned("cafe\u0301<b>x", ALL) == cleaned("caf\u00e9<b>x", ALL) == "caf\u00e9<b>x"


@pytest.mark.parametrize(("landed", "read"), JOINERS.values(), ids=JOINERS)
def test_joiners_stay_where_they_shape_a_word_or_an_emoji(landed: str, read: str) -> None:
    assert without_invisible(landed) == read


def test_spark_and_duckdb_tell_languages_as_python_does(spark: SparkSession) -> None:
    texts = [*LANGUAGES, "It was the one", "Das ist gut", "nice dress", "这件很好", "I\u2019m so happy"]
    texts += ["Nike鞋 the best of it", "é", ""]
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    expected = [language_of(text) or "und" for text in texts]
    assert {row.text: row.code for row in frame.select("text", language("text").alias("code")).collect()} == dict(
        zip(texts, expected, strict=True)
    )
    assert in_duckdb(texts, NOTHING, "language") == expected
    assert expected[: len(LANGUAGES)] == list(LANGUAGES.values())


@pytest.mark.parametrize("part", ["<a href='", "<b ", "<!--", "<", "&#x1", "&", "<a x=1 "])
def test_long_texts_are_read_in_a_moment(part: str) -> None:
    started = time.process_time()
    without_markup(part * (20_000 // len(part)) + ">")
    assert time.process_time() - started < 5


PARTS = (
    *ENTITIES, *TAGS, *NO_TAGS, *(landed for landed, _ in JOINERS.values()),
    "ann@x.de", "４１１１", "030 1234567", "ISBN 0306406152", "电话15912345678", "Postfach 12",
    "Feldweg 3, 80331 München", "12 rue de Rivoli", "12b Abbey Road, London NW8 9AY", "Karl-Marx-Str.5",
    "微信号abc_1234", "vx：good_shop", "QQ12345678", "收件人：张三，", "身份证110105491231002", "上海市世纪大道一号",
    "阳光小区3栋2单元501室", "&#64;x.de", "1", "\u00a0", "\t", "é", "e\u0301", " ",
)  # fmt: skip


def in_spark(spark: SparkSession, texts: list[str], masks: MaskSettings) -> list[str]:
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    return [row.text for row in with_clean_texts(frame, {"text": masks}).collect()]


def in_duckdb(texts: list[str], masks: MaskSettings, function: str = "clean_text") -> list[str]:
    connection = duckdb.connect()
    add_cleaners(connection, masks)
    for macro in macros(bytes(32)):
        connection.execute(macro)
    rows = connection.execute(f"SELECT {function}(text) FROM (SELECT unnest(?) AS text)", [texts]).fetchall()
    return [text for (text,) in rows]


def test_whatever_stands_together_spark_and_duckdb_agree_with_python(spark: SparkSession) -> None:
    texts: list[str] = ["", "plain", *PARTS]

    @given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("".join))
    def gather(text: str) -> None:
        texts.append(text)

    gather()
    expected = [cleaned(text, ALL) for text in texts]
    assert in_spark(spark, texts, ALL) == expected
    assert in_duckdb(texts, ALL) == expected
    assert in_spark(spark, texts[:50], NOTHING) == [cleaned(text, NOTHING) for text in texts[:50]]


@pytest.mark.parametrize("part", ["<script>", "<style ", "<!--", "<?xml ", "<!doctype ", "<![CDATA["])
def test_a_mib_of_tags_that_nothing_closes_is_read_in_linear_time(part: str) -> None:
    started = time.process_time()
    without_markup(">" + part * ((1 << 20) // len(part)))
    assert time.process_time() - started < 10


def test_without_a_text_there_is_nothing_to_clean(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(None,), ("a&amp;b",)], "text string")
    assert [row.text for row in with_clean_texts(frame, {"text": ALL}).collect()] == [None, "a&b"]
