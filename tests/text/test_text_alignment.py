"""Pictures among texts: a map that finds the text of a product that it has not seen."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from socialrec.encoders.encoder import Encoder
from socialrec.encoders.pictures.alignment import PictureAlignment, alignment_beside, digest_beside
from socialrec.errors import UserError
from socialrec.text.training.alignment import fit_map, learn_alignment
from socialrec.text.understanding.recall import recall_of
from socialrec.vectors.arrays import unit_rows

COLOURS, THINGS = ("red", "blue", "green", "grey"), ("shoe", "lamp", "book", "chair")
KINDS = [*product(COLOURS, THINGS)]


@pytest.fixture(scope="module")
def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Pictures (400, 24) with an offset, and directions of texts (400, 16), of the same 6 facts with noise."""
    rng = np.random.default_rng(1)
    facts = rng.normal(size=(400, 6))
    pictures = 5 + facts @ rng.normal(size=(6, 24)) + 0.5 * rng.normal(size=(400, 24))
    texts = facts @ rng.normal(size=(6, 16)) + 0.5 * rng.normal(size=(400, 16))
    return pictures, unit_rows(texts.astype(np.float32))


def found_of_others(pictures: np.ndarray, texts: np.ndarray) -> float:
    """Share of the last 100 pictures whose text is the nearest, by a map that is learned from the first 300."""
    said = pa.array([str(number) for number in range(300)])
    weights, bias = fit_map(pictures[:300], texts[:300], said, seed=1)
    aligned = PictureAlignment("vit-1", weights, bias).directions(pictures[300:].astype(np.float32))
    return recall_of(aligned, texts[300:], np.arange(100), 1)


def test_a_picture_finds_the_text_of_its_product_which_was_not_learned_from(
    pairs: tuple[np.ndarray, np.ndarray],
) -> None:
    pictures, texts = pairs
    # By chance one in a hundred does, as it is where pairs are mixed up.
    assert found_of_others(pictures, texts) > 0.6
    mixed = np.random.default_rng(2).permutation(300)
    assert found_of_others(np.concatenate([pictures[mixed], pictures[300:]]), texts) < 0.1


def test_the_map_is_the_same_each_time(pairs: tuple[np.ndarray, np.ndarray]) -> None:
    pictures, texts = pairs
    said = pa.array(["the same"] * 20 + [str(number) for number in range(380)])
    first, second = (fit_map(pictures, texts, said, seed=1) for _ in range(2))
    assert all(np.array_equal(*each) for each in zip(first, second, strict=True))


def test_a_direction_has_length_one() -> None:
    alignment = PictureAlignment("vit-1", np.diag(np.float32([3, 4])), np.zeros(2, np.float32))
    # (1, 1) is brought to (3, 4), whose length is 5.
    assert alignment.directions(np.ones((1, 2), np.float32))[0] == pytest.approx([0.6, 0.8])


def test_a_saved_map_is_read_back_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    assert alignment_beside(tmp_path) is None
    assert digest_beside(tmp_path) == ""
    PictureAlignment("vit-1", np.eye(2, dtype=np.float32), np.ones(2, np.float32)).save(tmp_path)
    found = alignment_beside(tmp_path)
    assert found is not None
    assert (found.picture_version, found.bias.tolist()) == ("vit-1", [1, 1])
    assert found.weights.tolist() == [[1, 0], [0, 1]]
    first = digest_beside(tmp_path)
    PictureAlignment("vit-2", np.eye(2, dtype=np.float32), np.ones(2, np.float32)).save(tmp_path)
    assert digest_beside(tmp_path) != first
    [file] = tmp_path.iterdir()
    file.write_bytes(b"no tensors")
    with pytest.raises(UserError, match=r"picture_alignment.safetensors cannot be read"):
        alignment_beside(tmp_path)


def test_a_map_of_parts_that_do_not_fit_is_none() -> None:
    for bias in (np.ones(3, np.float32), np.float32([1, np.nan])):
        with pytest.raises(ValueError, match="do not fit"):
            PictureAlignment("vit-1", np.eye(2, dtype=np.float32), bias)


def shop_of(n: int) -> tuple[pa.Table, np.ndarray]:
    """Products of 16 kinds with texts, and pictures that show the kind."""
    kinds = [KINDS[number % len(KINDS)] for number in range(n)]
    texts, names = [" ".join(kind) for kind in kinds], [f"p{number:04}" for number in range(n)]
    shown = np.array([[one in kind for one in (*COLOURS, *THINGS)] for kind in kinds], dtype=np.float64)
    return pa.table({"product_id": names, "text": texts}), shown + np.random.default_rng(3).normal(0, 0.2, shown.shape)


def test_pictures_find_the_texts_of_a_tenth_that_nothing_was_learned_from(encoder: Encoder) -> None:
    products, pictures = shop_of(480)
    found, figures = learn_alignment(encoder, products, pictures, "vit-1", seed=1)
    assert found is not None
    assert found.picture_version == "vit-1"
    # About three of them have one text, and share its place.
    by_chance = 10 / figures["picture_recall_products"]
    assert figures["picture_recall_at_10"] > 3 * by_chance
    noise = np.random.default_rng(4).normal(size=pictures.shape)
    assert learn_alignment(encoder, products, noise, "vit-1", seed=1)[1]["picture_recall_at_10"] < 2 * by_chance


def test_products_without_text_or_picture_teach_nothing_and_few_make_no_map(encoder: Encoder) -> None:
    products, pictures = shop_of(480)
    whole, _ = learn_alignment(encoder, products, pictures, "vit-1", seed=1)
    more = pa.concat_tables([products, pa.table({"product_id": ["x1", "x2"], "text": ["", "red shoe"]})])
    shown = np.concatenate([pictures, [[9.0] * 8, [0.0] * 8]])
    same, _ = learn_alignment(encoder, more, shown, "vit-1", seed=1)
    assert whole is not None
    assert same is not None
    assert np.array_equal(whole.weights, same.weights)
    assert learn_alignment(encoder, products.slice(0, 30), pictures[:30], "vit-1", seed=1) == (None, {})
