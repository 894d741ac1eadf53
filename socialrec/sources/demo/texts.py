"""Languages of the demo world's texts: whose words each user and each product has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from socialrec.sources.demo.words import SPOKEN, WORDS
from socialrec.sources.demo.words.vocabulary import CATEGORIES, STYLES, DemoWords, ProductTraits
from socialrec.sources.demo.world import DemoWorld, Flags, Ints

_PART, _MANNER_PART = 21, 22
"""Parts of the world's random numbers; see `DemoWorld.rng`."""
_FIRST_SHARE = 0.6
"""Share of the users of a mixed world who write the shop's own language."""
_PRODUCT_SHARES = (0.4, 0.3, 0.3)
"""Shares of the products of a mixed world: text in the shop's own language, in the other one, in both."""
_STYLE_SHARE, _CATEGORY_SHARE = 0.75, 0.88
"""Shares of products whose text tells style and category. English texts of a world of their own always tell both."""


@dataclass(frozen=True)
class Tongues:
    """Languages of a world: its shop's words, and those of users and products.

    `user` and `product` (int64, by number) are places in `words`; a product's is len(words) where it has texts of all.
    `tells_style` and `tells_category` are flags by product.
    """

    words: tuple[DemoWords, ...]
    user: Ints
    product: Ints
    tells_style: Flags
    tells_category: Flags
    seed: tuple[int, int]

    @property
    def shop(self) -> DemoWords:
        """Words of the shop itself: its categories, brands, currency and templates."""
        return self.words[0]

    @property
    def categories(self) -> tuple[str, ...]:
        """The shop's names of `CATEGORIES`."""
        return tuple(self.shop.kinds[category].name for category in CATEGORIES)

    @property
    def styles(self) -> tuple[str, ...]:
        """The shop's names of `STYLES`."""
        return tuple(self.shop.styles[style].name for style in STYLES)

    @cached_property
    def manner(self) -> np.random.Generator:
        """Random numbers of the manner of writing, apart from those of the content."""
        return np.random.default_rng(self.seed)

    def of_user(self, number: int) -> DemoWords:
        """Words that a user writes in."""
        return self.words[int(self.user[number])]

    def languages_of_product(self, number: int) -> Sequence[DemoWords]:
        """Words of a product's text, one language or all."""
        place = int(self.product[number])
        return self.words if place == len(self.words) else self.words[place : place + 1]

    def limited(self, traits: ProductTraits, number: int) -> ProductTraits:
        """Traits of a product with what its text tells of them."""
        tells_style, tells_category = bool(self.tells_style[number]), bool(self.tells_category[number])
        return replace(traits, tells_style=tells_style, tells_category=tells_category)

    def text_of(self, traits: ProductTraits, number: int) -> tuple[str, str]:
        """Make title and description of a product, one language after the other where it has texts of all."""
        made = [words.product(self.manner, traits) for words in self.languages_of_product(number)]
        return " ".join(title for title, _ in made), " ".join(description for _, description in made)


def make_tongues(world: DemoWorld) -> Tongues:
    """Draw who writes which language, and what products' texts leave out."""
    rng = world.rng(_PART)
    words = tuple(WORDS[language] for language in SPOKEN[world.language])
    user = (rng.random(world.users) >= _FIRST_SHARE) * (len(words) > 1)
    product = rng.choice(3, world.products, p=_PRODUCT_SHARES) * (len(words) > 1)
    is_telling = world.language == "en"
    tells_style = is_telling | (rng.random(world.products) < _STYLE_SHARE)
    tells_category = is_telling | (rng.random(world.products) < _CATEGORY_SHARE)
    seed = (world.seed, _MANNER_PART)
    return Tongues(words, user.astype(np.int64), product, tells_style, tells_category, seed)
