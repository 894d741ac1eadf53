"""Looks of products: means of their pictures, whitened over the catalogue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from socialrec.contracts.gold import ALIGNED_PICTURES, PICTURE_EMBEDDINGS
from socialrec.features.pictures import (
    looks_of,
    no_pictures,
    picture_version,
    read_aligned,
    read_pictures,
    with_pictures,
)
from socialrec.features.product_sums import ProductSums
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import Settings

CORNERS = {"a": [2.0, 1.0], "b": [2.0, -1.0], "c": [-2.0, 1.0], "d": [-2.0, -1.0]}


def vectors_of(values: dict[str, list[float]]) -> pa.Table:
    columns = {"picture_hash": list(values), "embedding": pa.array(list(values.values()), pa.list_(pa.float32()))}
    return pa.table(columns)


def products_with(pictures: dict[str, list[str] | None]) -> pa.Table:
    columns = {"product_id": list(pictures), "pictures": pa.array(list(pictures.values()), pa.list_(pa.string()))}
    return pa.table(columns)


def looks(pictures: dict[str, list[str] | None], vectors: pa.Table) -> np.ndarray:
    return looks_of(pa.array(sorted(pictures)), products_with(pictures), vectors)


def test_what_pictures_differ_in_most_counts_less_than_its_length() -> None:
    found = looks({name: [name] for name in CORNERS}, vectors_of(CORNERS))
    # Variances are 4 and 1, and three times their mean is added to both: 4/11.5 and 1/8.5 are the squares of the parts
    # of a corner, and their cosine is .495, not 3/5.
    assert found @ found[0] == pytest.approx([1, 0.4946, -0.4946, -1], abs=1e-4)
    assert found.dtype == np.float32


def test_a_product_looks_like_the_mean_of_its_pictures_and_like_nothing_without_any() -> None:
    own: dict[str, list[str] | None] = {name: [name] for name in CORNERS}
    found = looks({**own, "e": ["a", "b"], "f": None, "g": ["gone"]}, vectors_of(CORNERS))
    assert found[4] @ found[0] == pytest.approx(found[4] @ found[1])
    assert not found[5:].any()


def test_looks_do_not_depend_on_the_order_of_rows() -> None:
    own: dict[str, list[str] | None] = {name: [name] for name in CORNERS}
    backwards = dict(reversed(CORNERS.items()))
    first, second = looks(own, vectors_of(CORNERS)), looks(dict(reversed(own.items())), vectors_of(backwards))
    assert np.array_equal(first, second)


def test_a_shop_without_pictures_has_no_columns_of_them() -> None:
    rows = pa.table({"product_id": ["a", "b"]})
    assert looks_of(rows["product_id"].combine_chunks(), rows, no_pictures()).shape == (2, 0)


def test_pictures_speak_where_no_text_does() -> None:
    directions = {"up": [0.0, 1.0], "left": [-1.0, 0.0], "strange": None}
    columns = {"picture_hash": list(directions), "embedding": pa.nulls(3, pa.list_(pa.float32()))}
    pictures = pa.table(columns | {"direction": pa.array(list(directions.values()), pa.list_(pa.float32()))})
    shown: dict[str, tuple[str, list[str] | None]] = {
        "bare": ("", None),
        "code": ("A-4711 🔥", ["up"]),
        "commented": ("4711", ["up"]),
        "empty": ("", ["up", "left", "strange"]),
        "strange": ("4711", ["strange"]),
        "worded": ("红裙", ["up"]),
    }
    rows = products_with({name: own for name, (_, own) in shown.items()})
    rows = rows.append_column("text", pa.array([text for text, _ in shown.values()]))
    products = pa.array(sorted(shown))
    sums = replace(ProductSums.nothing(products, 2), n_said=np.array([0, 0, 3, 0, 0, 0]))
    text = np.float32([[0, 0], [1, 0], [1, 0], [0, 0], [1, 0], [1, 0]])
    half = 0.5**0.5
    expected = np.array([[0, 0], [0, 1], [1, 0], [-half, half], [1, 0], [1, 0]])
    assert with_pictures(text, sums, rows, pictures) == pytest.approx(expected)
    assert with_pictures(text, sums, rows, no_pictures()) is text


def test_directions_are_those_among_the_texts_of_the_encoder_that_is_asked_for(settings: Settings) -> None:
    lake, rows = Lake(settings.lake), products_with({"kite": ["a", "b"], "bare": None})
    assert not read_aligned(lake, rows, "text-1").num_rows
    for table, job, encoder, names in (
        (PICTURE_EMBEDDINGS, "embed_images", "vit-1", ("a", "b")),
        (ALIGNED_PICTURES, "embed_texts", "text-1", ("b", "c")),
    ):
        filled = [{"picture_hash": name, "embedding": [1.0], "encoder_version": encoder} for name in names]
        with lake.stage(table, job=job, partitions=[encoder]) as stage:
            stage.write(pa.Table.from_pylist(filled, arrow_schema(table)))
            stage.commit()
    found = read_aligned(lake, rows, "text-1").sort_by("picture_hash")
    assert found["picture_hash"].to_pylist() == ["a", "b"]
    assert found["direction"].to_pylist() == [None, [1.0]]
    assert read_aligned(lake, rows, "text-2")["direction"].null_count == 2


def test_the_vectors_are_those_of_the_encoder_that_was_used_last(settings: Settings) -> None:
    lake, rows = Lake(settings.lake), products_with({"kite": ["a", "b"], "bare": None})
    assert picture_version(lake) is None
    assert not read_pictures(lake, rows).num_rows
    for encoder, pictures in (("old-1", ("a", "b", "c")), ("new-1", ("a", "b")), ("old-1", ())):
        filled = [{"picture_hash": name, "embedding": [1.0], "encoder_version": encoder} for name in pictures]
        with lake.stage(PICTURE_EMBEDDINGS, job="embed_images", partitions=[encoder], append=True) as stage:
            stage.write(pa.Table.from_pylist(filled, arrow_schema(PICTURE_EMBEDDINGS)))
            stage.commit()
        assert picture_version(lake) == encoder
        assert sorted(read_pictures(lake, rows)["picture_hash"].to_pylist()) == ["a", "b"]
    trained = {PICTURE_EMBEDDINGS.name: lake.history(PICTURE_EMBEDDINGS)[1].version}
    assert picture_version(lake, trained[PICTURE_EMBEDDINGS.name]) == "new-1"
    assert read_pictures(lake, rows, trained).num_rows == 2
