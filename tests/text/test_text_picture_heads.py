"""Attributes by text and picture: what either knows counts, and what neither knows stays open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import PICTURE_EMBEDDINGS, TEXT_EMBEDDINGS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Modality
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import Settings
from socialrec.settings.text import TaskName
from socialrec.text.insights import attributes
from socialrec.text.insights.night import InsightNight
from socialrec.text.tasks import Output
from socialrec.text.understanding.heads import Head, Heads
from socialrec.text.understanding.picture_heads import PictureHead, PictureHeads, picture_heads_beside

COLOURS = ("blue", "green", "red")
AXES = np.eye(3)


def pictures_of(labels: np.ndarray, seed: int) -> np.ndarray:
    """Vectors that point where their colour is, with noise."""
    return AXES[labels] + np.random.default_rng(seed).normal(0, 0.2, (len(labels), 3))


@pytest.fixture(scope="module")
def head() -> PictureHead:
    labels = np.arange(90) % 3
    return PictureHead.fit(pictures_of(labels, 1), labels, COLOURS)


@pytest.fixture(scope="module")
def fused(head: PictureHead) -> PictureHead:
    """A head whose shares are learned where the text knows half of the products, and nothing of the others."""
    labels = np.arange(60) % 3
    knows = np.arange(60) % 2 == 0
    text = np.where(knows[:, None], 0.05 + 0.85 * AXES[labels], 1 / 3)
    return head.with_shares(text.astype(np.float32), pictures_of(labels, 2), labels)


def test_pictures_alone_tell_the_class(head: PictureHead) -> None:
    labels = np.arange(30) % 3
    chances = head.chances(pictures_of(labels, 3))
    assert chances.shape == (30, 3) and np.allclose(chances.sum(axis=1), 1, atol=1e-6)
    assert (chances.argmax(axis=1) == labels).mean() == 1


def test_what_text_and_picture_know_of_different_products_is_known_of_all(fused: PictureHead) -> None:
    text = np.array([[0.9, 0.05, 0.05], [1 / 3, 1 / 3, 1 / 3]], dtype=np.float32)
    pictures = np.array([[1 / 3, 1 / 3, 1 / 3], [0, 0, 1]])
    found = fused.fused(text, pictures)
    assert found.chances.argmax(axis=1).tolist() == [0, 2]
    assert found.decided_by == [Modality.TEXT, Modality.PICTURE]


def test_where_nothing_was_checked_the_text_decides_as_before(head: PictureHead) -> None:
    text = np.array([[0.7, 0.2, 0.1]], dtype=np.float32)
    found = head.with_shares(text[:0], np.zeros((0, 3)), np.zeros(0, np.int64)).fused(text, AXES[2:])
    # The shares stay 1 and 0; some of an even distribution is in every probability.
    assert found.chances[0] == pytest.approx([0.98 * 0.7 + 0.02 / 3, 0.98 * 0.2 + 0.02 / 3, 0.98 * 0.1 + 0.02 / 3])
    assert found.decided_by == [Modality.TEXT]


def test_pictures_that_say_nothing_get_no_share(head: PictureHead) -> None:
    labels = np.arange(300) % 3
    noise = np.random.default_rng(4).normal(0, 1, (300, 3))
    text = (0.05 + 0.85 * AXES[labels]).astype(np.float32)
    assert head.with_shares(text, noise, labels).picture_share < 0.05


def test_a_class_of_which_no_picture_was_seen_is_doubted_and_not_excluded() -> None:
    labels = np.arange(60) % 2
    head = PictureHead.fit(pictures_of(labels, 5), labels, COLOURS)
    sure = np.array([[0.0, 0.0, 1.0]], dtype=np.float32)
    shared = PictureHead(head.classes, head.weights, head.bias, 1.0, 1.0)
    assert shared.fused(sure, AXES[2:]).chances.argmax() == 2


def test_saved_heads_are_read_back_and_damaged_ones_are_refused(fused: PictureHead, tmp_path: Path) -> None:
    assert picture_heads_beside(tmp_path) is None
    PictureHeads("vit-1", {"colour": fused}).save(tmp_path)
    found = picture_heads_beside(tmp_path)
    assert found is not None and found.picture_version == "vit-1"
    text, pictures = np.full((1, 3), 1 / 3, np.float32), AXES[:1]
    assert np.array_equal(found.heads["colour"].fused(text, pictures).chances, fused.fused(text, pictures).chances)
    (tmp_path / "picture_heads.safetensors").write_bytes(b"no tensors")
    with pytest.raises(UserError, match="holds no picture heads that can be read"):
        picture_heads_beside(tmp_path)


def put(lake: Lake, table: Table, partition: str, rows: list[dict[str, Any]], job: str = "test") -> None:
    full = [{column.name: row.get(column.name) for column in table.columns} for row in rows]
    with lake.stage(table, job=job, partitions=[partition]) as stage:
        stage.write(pa.Table.from_pylist(full, arrow_schema(table)))
        stage.commit()


def test_a_night_fills_what_the_shop_leaves_out_by_what_knows_it(
    settings: Settings, fused: PictureHead, tmp_path: Path
) -> None:
    """The text of `worded` says red and its picture nothing, the picture of `shown` says green and its text nothing."""
    folder, lake, day = tmp_path / "encoder", Lake(settings.lake), "2026-01-31"
    head = Head(3, [Output("category", COLOURS)], 0.0)
    with torch.no_grad():
        head.linear.weight.copy_(torch.eye(3) * 3)
        head.linear.bias.zero_()
    Heads({TaskName.ATTRIBUTES: head}).save(folder)
    (folder / "encoder.json").write_text('{"version": "e-1"}')
    PictureHeads("vit-1", {"category": fused}).save(folder)
    even = [0.577] * 3
    known = {"worded": ([0.0, 0.0, 1.0], ["even"]), "shown": (even, ["green"]), "bare": ([1.0, 0.0, 0.0], None)}
    here = {"is_active": True, "first_seen_ds": day, "platform": "shop", "ds": day}
    described = [
        {"product_id": name, "title": name, "text": name, "text_hash": name, "pictures": pictures, **here}
        for name, (_, pictures) in known.items()
    ]
    put(lake, SILVER_PRODUCTS, day, described)
    texts = [{"text_hash": n, "embedding": vector, "encoder_version": "e-1"} for n, (vector, _) in known.items()]
    put(lake, TEXT_EMBEDDINGS, "e-1", texts)
    pictures = {"even": even, "green": [0.0, 1.0, 0.0]}
    seen = [{"picture_hash": n, "embedding": vector, "encoder_version": "vit-1"} for n, vector in pictures.items()]
    put(lake, PICTURE_EMBEDDINGS, "vit-1", seen, "embed_images")
    expected = {"worded": ("red", "text"), "shown": ("green", "picture"), "bare": ("blue", "text")}
    night = InsightNight(lake, settings.text.model_copy(update={"min_attribute_confidence": 0.0}), day, folder)
    rows = attributes.build(night).to_pylist()
    assert {row["product_id"]: (row["value"], row["decided_by"]) for row in rows} == expected
    # Vectors of another picture encoder mean nothing to these heads: the text is left.
    put(lake, PICTURE_EMBEDDINGS, "vit-2", [row | {"encoder_version": "vit-2"} for row in seen], "embed_images")
    assert {row["decided_by"] for row in attributes.build(night).to_pylist()} == {"text"}
