"""Pictures of the demo world: drawn alike each time, named by the products, with the planted faults."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from socialrec.sources.demo.drawing.looks import LOOKS
from socialrec.sources.demo.drawing.rendering import SIZE, draw_product
from socialrec.sources.demo.drawing.shapes import SHAPES, Tone
from socialrec.sources.demo.words.vocabulary import CATEGORIES, STYLES, ProductTraits
from socialrec.sources.demo.world import DemoWorld
from socialrec.sources.demo.writing import write_demo

LAST_DAY = date(2026, 3, 1)
SMALL = DemoWorld(users=60, products=120, days=20, communities=3)
LAMP = ProductTraits("lighting", "rugged", 0, 0, 1, 0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo")
    write_demo(home / "landing", LAST_DAY, home / "truth", SMALL)
    return home


def _files(world: Path) -> dict[str, bytes]:
    """Files of pictures by their path below the platform's folder."""
    folder = world / "landing" / "demo"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("*/images/*"))}


def _truth(world: Path) -> list[dict[str, Any]]:
    return pq.read_table(world / "truth" / "pictures.parquet").to_pylist()


def _products(world: Path) -> list[tuple[str, dict[str, Any]]]:
    """Landing day and record of each landed product."""
    paths = sorted((world / "landing" / "demo").glob("*/products.parquet"))
    return [(path.parent.name, row) for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]


def _drawn(seed: int, traits: ProductTraits, **tells: bool) -> Image.Image:
    return Image.open(io.BytesIO(draw_product(np.random.default_rng(seed), traits, **tells)))


def test_shapes_and_looks_are_there_for_every_kind() -> None:
    assert tuple(SHAPES) == CATEGORIES
    assert tuple(LOOKS) == STYLES
    for shapes in SHAPES.values():
        assert len(shapes) == 3
        for shape in shapes:
            assert any(part.tone == Tone.MAIN for part in shape)
            assert all(abs(value) <= 1.1 for part in shape for point in part.points for value in point)


@pytest.mark.parametrize("style", STYLES)
def test_a_picture_is_a_small_jpeg_and_the_same_for_the_same_draws(style: str) -> None:
    traits = replace(LAMP, style=style)
    first, second, other = (draw_product(np.random.default_rng(seed), traits) for seed in (1, 1, 2))
    assert first == second != other
    picture = Image.open(io.BytesIO(first))
    assert (picture.format, picture.size, picture.mode) == ("JPEG", (SIZE, SIZE), "RGB")
    assert len(first) < 16_000


def test_categories_and_styles_change_the_picture_of_one_draw() -> None:
    drawn = {
        draw_product(np.random.default_rng(5), replace(LAMP, category=category, style=style))
        for category in CATEGORIES
        for style in STYLES
    }
    assert len(drawn) == len(CATEGORIES) * len(STYLES)


def test_a_picture_that_does_not_tell_the_style_is_the_same_for_all_styles() -> None:
    pictures = {
        draw_product(np.random.default_rng(3), replace(LAMP, style=style), tells_style=False) for style in STYLES
    }
    assert len(pictures) == 1


def test_a_close_up_is_the_same_for_all_categories_of_a_style() -> None:
    drawn = {
        draw_product(np.random.default_rng(3), replace(LAMP, category=category), tells_category=False)
        for category in CATEGORIES
    }
    assert len(drawn) == 1
    assert _drawn(3, LAMP, tells_category=False).size == (SIZE, SIZE)


def test_colours_alone_tell_styles_better_than_chance_and_not_always() -> None:
    def colours(seed: int, style: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        traits = replace(LAMP, category=CATEGORIES[seed % 12], style=style, noun=seed % 7)
        return (
            np.asarray(_drawn(seed, traits).crop((56, 56, 168, 168)).resize((1, 1), Image.Resampling.BOX)).ravel() * 1.0
        )

    means = np.array([np.mean([colours(seed, style) for seed in range(24)], axis=0) for style in STYLES])
    hits = [
        int(np.argmin(((means - colours(seed, style)) ** 2).sum(axis=1))) == place
        for place, style in enumerate(STYLES)
        for seed in range(100, 116)
    ]
    assert 1.5 / len(STYLES) < np.mean(hits) < 0.95


def test_every_file_that_a_product_names_lies_in_its_day_and_no_other_file_does(world: Path) -> None:
    files = _files(world)
    named = {f"{day}/{image}" for day, row in _products(world) for image in row["images"] or ()}
    assert named == set(files)


def test_some_products_have_no_picture_and_some_have_two(world: Path) -> None:
    images = {row["product_id"]: row["images"] for _, row in _products(world) if not row["product_id"].endswith("-x")}
    counts = Counter(len(paths or ()) for paths in images.values())
    assert counts[0] + counts[1] + counts[2] == SMALL.products
    assert min(counts[0], counts[2]) >= 3
    assert counts[1] > 0.7 * SMALL.products


def test_one_file_is_cut_short_and_one_is_another_products_and_the_counts_say_so(world: Path) -> None:
    files, truth = _files(world), _truth(world)
    broken = [path for path, content in files.items() if not _is_whole(content)]
    planted = next(row["image"] for row in truth if row["is_broken"])
    assert {path.partition("/")[2] for path in broken} == {planted}
    counts = json.loads((world / "truth" / "counts.json").read_text(encoding="utf-8"))["pictures"]
    whole = [content for path, content in files.items() if path not in broken]
    assert counts == {
        "records": len(files),
        "published": len(set(whole)),
        "duplicate": len(whole) - len(set(whole)),
        "late": 0,
        "quarantined": {"unreadable": len(broken)},
    }
    copied = next(row["image"] for row in truth if row["is_copy"])
    equal = {hashlib.sha256(content).hexdigest() for path, content in files.items() if path.endswith(copied)}
    others = [path for path, content in files.items() if hashlib.sha256(content).hexdigest() in equal]
    assert len({path.partition("/")[2] for path in others}) == 2


def _is_whole(content: bytes) -> bool:
    try:
        Image.open(io.BytesIO(content)).load()
    except OSError:
        return False
    return True


def test_a_world_without_pictures_has_no_files_and_names_none(tmp_path: Path) -> None:
    bare = replace(SMALL, picture_share=0.0, days=2)
    write_demo(tmp_path / "landing", LAST_DAY, tmp_path / "truth", bare)
    assert not list(tmp_path.rglob("images"))
    assert {row["images"] for _, row in _products(tmp_path)} == {None}
    counts = json.loads((tmp_path / "truth" / "counts.json").read_text(encoding="utf-8"))["pictures"]
    assert counts["records"] == 0


def test_text_and_picture_of_a_chinese_product_make_up_for_each_other(tmp_path: Path) -> None:
    write_demo(tmp_path / "landing", LAST_DAY, tmp_path / "truth", replace(SMALL, language="zh", days=2))
    by_text = {
        row["product_id"]: row["text_tells_style"]
        for row in pq.read_table(tmp_path / "truth" / "products.parquet").to_pylist()
    }
    pairs = Counter((by_text[row["product_id"]], row["tells_style"]) for row in _truth(tmp_path))
    assert pairs[True, False] > 5
    assert pairs[False, True] > 5
