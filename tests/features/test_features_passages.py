"""Sentences that an answer may cite, and when two of them say the same."""

from __future__ import annotations

import hashlib

import pytest

from socialrec.contracts.vocabulary import PassageSource
from socialrec.display.messages.catalogue import messages_in
from socialrec.features.passages import attribute_of, attribute_sentence, normalised, passage_id, passages_in

COMMENT = PassageSource.COMMENT


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It flies well. Does it break? The string is long!", [(0, "It flies well."), (2, "The string is long!")]),
        ("Great! It flies well", [(1, "It flies well")]),
        ("Call me at [phone] please. I would buy it again.", [(1, "I would buy it again.")]),
        ('He asked: "does it fly?"', []),
        ("这个风筝飞得很高。好!结实吗?", [(0, "这个风筝飞得很高。")]),
        ("好。质量好。质量非常好。", [(2, "质量非常好。")]),
        ("yes " * 200, []),
        ("", []),
    ],
)
def test_questions_masks_and_very_short_or_long_sentences_are_not_cited(
    text: str, found: list[tuple[int, str]]
) -> None:
    assert list(passages_in(text, COMMENT)) == found


def test_an_attribute_is_one_sentence_whatever_dots_it_holds_and_a_prediction_says_so() -> None:
    stated = attribute_sentence("brand", "Dr. Finch. Ltd", PassageSource.STATED, messages_in("en"))
    assert list(passages_in(stated, PassageSource.STATED)) == [(0, "The brand is Dr. Finch. Ltd.")]
    predicted = attribute_sentence("brand", "Lego", PassageSource.PREDICTED, messages_in("en"))
    assert predicted == "The brand is probably Lego."


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("source", [PassageSource.STATED, PassageSource.PREDICTED])
def test_name_and_value_are_read_back_from_a_sentence_in_any_language(language: str, source: PassageSource) -> None:
    assert attribute_of(attribute_sentence("brand", "Dr. Finch. Ltd", source, messages_in(language))) == (
        "brand",
        "dr. finch. ltd",
    )
    assert attribute_of("It flies well.") == ("", "")


def test_an_attribute_of_a_product_in_chinese_is_said_in_chinese() -> None:
    said = [attribute_sentence(name, "Lego", PassageSource.STATED, messages_in("zh")) for name in ("品牌", "voltage")]
    assert said == ["品牌是Lego。", "voltage是Lego。"]
    assert attribute_sentence("品牌", "Lego", PassageSource.PREDICTED, messages_in("zh")) == "品牌可能是Lego。"
    assert [list(passages_in(one, PassageSource.STATED)) for one in said] == [[(0, one)] for one in said]


def test_sentences_of_the_same_words_are_one_passage_of_their_product_and_source() -> None:
    assert normalised("It FLIES, well!") == normalised("it flies well") == "it flies well"
    one = passage_id("shop:kite", COMMENT, normalised("It FLIES, well!"))
    assert one == hashlib.sha256(b"shop:kite\ncomment\nit flies well").hexdigest()
    others = {
        passage_id("shop:drum", COMMENT, "it flies well"),
        passage_id("shop:kite", PassageSource.ANSWER, "it flies well"),
    }
    assert len({one, *others, passage_id("shop:kite", COMMENT, "it never flies well")}) == 4
