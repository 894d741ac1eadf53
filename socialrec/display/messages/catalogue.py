"""Sentences for the shop's users in one language: translation, plurals, lists and prices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cache, lru_cache, reduce
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

SOURCE_LANGUAGE = "en"
"""Language of the messages in the code."""
AUTO = "auto"
"""Setting by which each user's own comments choose the language."""
FOLDER = Path(__file__).parent
"""Folder of the catalogues, `<language>.po`."""
_LOCALES = {SOURCE_LANGUAGE: "en_001"}
"""Locale of a language where the code alone is not the one to take: lists as `A, B and C`, without a second comma."""
_CENTS = Decimal(100)
_WITH_CENTS = "#,##0.00"


def translatable(text: str) -> str:
    """Mark an English text for translation that is written apart from its translation; returns it."""
    return text


def translatable_plural(one: str, many: str) -> tuple[str, str]:
    """Mark an English text about n things, in its two forms, for translation; returns them."""
    return one, many


@dataclass(frozen=True)
class Messages:
    """Messages in one language. A text without a translation stays English."""

    language: str
    locale: Locale
    translations: NullTranslations

    def name(self, text: str, /) -> str:
        """Translate a text without placeholders; one that is in no catalogue, such as a shop's own name, stays."""
        return self.translations.gettext(text)

    def translate(self, text: str, /, **values: str) -> str:
        """Translate an English text, and fill its placeholders (`{name}`) with these values."""
        return self.translations.gettext(text).format(**values)

    def translate_plural(self, one: str, many: str, n: int, /, **values: str) -> str:
        """Translate a text about n things, in the form that the language has for this number; `{n}` is the number."""
        chosen = self.translations.ngettext(one, many, n)
        return chosen.format(n=_number(n, self.locale), **values)

    def listed(self, items: Sequence[str]) -> str:
        """List items, such as `A, B and C`; empty for none."""
        return format_list(list(items), locale=self.locale) if len(items) > 1 else "".join(items)

    def quoted(self, text: str) -> str:
        """Put a text into quotation marks."""
        return self.translate("“{text}”", text=text)

    def in_brackets(self, text: str, more: str) -> str:
        """Put more about a text into brackets behind it."""
        return self.translate("{text} ({more})", text=text, more=more)

    def side_by_side(self, reasons: Sequence[str]) -> str:
        """Put sentences without a full stop into one line; empty for none."""
        return _folded(translatable("{first}; {second}"), reasons, self)

    def one_after_the_other(self, sentences: Sequence[str]) -> str:
        """Put whole sentences into one text; empty for none."""
        return _folded(translatable("{first} {second}"), sentences, self)

    def price(self, cents: int, currency: str | None) -> str:
        """Format a price; currency: ISO 4217 code, or None for a number alone."""
        amount = Decimal(cents) / _CENTS
        if not currency:
            return format_decimal(amount, format=_WITH_CENTS, locale=self.locale)
        return format_currency(amount, currency, locale=self.locale)


@lru_cache(maxsize=1000)
def _number(n: int, locale: Locale) -> str:
    return format_decimal(n, locale=locale)


def _folded(form: str, texts: Sequence[str], messages: Messages) -> str:
    if not texts:
        return ""
    return reduce(lambda first, second: messages.translate(form, first=first, second=second), texts)


@cache
def languages() -> tuple[str, ...]:
    """Codes of all languages that have messages, English first."""
    return SOURCE_LANGUAGE, *sorted(file.stem for file in FOLDER.glob("*.po"))


@cache
def messages_in(language: str) -> Messages:
    """Load the messages of one of `languages()`."""
    locale = Locale.parse(_LOCALES.get(language, language))
    return Messages(language, locale, _translations(language))


def _translations(language: str) -> NullTranslations:
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    # Imported only here, because every command reads the settings, which check a language.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def language_for(setting: str, spoken: Iterable[str | None]) -> str:
    """Choose the language of a reader: the setting, or for `auto` the first spoken one with messages, or English."""
    return first_known(spoken) if setting == AUTO else setting


def first_known(spoken: Iterable[str | None]) -> str:
    """Take the first of these languages that has messages, or English."""
    return next((language for language in spoken if language in languages()), SOURCE_LANGUAGE)


def _name(language: str) -> str:
    return str(messages_in(language).locale.get_language_name(SOURCE_LANGUAGE)).lower()


def require_language(setting: str) -> str:
    """Check a setting of a language; ValueError with the codes, and a likely one, where there are no messages in it."""
    known = (AUTO, *languages())
    if setting in known:
        return setting
    names = dict(zip(known, known, strict=True)) | {_name(code): code for code in languages()}
    near = get_close_matches(re.split("[-_]", setting.lower())[0], names, n=1, cutoff=0.7)
    guess = f"did you mean {names[near[0]]!r}? " if near else ""
    raise ValueError(f"unknown language; {guess}known: {', '.join(known)}")
