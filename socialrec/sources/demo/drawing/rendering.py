"""Rendering of a product as a small JPEG, byte by byte the same for the same draws and version of Pillow."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from socialrec.sources.demo.drawing.looks import LOOKS, STUDIO, Colour, Colours
from socialrec.sources.demo.drawing.shapes import SHAPES, Part, Point, Tone
from socialrec.sources.demo.words.vocabulary import ProductTraits

SIZE = 224
"""Pixels across."""
_CANVAS = SIZE * 3 // 2
"""Pixels across while drawing; the reduction smooths the edges."""
_QUALITY = 85
_BACKGROUNDS: tuple[Colour, ...] = (
    *((244, 244, 242), (214, 226, 234), (236, 222, 206), (222, 232, 216), (232, 218, 228), (120, 124, 132)),
    *((188, 170, 150), (246, 238, 214)),
)


def draw_product(
    rng: np.random.Generator, traits: ProductTraits, *, tells_style: bool = True, tells_category: bool = True
) -> bytes:
    """Draw a product as a JPEG of `SIZE` x `SIZE` pixels, some kilobytes.

    Category and noun decide the shape, the style colours and pattern; background, place, size, turn and light are
    chance. A picture that does not tell the style is grey; one that does not tell the category is a close-up of the
    surface.
    """
    look = LOOKS[traits.style] if tells_style else STUDIO
    colours = _shaded(rng, look.colours[int(rng.integers(len(look.colours)))])
    shapes = SHAPES[traits.category]
    placed = list(_placed(rng, shapes[traits.noun % len(shapes)], is_close=not tells_category))
    picture = _background(rng)
    _paint_shadow(picture, placed)
    _paint(picture, placed, colours)
    if look.pattern:
        patterned = picture.copy()
        look.pattern(ImageDraw.Draw(patterned), rng, _CANVAS, colours)
        picture.paste(patterned, mask=_main_parts(placed))
    picture = picture.resize((SIZE, SIZE), Image.Resampling.BOX)
    _light(rng, picture)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()


def _placed(rng: np.random.Generator, shape: tuple[Part, ...], *, is_close: bool) -> Iterator[tuple[list[Point], Tone]]:
    """Parts in pixels of the canvas: turned, mirrored, at some size and place. Close, one part fills the canvas."""
    if is_close:
        yield [(0, 0), (_CANVAS, 0), (_CANVAS, _CANVAS), (0, _CANVAS)], Tone.MAIN
        return
    angle, size = rng.normal(0, 0.16), rng.uniform(0.25, 0.42) * _CANVAS
    across = size if rng.random() < 0.5 else -size
    x0, y0 = _CANVAS / 2 + rng.uniform(-0.12, 0.12, 2) * _CANVAS
    cos, sin = math.cos(angle), math.sin(angle)
    for part in shape:
        turned = [(x * cos - y * sin, x * sin + y * cos) for x, y in part.points]
        yield [(round(x0 + across * x), round(y0 + size * y)) for x, y in turned], part.tone


def _shaded(rng: np.random.Generator, colours: Colours) -> Colours:
    """Colours of one piece, a little off those of its look."""
    moved = np.clip(np.array(colours) + rng.integers(-14, 15, 3) + rng.integers(-8, 9, (4, 3)), 0, 255).tolist()
    one, two, three, four = ((int(red), int(green), int(blue)) for red, green, blue in moved)
    return one, two, three, four


def _background(rng: np.random.Generator) -> Image.Image:
    first, second = (_BACKGROUNDS[int(place)] for place in rng.integers(0, len(_BACKGROUNDS), 2))
    slope = Image.linear_gradient("L").resize((SIZE, SIZE), Image.Resampling.NEAREST)
    if rng.random() < 0.5:
        slope = slope.transpose(Image.Transpose.ROTATE_90)
    size = (SIZE, SIZE)
    mixed = Image.composite(Image.new("RGB", size, first), Image.new("RGB", size, second), slope)
    return mixed.resize((_CANVAS, _CANVAS), Image.Resampling.NEAREST)


def _paint_shadow(picture: Image.Image, placed: list[tuple[list[Point], Tone]]) -> None:
    canvas, depth = ImageDraw.Draw(picture, "RGBA"), _CANVAS // 40
    for points, _ in placed:
        canvas.polygon([(x + depth, y + depth) for x, y in points], fill=(0, 0, 0, 60))


def _paint(picture: Image.Image, placed: list[tuple[list[Point], Tone]], colours: Colours) -> None:
    canvas = ImageDraw.Draw(picture)
    for points, tone in placed:
        canvas.polygon(points, fill=colours[tone])


def _main_parts(placed: list[tuple[list[Point], Tone]]) -> Image.Image:
    """Mask of the parts of the main tone, where no later part covers them."""
    mask = Image.new("L", (_CANVAS, _CANVAS))
    canvas = ImageDraw.Draw(mask)
    for points, tone in placed:
        canvas.polygon(points, fill=255 if tone == Tone.MAIN else 0)
    return mask


def _light(rng: np.random.Generator, picture: Image.Image) -> None:
    """Darken the picture away from a lamp at some place."""
    strength, reach = rng.uniform(0.1, 0.45), int(rng.integers(SIZE, 2 * SIZE))
    left, top = rng.integers(0, reach - SIZE + 1, 2).tolist()
    dark = Image.radial_gradient("L").resize((reach, reach), Image.Resampling.NEAREST)
    dark = dark.crop((left, top, left + SIZE, top + SIZE)).point([int(value * strength) for value in range(256)])
    picture.paste((0, 0, 0), mask=dark)
