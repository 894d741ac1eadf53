"""Message catalogues: complete, with the same placeholders, without leftovers; and what reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from socialrec.display.messages.catalogue import first_known, language_for, languages, messages_in
from socialrec.display.messages.updating import FOLDER, TEMPLATE, extracted, messages_of, read_catalogue, update

ENGLISH, CHINESE = messages_in("en"), messages_in("zh")
FILES = sorted(FOLDER.glob("*.po"))


@pytest.fixture(scope="module")
def source() -> Catalog:
    return extracted()


@pytest.fixture(params=FILES, ids=[file.stem for file in FILES])
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return read_catalogue(request.param)


def forms(text: object) -> tuple[str, ...]:
    """The forms of a message or of a translation: one, or those of the plural."""
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def ids(catalogue: Catalog) -> set[tuple[str, ...]]:
    return {forms(message.id) for message in messages_of(catalogue)}


def placeholders(texts: tuple[str, ...]) -> set[str]:
    return {name for text in texts for name in re.findall(r"\{(\w*)\}", text)}


def test_a_catalogue_has_every_message_of_the_code_and_no_other(source: Catalog, catalogue: Catalog) -> None:
    """`make messages` brings it up to date."""
    assert ids(catalogue) == ids(source)
    assert ids(read_catalogue(TEMPLATE)) == ids(source)


def test_every_message_is_translated_in_all_forms_of_the_language(catalogue: Catalog) -> None:
    def is_whole(message: Message) -> bool:
        n_forms = catalogue.num_plurals if message.pluralizable else 1
        return len(forms(message.string)) == n_forms and all(forms(message.string)) and not message.fuzzy

    assert [message.id for message in messages_of(catalogue) if not is_whole(message)] == []


def test_a_translation_has_the_placeholders_of_its_message(catalogue: Catalog) -> None:
    unlike = [
        message.id
        for message in messages_of(catalogue)
        if placeholders(forms(message.string)) != placeholders(forms(message.id))
    ]
    assert unlike == []


def test_an_update_keeps_translations_adds_new_messages_and_removes_old_ones(tmp_path: Path) -> None:
    file = tmp_path / "zh.po"
    file.write_text('msgid "{n} old"\nmsgstr "{n}旧"\n\nmsgid "price"\nmsgstr "价格"\n', encoding="utf-8")
    code = tmp_path / "code"
    code.mkdir()
    (code / "said.py").write_text('translatable("price")\ntranslate("new {word}", word="x")\ntranslate(form)\n')
    assert update(file, extracted(code)) == ["new {word}"]
    assert {message.id: message.string for message in messages_of(read_catalogue(file))} == {
        "price": "价格",
        "new {word}": "",
    }


def test_plurals_lists_quotes_and_prices_are_those_of_the_language() -> None:
    one, many = "liked by {n} person you follow", "liked by {n} people you follow"
    assert [ENGLISH.translate_plural(one, many, n) for n in (1, 1200)] == [
        "liked by 1 person you follow", "liked by 1,200 people you follow",
    ]  # fmt: skip
    assert CHINESE.translate_plural(one, many, 2) == "你关注的2个人喜欢它"
    assert [ENGLISH.listed(items) for items in (["A"], ["A", "B"], ["A", "B", "C"])] == ["A", "A and B", "A, B and C"]
    assert [CHINESE.listed(items) for items in ([], ["A", "B"], ["A", "B", "C"])] == ["", "A和B", "A、B和C"]
    assert [messages.quoted("so {soft}") for messages in (ENGLISH, CHINESE)] == ["“so {soft}”"] * 2
    assert [ENGLISH.price(1250, code) for code in ("EUR", "CNY", None)] == ["€12.50", "CN¥12.50", "12.50"]
    assert CHINESE.price(1250, "CNY") == "¥12.50"


def test_what_people_wrote_is_never_read_as_a_placeholder() -> None:
    assert ENGLISH.translate("popular in {words}", words="{products} {0}") == "popular in {products} {0}"
    assert CHINESE.listed(["{0}", "{1}", "{}"]) == "{0}、{1}和{}"
    assert CHINESE.name("{no such aspect}") == "{no such aspect}"


def test_the_first_known_language_is_taken_or_the_one_that_is_set() -> None:
    assert languages() == ("en", "zh")
    assert [first_known(spoken) for spoken in (["de", None, "zh"], ["de"], [])] == ["zh", "en", "en"]
    assert [language_for(setting, ["zh"]) for setting in ("auto", "en")] == ["zh", "en"]
