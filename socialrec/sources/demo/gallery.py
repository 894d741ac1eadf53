"""Pictures of the demo world's products: who has how many, what they tell, and their files with two faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from socialrec.contracts.landing import PICTURE_FOLDER
from socialrec.contracts.vocabulary import PictureReason
from socialrec.sources.demo.drawing.rendering import draw_product
from socialrec.sources.demo.faults import Counts, Records
from socialrec.sources.demo.ids import product_id
from socialrec.sources.demo.words.vocabulary import ProductTraits
from socialrec.sources.demo.world import DemoWorld, Flags

_PART = 23
"""Part of the world's random numbers; see `DemoWorld.rng`."""
_SECOND_SHARE = 0.1
"""Share of the products with a picture that have a second one."""
_STYLE_SHARE, _CATEGORY_SHARE = 0.8, 0.9
"""Shares of products whose pictures tell style and category."""
_BROKEN_SHARE = 0.5
"""Share of the bytes of the broken file that arrived."""


@dataclass(frozen=True)
class Picture:
    """One picture of a product; `drawn_of` is the product whose first picture it is a copy of, mostly its own."""

    product: int
    place: int
    drawn_of: int
    is_broken: bool

    @property
    def path(self) -> str:
        """Path below the folder of a landing day."""
        return f"{PICTURE_FOLDER}/{product_id(self.product)}-{self.place + 1}.jpg"

    @property
    def is_copy(self) -> bool:
        """True where the file is equal to another product's."""
        return self.drawn_of != self.product


@dataclass(frozen=True)
class Gallery:
    """Pictures by product, and what they tell, as flags by product."""

    pictures: Sequence[Sequence[Picture]]
    tells_style: Flags
    tells_category: Flags

    def paths(self, product: int) -> list[str] | None:
        """Paths of a product's pictures as its record names them; None without any."""
        return [picture.path for picture in self.pictures[product]] or None

    def truth(self) -> dict[str, Any]:
        """Columns of the planted facts, one row a picture."""
        rows = [picture for own in self.pictures for picture in own]
        products = [picture.product for picture in rows]
        return {
            "product_id": [product_id(product) for product in products],
            "image": [picture.path for picture in rows],
            "tells_style": self.tells_style[products],
            "tells_category": self.tells_category[products],
            "is_broken": [picture.is_broken for picture in rows],
            "is_copy": [picture.is_copy for picture in rows],
        }


def make_gallery(world: DemoWorld) -> Gallery:
    """Draw which products have pictures and what these tell; one file is broken, and one a copy of another product's.

    Without pictures for at least three products, none has a fault.
    """
    rng, n = world.rng(_PART), world.products
    n_pictures = (rng.random(n) < world.picture_share) * (1 + (rng.random(n) < _SECOND_SHARE))
    shown = rng.permutation(np.flatnonzero(n_pictures == 1))
    original, copied, broken = shown[:3].tolist() if len(shown) > 2 else (-1, -1, -1)
    pictures = [
        [
            Picture(product, place, original if product == copied else product, product == broken)
            for place in range(int(n_pictures[product]))
        ]
        for product in range(n)
    ]
    return Gallery(pictures, rng.random(n) < _STYLE_SHARE, rng.random(n) < _CATEGORY_SHARE)


def write_pictures(
    world: DemoWorld, gallery: Gallery, traits: Sequence[ProductTraits], products: Records, folders: Sequence[Path]
) -> Counts:
    """Write each picture into the folder of each day on which a record names it, and count what is planted.

    traits: by product. products: valid records. folders: by day. `published` counts distinct pictures that can be read,
    `duplicate` their further files, on later days and of the product with a copy.
    """
    counts = Counts()
    days: dict[str, set[int]] = {}
    for row, day in zip(products.rows, products.days.tolist(), strict=True):
        days.setdefault(row["product_id"], set()).add(day)
    for picture, content in _drawn(world, gallery, traits):
        for day in sorted(days[product_id(picture.product)]):
            file = folders[day] / picture.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            counts.records += 1
            if picture.is_broken:
                reason = PictureReason.UNREADABLE.value
                counts.quarantined[reason] = counts.quarantined.get(reason, 0) + 1
        counts.published += not picture.is_broken and not picture.is_copy
    counts.duplicate = counts.records - counts.published - sum(counts.quarantined.values())
    return counts


def _drawn(world: DemoWorld, gallery: Gallery, traits: Sequence[ProductTraits]) -> Iterator[tuple[Picture, bytes]]:
    """Pictures with their bytes; each has random numbers of its own."""
    for picture in (picture for own in gallery.pictures for picture in own):
        product = picture.drawn_of
        content = draw_product(
            np.random.default_rng([world.seed, _PART, product, picture.place]),
            traits[product],
            tells_style=bool(gallery.tells_style[product]),
            tells_category=bool(gallery.tells_category[product]),
        )
        yield picture, content[: int(len(content) * _BROKEN_SHARE)] if picture.is_broken else content
