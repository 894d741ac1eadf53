"""Pictures in the report: small, inside the page, bounded, and never a reason to fail."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from full_night import full_facts, full_summary
from PIL import Image

from socialrec.lake.pictures import PictureStore
from socialrec.recommend.lists.product_labels import TitledPicture
from socialrec.report import thumbnails as module
from socialrec.report.page import render
from socialrec.report.thumbnails import MOST_BYTES, SIDE, thumbnails


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path)


def put(store: PictureStore, colour: str = "red", size: tuple[int, int] = (400, 200)) -> str:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, "JPEG")
    return store.put(content.getvalue())


def test_a_thumbnail_is_a_small_webp_of_the_same_shape(store: PictureStore) -> None:
    name = put(store)
    head, _, data = thumbnails(store, [name])[name].partition(",")
    assert head == "data:image/webp;base64"
    content = base64.b64decode(data)
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.size) == ("WEBP", (SIDE, SIDE // 2))
    assert len(content) <= MOST_BYTES


def test_pictures_that_are_gone_or_damaged_are_left_out(store: PictureStore) -> None:
    whole, damaged, no_picture = put(store), put(store, "blue"), store.put(b"no picture")
    store.path(damaged).write_bytes(b"other bytes")
    assert list(thumbnails(store, ["0" * 64, damaged, no_picture, whole])) == [whole]


def test_a_page_takes_only_so_many(store: PictureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [put(store, colour) for colour in ("red", "green", "blue")]
    monkeypatch.setattr(module, "MOST", 2)
    assert list(thumbnails(store, [names[0], names[0], names[2], names[1]])) == [names[0], names[2]]


def test_the_page_shows_them_with_escaped_titles_and_loads_nothing_from_elsewhere(store: PictureStore) -> None:
    name, facts = put(store), full_facts()
    hostile = TitledPicture(name, '"><script>alert(1)</script>')
    place = replace(facts.samples[0].places[0], picture=hostile, alike=(TitledPicture(name, "Blue kite"),))
    first = replace(facts.samples[0], places=(place, *facts.samples[0].places[1:]))
    facts = replace(facts, samples=(first, *facts.samples[1:]), thumbnails=thumbnails(store, [name]))
    page = render(full_summary(), facts)
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 2
    assert all('src="data:image/webp;base64,' in image and 'loading="lazy"' in image for image in images)
    assert 'alt="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in images[0] and 'alt="Blue kite"' in images[1]
    assert not re.search(r"<(?:script|link|iframe)|src=\"(?!data:)", page)


def test_a_page_without_pictures_is_laid_out_as_before() -> None:
    page = render(full_summary(), full_facts())
    assert "<img" not in page and 'class="places pictured"' not in page
