"""Personal data in free text: what is masked, what only looks like it; Spark and DuckDB do what Python does."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from socialrec.bench.etl_sql import mask_macros
from socialrec.contracts.vocabulary import PersonalData
from socialrec.etl.personal_data import mask_text, passes_luhn
from socialrec.etl.wording import masked

ALL = tuple(PersonalData)
PERSONAL = {
    "Write to ann.lee+shop@mail.example.co.uk.": "Write to [mail].",
    "mailto:jörg@müller.de, please": "mailto:[mail], please",
    "a@b.com c@d.org": "[mail] [mail]",
    "My card 4111 1111 1111 1111 was charged": "My card [card] was charged",
    "5555555555554444 and 3782-822463-10005": "[card] and [card]",
    "Call +49 (0)30 123456-78 now": "Call [phone] now",
    "0044 20 7946 0958": "[phone]",
    "Tel. 030 1234567 or 0171/1234567": "Tel. [phone] or [phone]",
    "020 7946 0958; 01 23 45 67 89": "[phone]; [phone]",
    "(555) 123-4567, 555-123-4567, 1-555-123-4567": "[phone], [phone], [phone]",
    "01701234567": "[phone]",
    "I live at 12b Abbey Road, London NW8 9AY": "I live at [address]",
    "Send it to 1600 Pennsylvania Avenue, Apt 4, Washington DC 20500.": "Send it to [address].",
    "wohnt Hauptstraße 12a, 10115 Berlin": "wohnt [address]",
    "in der Karl-Marx-Str. 5 links": "in der [address] links",
    "Feldweg 3, 80331 München": "[address]",
    "au 12 rue de Rivoli, 75001 Paris": "au [address]",
    "P.O. Box 123": "[address]",
    "Ann, ann@x.de, 030 1234567, Hauptstraße 12": "Ann, [mail], [phone], [address]",
}
NEAR_MISSES = (
    "It costs 1.299,00 EUR, was 1,499.00",
    "Order 4711081512345678 and #0301234567 and AB-0301234567",
    "4111 1111 1111 1112 fails the check digit",
    "Bought 2026-01-31, 31.01.2026, 01/02/2026 10:30, 01-02-2026 10",
    "120 x 80 x 200 cm, 10x20x30, size 38-40, 100-200-300",
    "ISBN 978-3-16-148410-0, EAN 4006381333931",
    "Version 192.168.10.12 of 3.1415926535",
    "5 @ 3.50, meet @home, @ann_lee, ratio 3@4.50",
    "12 Inch Road Bike, 21 Jump Street, 2 Way Radio, 7 Day Street Food",
    "Sitzplatz 12, Ring 5, 12 rue",
    "+10 points, -20 %, 1000000 users, 0800-1700",
    "[mail] stays [phone]",
)


@pytest.mark.parametrize(("written", "kept"), PERSONAL.items())
def test_personal_data_gives_way_to_a_mask_that_names_its_kind(written: str, kept: str) -> None:
    assert mask_text(written, ALL) == kept


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_prices_sizes_dates_orders_and_titles_stay(text: str) -> None:
    assert mask_text(text, ALL) == text


@pytest.mark.parametrize("kind", PersonalData)
def test_a_kind_that_is_not_asked_for_stays(kind: PersonalData) -> None:
    text = "ann@x.de, 4111111111111111, 030 1234567, Hauptstraße 12"
    shown = dict(zip(PersonalData, text.split(", "), strict=True))
    others = [each for each in PersonalData if each is not kind]
    assert mask_text(text, others) == ", ".join(shown[each] if each is kind else f"[{each}]" for each in PersonalData)


def test_luhns_check_is_that_of_its_well_known_example() -> None:
    assert [digit for digit in range(10) if passes_luhn(f"7992739871{digit}")] == [3]


def in_spark(spark: SparkSession, texts: list[str], kinds: tuple[PersonalData, ...]) -> list[str]:
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    return [row.text for row in frame.select(masked(F.col("text"), kinds).alias("text")).collect()]


def in_duckdb(texts: list[str], kinds: tuple[PersonalData, ...]) -> list[str]:
    connection = duckdb.connect()
    for macro in mask_macros(kinds):
        connection.execute(macro)
    rows = connection.execute("SELECT masked(text) FROM (SELECT unnest(?) AS text)", [texts]).fetchall()
    return [text for (text,) in rows]


def test_spark_and_duckdb_mask_what_python_masks(spark: SparkSession) -> None:
    texts = [*PERSONAL, *NEAR_MISSES, "", "x" * 20_000 + "@", "1" * 20_000, " ".join([*PERSONAL, *NEAR_MISSES])]
    for kinds in (ALL, (PersonalData.PHONE,), (PersonalData.CARD, PersonalData.ADDRESS)):
        expected = [mask_text(text, kinds) for text in texts]
        assert in_spark(spark, texts, kinds) == expected
        assert in_duckdb(texts, kinds) == expected


def test_whatever_stands_together_spark_agrees_with_python(spark: SparkSession) -> None:
    parts = [*PERSONAL, "0", "12", "@", ".", "-", " ", "+", "é", "Road", "NW8 9AY", "\U0001f600", "(", "4111"]
    texts: list[str] = []

    @given(st.lists(st.sampled_from(parts), min_size=1, max_size=6).map("".join))
    def gather(text: str) -> None:
        texts.append(text)

    gather()
    expected = [mask_text(text, ALL) for text in texts]
    assert in_spark(spark, texts, ALL) == expected


def test_without_a_text_there_is_nothing_to_mask(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(None,)], "text string")
    assert frame.select(masked(F.col("text"), ALL).alias("text")).first().text is None
