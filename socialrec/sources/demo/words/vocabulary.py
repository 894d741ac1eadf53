"""Kinds of the demo world, the same in all its languages, and the shape of a language's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CATEGORIES = (
    *("lighting", "furniture", "kitchen", "garden", "audio", "cycling"),
    *("camping", "clothing", "books", "games", "beauty", "pets"),
)
STYLES = ("minimal", "vintage", "rugged", "playful", "luxury", "eco")
SENTIMENTS = ("positive", "neutral", "negative")
ASPECTS = ("price", "quality", "size", "delivery", "design", "service", "durability", "comfort")

N_NOUNS, N_ADJECTIVES, N_MATERIALS = 7, 4, 3
"""Nouns of a category, adjectives and materials of a style; the same place means the same in every language."""

_PERSONAL_SHARE = 0.015
"""Share of comments in which people write personal data, where a language has sentences for that."""

Texts = tuple[str, ...]
ByTopic = Mapping[str, Texts]
BySentiment = tuple[Texts, Texts, Texts]
"""Texts that are positive, neutral and negative."""


@dataclass(frozen=True)
class Kind:
    """Category: its name and the nouns of its products."""

    name: str
    nouns: Texts


@dataclass(frozen=True)
class Style:
    """Style of products: its name, their look, and the words of users who like it."""

    name: str
    adjectives: Texts
    materials: Texts
    promise: str
    lovers: str


@dataclass(frozen=True)
class ProductTraits:
    """Facts of a product that its texts are made of: category, style, and places of its words in their lists.

    A text says as little as `tells_style` and `tells_category` allow.
    """

    category: str
    style: str
    noun: int
    adjective: int
    other: int
    material: int
    tells_style: bool = True
    tells_category: bool = True


@dataclass(frozen=True)
class Remark:
    """Content of a comment: sentiment (place in `SENTIMENTS`), aspect, the product, and the style its writer likes."""

    sentiment: int
    aspect: str
    about: ProductTraits
    liked: str
    is_reply: bool


@dataclass(frozen=True)
class CommentParts:
    """Clauses of a comment, without marks at their ends; the closing may be empty."""

    opening: str
    said: str
    taste: str
    closing: str
    sentiment: int


@dataclass(frozen=True)
class CommentWords:
    """Phrases of comments: what is said by aspect, and what surrounds it; `personal` by kind of personal data."""

    aspects: Mapping[str, BySentiment]
    openings: BySentiment
    replies: BySentiment
    tastes: BySentiment
    closings: BySentiment
    personal: ByTopic


@dataclass(frozen=True)
class ServiceWords:
    """Words of customer service: questions by topic, and what is answered.

    `general`: questions about no product, by the intent of the template that answers them. `attributes`: those that an
    attribute of the product answers, through the template of that intent. `descriptions`: those that a sentence of the
    description answers, the first topic the first sentence, and so on. `comments`: those that comments answer, by their
    aspect. `unanswered`: those that nothing in the world answers, with what somebody in the shop found out when asked.
    `odd`: questions with something in them that must not lead an answer, each with its topic and its evidence.
    `opinions`: answers of customers; what they say is a phrase of a comment. `templates`: by intent and language.
    """

    general: ByTopic
    attributes: ByTopic
    descriptions: ByTopic
    comments: ByTopic
    unanswered: Mapping[str, tuple[Texts, str]]
    out_of_scope: Texts
    odd: Mapping[str, tuple[str, str, str]]
    opinions: Texts
    greetings: Texts
    refusal: str
    templates: Mapping[str, Mapping[str, str]]

    @property
    def topics(self) -> dict[str, ByTopic]:
        """Questions by kind and topic; those about comments are by the aspects of comments."""
        unanswered = {topic: forms for topic, (forms, _) in self.unanswered.items()}
        return {
            "template": self.general,
            "attribute": self.attributes,
            "description": self.descriptions,
            "none": unanswered,
        }


@dataclass(frozen=True)
class DemoWords:
    """One language of the demo world.

    `describe` makes title and description of a product, and `join` a comment of its clauses; both may draw the manner
    of writing from the generator that they get. `plain_kind` and `plain_style` are the words of texts that do not tell
    category or style. `full_stop` ends a sentence of a description before the next one. `price` is the price in
    hundredths of `currency`, given one in cents of the English shop.
    """

    language: str
    currency: str
    price: Callable[[int], int]
    kinds: Mapping[str, Kind]
    plain_kind: Kind
    styles: Mapping[str, Style]
    plain_style: Style
    brands: Texts
    comments: CommentWords
    service: ServiceWords
    full_stop: str
    describe: Callable[[np.random.Generator, ProductTraits, Kind, Style], tuple[str, str]]
    join: Callable[[np.random.Generator, CommentParts], str]

    def noun(self, traits: ProductTraits) -> str:
        """Noun of a product, which people use of it whatever its text tells."""
        return self.kinds[traits.category].nouns[traits.noun]

    def product(self, manner: np.random.Generator, traits: ProductTraits) -> tuple[str, str]:
        """Make title and description of a product, with words for what it tells of category, style and material."""
        kind = self.kinds[traits.category] if traits.tells_category else self.plain_kind
        look = self.styles[traits.style] if traits.tells_style else self.plain_style
        return self.describe(manner, traits, kind, look)

    def comment(self, rng: np.random.Generator, manner: np.random.Generator, remark: Remark) -> str:
        """Make a comment that carries sentiment and aspect, and the style that its writer likes."""
        words, look, sentiment = self.comments, self.styles[remark.liked], remark.sentiment
        said = pick(rng, words.aspects[remark.aspect][sentiment])
        form = pick(rng, words.tastes[sentiment])
        kind, adjective = self.kinds[remark.about.category], pick(rng, look.adjectives)
        taste = form.format(lovers=look.lovers, style=look.name, category=kind.name, adjective=adjective)
        opening = pick(rng, (words.replies if remark.is_reply else words.openings)[sentiment])
        closing = pick(rng, words.closings[sentiment])
        opening = opening.format(noun=self.noun(remark.about))
        return self.join(manner, CommentParts(opening, said, taste, closing, sentiment))

    def personal(self, manner: np.random.Generator) -> tuple[str, str]:
        """Draw a sentence with personal data for few comments, and its kind; both empty for the others."""
        kinds = self.comments.personal
        if not kinds or manner.random() >= _PERSONAL_SHARE:
            return "", ""
        kind = pick(manner, tuple(kinds))
        return kind, pick(manner, kinds[kind])


def draw_traits(rng: np.random.Generator, category: str, style: str) -> ProductTraits:
    """Draw the words of a product of this category and style; its second adjective is another one."""
    noun, adjective, material = (place(rng, n) for n in (N_NOUNS, N_ADJECTIVES, N_MATERIALS))
    other = place(rng, N_ADJECTIVES - 1)
    return ProductTraits(category, style, noun, adjective, other + (other >= adjective), material)


def place(rng: np.random.Generator, n: int) -> int:
    """Draw a place below n."""
    return int(rng.random() * n)


def pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    """Pick one of the words."""
    return at(rng.random(), words)


def at(mark: float, words: Sequence[str]) -> str:
    """Word at a mark in [0, 1): one draw decides for lists of any language."""
    return words[int(mark * len(words))]
