"""Attributes of the Chinese demo shop by text, by picture, and by both: each fills gaps of the other.

Prints the figures with `pytest -s -m slow tests/text/test_text_attributes_of_both.py`.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds
import pyarrow.parquet as pq
import pytest

from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.encoders.pictures.encoder import load_picture_encoder
from socialrec.encoders.shipped.multilingual import MULTILINGUAL
from socialrec.etl.landing.pictures import RefusedPictureError, read_landed
from socialrec.evaluate.paired import paired_test
from socialrec.features.pictures import F64, mean_pictures
from socialrec.settings import Settings
from socialrec.settings.text import TaskName, TextSettings
from socialrec.sources.demo.world import DemoWorld
from socialrec.sources.demo.writing import write_demo
from socialrec.text.material import (
    attributes,
    held_out_products,
    like_trained,
    stated_values,
    texts_without_stated,
)
from socialrec.text.training.probing import probe
from socialrec.text.understanding.classification import calibrate
from socialrec.text.understanding.heads import Head, Heads
from socialrec.text.understanding.picture_heads import PictureHeads, fit_picture_heads

WORLD = DemoWorld(language="zh", users=60, products=1_600, days=3, cold_product_share=0.0, seed=20261128)
"""A world that no choice was made on."""


def read_products(folder: Path, landing: Path) -> pa.Table:
    """Products with a text that ends with the shop's category and, in the place of the brand, its style."""
    rows = pds.dataset(sorted(landing.glob("demo/*/products.parquet"))).to_table().to_pylist()
    truth = {row["product_id"]: row for row in pq.read_table(folder / "products.parquet").to_pylist()}
    first = {row["product_id"]: row for row in reversed(rows) if row["product_id"] in truth and row["title"]}
    made = []
    for name, row in sorted(first.items()):
        about = f"{row['title']}. {row['description'] or ''}"
        category, style = truth[name]["category"], truth[name]["style"]
        text = f"{about}. {category}. {style}"
        made.append({"product_id": name, "text": text, "category": category, "brand": style, "images": row["images"]})
    return pa.Table.from_pylist(made)


def with_pictures(products: pa.Table, landing: Path, settings: Settings) -> tuple[pa.Table, F64, str]:
    """Products with the hashes of their pictures, their mean vectors, and the version of the encoder."""
    encoder = load_picture_encoder(settings.pictures, settings.base_models)
    contents: dict[str, bytes] = {}
    hashes = []
    days = sorted(landing.glob("demo/*"))
    for images in products["images"].to_pylist():
        own = []
        for path in images or ():
            day = next(day for day in days if (day / path).exists())
            try:
                [content] = read_landed(day, path, settings.pictures.limits).pictures
            except RefusedPictureError:
                continue
            own.append(hashlib.sha256(content).hexdigest())
            contents[own[-1]] = content
        hashes.append(own)
    shown = products.append_column("pictures", pa.array(hashes, pa.list_(pa.string())))
    vectors = encoder.encode(list(contents.values()))
    table = pa.table({"picture_hash": list(contents), "embedding": pa.array(list(vectors), pa.list_(pa.float32()))})
    return shown, mean_pictures(shown["product_id"].combine_chunks(), shown, table), encoder.version


def learned_heads(
    shop: pa.Table, pictures: F64, version: str, settings: TextSettings
) -> tuple[Encoder, Head, PictureHeads]:
    """Heads on texts and pictures of a shop, as a training makes them, on the multilingual encoder as it is."""
    encoder, is_tenth = load_encoder(MULTILINGUAL, settings), pa.array(held_out_products(shop))
    learned, checked = attributes(shop.filter(pc.invert(is_tenth))), attributes(shop.filter(is_tenth))
    heads = Heads.of([learned], encoder.dim, 0.0)
    probe(heads, [learned], encoder, settings)
    calibrate(encoder, heads.eval(), [like_trained(checked, learned)])
    found, _ = fit_picture_heads(heads[TaskName.ATTRIBUTES], encoder, shop, pictures, version)
    return encoder, heads[TaskName.ATTRIBUTES], found


@pytest.mark.slow
def test_text_and_picture_together_tell_more_than_the_better_of_both(tmp_path: Path) -> None:
    landing, settings = tmp_path / "landing", Settings(home=tmp_path)
    write_demo(landing, date(2026, 11, 23), tmp_path / "truth", WORLD)
    products, pictures, version = with_pictures(read_products(tmp_path / "truth", landing), landing, settings)
    is_test = np.array([crc32(f"test {name}".encode()) % 10 < 3 for name in products["product_id"].to_pylist()])
    known, asked = np.flatnonzero(~is_test), np.flatnonzero(is_test & pictures.any(axis=1))
    text = settings.text.model_copy(update={"model": MULTILINGUAL, "probe_texts": 3_000})
    encoder, head, found = learned_heads(products.take(pa.array(known)), pictures[known], version, text)
    bare = {row: words for row, words, told in texts_without_stated(products, asked) if len(told) == 2}
    by_text = head.probabilities(encoder.encode([bare[row] for row in asked]))
    for output, of_text in zip(head.outputs, by_text, strict=True):
        values = np.array(stated_values(products, output.name))[asked]
        own, classes = found.heads[output.name], np.array(output.classes)
        chances = {
            "text": of_text,
            "picture": own.chances(pictures[asked]),
            "both": own.fused(of_text, pictures[asked]).chances,
        }
        right = {name: (classes[each.argmax(axis=1)] == values).astype(float) for name, each in chances.items()}
        better = max(("text", "picture"), key=lambda name: right[name].mean())
        test = paired_test(right["both"], right[better], 10_000, seed=5)
        accuracies = {name: round(float(flags.mean()), 4) for name, flags in right.items()}
        print(output.name, len(asked), accuracies, f"p {test.p_better:.4f}", own.text_share, own.picture_share)
        assert test.difference > 0
        assert test.p_better < 0.05
