"""Reasons and profiles as sentences in the language of their reader; the tables hold codes and evidence alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.display.messages.catalogue import Messages, translatable, translatable_plural
from socialrec.display.visible import label

SHORT_KEY = 8
"""Displayed digits of a pseudonym."""
TITLE_CHARS = 120
SENTENCES = {
    ReasonKind.BECAUSE_YOU: translatable("because of {products}"),
    ReasonKind.WORDS: translatable("in your words: {words}"),
    ReasonKind.PRAISED: translatable("praised for {words}, as you care for it"),
    ReasonKind.ABOUT: translatable("about: {words}"),
    ReasonKind.LOOKS_LIKE: translatable("looks like {products}"),
    ReasonKind.CATEGORY: translatable("popular in {words}"),
    ReasonKind.POPULAR: translatable("popular with everyone"),
    ReasonKind.FEW: translatable("known to few people so far"),
    ReasonKind.NEW: translatable("new here: nobody has looked at it yet"),
}
"""Sentence for each kind of reason, but for those about people."""
PEOPLE = {
    (ReasonKind.FRIENDS, True): (
        *translatable_plural("liked by {n} person you follow", "liked by {n} people you follow"),
        translatable("liked by somebody you follow"),
    ),
    (ReasonKind.FRIENDS, False): (
        *translatable_plural(
            "liked by {n} person you follow or answered", "liked by {n} people you follow or answered"
        ),
        translatable("liked by somebody you follow or answered"),
    ),
    (ReasonKind.LOOKED_AT, True): (
        *translatable_plural("looked at by {n} person you follow", "looked at by {n} people you follow"),
        translatable("looked at by somebody you follow"),
    ),
    (ReasonKind.LOOKED_AT, False): (
        *translatable_plural(
            "looked at by {n} person you follow or answered", "looked at by {n} people you follow or answered"
        ),
        translatable("looked at by somebody you follow or answered"),
    ),
}
"""Sentences about one person, several and somebody, by kind and by whether the user follows all of them."""
ASPECT_NAMES = (
    *(translatable("price"), translatable("quality"), translatable("size"), translatable("delivery")),
    *(translatable("design"), translatable("service"), translatable("durability"), translatable("comfort")),
)
"""Names of the aspects of `text.aspects` by default."""
Titles = Mapping[str, str]
"""Titles of products by id; a product without one is shown by its id."""


def describe(reason: Mapping[str, Any], titles: Titles, messages: Messages, *, names_people: bool = True) -> str:
    """Format one reason of gold.recommendations as a sentence without a full stop.

    names_people: people are named by the beginnings of their pseudonyms, else only counted.
    """
    kind = ReasonKind(reason["kind"])
    if kind in SENTENCES:
        words = [messages.name(word) for word in reason["words"]] if kind is ReasonKind.PRAISED else reason["words"]
        said = messages.translate(
            SENTENCES[kind],
            products=messages.listed(_titles(reason["products"], titles, messages)),
            words=messages.listed([label(word) for word in words]),
        )
    else:
        said = _people(kind, reason, messages)
        if names_people and reason["friends"]:
            said = messages.in_brackets(said, messages.listed([key[:SHORT_KEY] for key in reason["friends"]]))
    return messages.in_brackets(said, messages.quoted(reason["quote"])) if reason["quote"] else said


def _people(kind: ReasonKind, reason: Mapping[str, Any], messages: Messages) -> str:
    """Say how many people are behind a reason, or somebody where they are too few to be named."""
    one, many, somebody = PEOPLE[kind, bool(reason["is_followed"])]
    n = len(reason["friends"])
    return messages.translate_plural(one, many, n) if n else messages.translate(somebody)


def describe_profile(profile: Mapping[str, Any], titles: Titles, messages: Messages) -> str:
    """Say what a row of gold.user_profiles knows of a user, such as `Likes toys. Last interested in: Red kite.`

    Without dates the word "last" is not used.
    """
    categories = profile["categories"] or ()
    sentences = [
        _sentence(translatable("Likes {listed}."), _categories(categories, messages, are_liked=True), messages),
        _sentence(translatable("Looks at {listed}."), _categories(categories, messages, are_liked=False), messages),
        _newest(
            (translatable("Last interested in: {listed}."), translatable("Interested in: {listed}.")),
            _dated(profile["interests"], titles, messages),
            messages,
        ),
        _newest(
            (translatable("Last commented on: {listed}."), translatable("Commented on: {listed}.")),
            _dated(profile["commented"], titles, messages),
            messages,
        ),
        _newest(
            (translatable("Last wrote {listed}."), translatable("Wrote {listed}.")),
            _dated(profile["labelled"], titles, messages),
            messages,
        ),
    ]
    said = [sentence for sentence in sentences if sentence]
    return messages.one_after_the_other(said) or messages.translate("No interests known yet.")


def _categories(categories: Iterable[Mapping[str, Any]], messages: Messages, *, are_liked: bool) -> list[str]:
    return [label(one["category"]) for one in categories if one["is_liked"] == are_liked]


def _dated(
    parts: Sequence[Mapping[str, Any]] | None, titles: Titles, messages: Messages
) -> tuple[list[str], list[str]]:
    """Products of a profile with a date, and those without; a label is quoted with its product."""
    found: tuple[list[str], list[str]] = ([], [])
    for part in parts or ():
        [title] = _titles([part["product_id"]], titles, messages)
        if "text" in part:
            title = messages.translate(
                "{quote} of {product}", quote=messages.quoted(label(part["text"])), product=title
            )
        found[0 if part["is_dated"] else 1].append(title)
    return found


def _newest(forms: tuple[str, str], parts: tuple[list[str], list[str]], messages: Messages) -> str:
    """Sentence of the dated parts; where none has a date of all parts, in the form without "last"."""
    dated, undated = parts
    return _sentence(forms[0], dated, messages) or _sentence(forms[1], undated, messages)


def _sentence(form: str, items: Iterable[str], messages: Messages) -> str:
    listed = messages.listed(list(dict.fromkeys(items)))
    return messages.translate(form, listed=listed) if listed else ""


def _titles(products: Iterable[str], titles: Titles, messages: Messages) -> list[str]:
    """Titles as they stand in a sentence: some languages put them into quotation marks."""
    return [
        messages.translate("{title}", title=label(titles.get(product, product), TITLE_CHARS)) for product in products
    ]
