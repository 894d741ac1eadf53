"""Pictures from the landing folder to vectors, through the jobs."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from landed_world import D1, D2, SILVER_JOBS, event, land, put, rows, run
from PIL import Image
from pyspark.sql import SparkSession
from tiny_vision import make_vit

from socialrec.contracts.bronze import BRONZE_PICTURES, QUARANTINED_PICTURES
from socialrec.contracts.gold import ALIGNED_PICTURES, ITEM_FEATURES, PICTURE_EMBEDDINGS, TEXT_EMBEDDINGS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.encoders.pictures.alignment import PictureAlignment
from socialrec.etl.check.delivery import files_to_check, read_delivery
from socialrec.etl.check.pictures import check_pictures
from socialrec.etl.gold.picture_alignment import align
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import read_inputs, read_night
from socialrec.features.pictures import looks_of, picture_version
from socialrec.features.tables import feature_tables
from socialrec.lake import Lake
from socialrec.lake.pictures import PictureStore
from socialrec.runtime import job
from socialrec.settings import load_settings
from socialrec.settings.etl import EtlSettings
from socialrec.settings.pictures import PictureLimits

pytestmark = pytest.mark.usefixtures("spark", "one_thread")
ALL = (*SILVER_JOBS, "embed_images")


def picture(home: Path, ds: str, name: str, colour: str) -> None:
    file = home / "landing" / "shop" / ds / "images" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(file, "PNG")


def product(name: str, *images: str) -> dict[str, object]:
    return {"product_id": name, "title": name, "images": [f"images/{image}" for image in images]}


@pytest.fixture(scope="module")
def first_night(spark: SparkSession, one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a night: two products with one picture in common, a broken picture, and a product without any."""
    home = tmp_path_factory.mktemp("pictures")
    model = make_vit(home / "vit")
    (home / "settings.toml").write_text(f'pictures.model = "{model}"\netl.require_landing_day = false\n')
    land(home, D1, Entity.INTERACTIONS, event("e1", D1))
    products = (
        product("kite", "red.png", "cut.png", "blue.png"),
        product("top", "copy.png") | {"title": "4711"},
        product("bare"),
    )
    land(home, D1, Entity.PRODUCTS, *products)
    for name, colour in (("red.png", "red"), ("blue.png", "blue"), ("copy.png", "red"), ("cut.png", "green")):
        picture(home, D1, name, colour)
    broken = home / "landing" / "shop" / D1 / "images" / "cut.png"
    broken.write_bytes(broken.read_bytes()[:-30])
    run(home, D1, jobs=ALL)
    return home


@pytest.fixture
def world(first_night: Path, home: Path) -> Path:
    """A copy of that home, to change."""
    return shutil.copytree(first_night, home, dirs_exist_ok=True, copy_function=shutil.copy2)


def test_pictures_land_are_kept_once_and_encoded(first_night: Path) -> None:
    lake = Lake(first_night / "lake")
    products = {row["product_id"]: row for row in rows(lake, SILVER_PRODUCTS)}
    red, blue = products["shop:kite"]["pictures"]
    assert products["shop:top"]["pictures"] == [red]
    assert products["shop:bare"]["pictures"] is None
    [bad] = rows(lake, QUARANTINED_PICTURES)
    assert (bad["reason"], bad["source_file"]) == ("unreadable", f"shop/{D1}/images/cut.png")
    landed = {row["source_file"].rpartition("/")[2]: row["picture_hash"] for row in rows(lake, BRONZE_PICTURES)}
    assert landed == {"red.png": red, "blue.png": blue, "copy.png": red}
    kept = Image.open(io.BytesIO(PictureStore(lake.root).read(blue)))
    assert kept.size == (40, 30)
    vectors = {row["picture_hash"]: row["embedding"] for row in rows(lake, PICTURE_EMBEDDINGS)}
    assert set(vectors) == {red, blue}
    assert np.linalg.norm(list(vectors.values()), axis=1) == pytest.approx([1, 1], abs=1e-5)
    receipt = json.loads((first_night / "runs" / D1 / "embed_images.json").read_text())
    assert receipt["counts"] == {"encoded": 2}
    assert receipt["picture_version"].startswith("vit-")


def test_a_second_night_encodes_only_what_is_new_under_spark_too(world: Path) -> None:
    with (world / "settings.toml").open("a") as file:
        file.write("pictures.few_pictures = 0\n")
    picture(world, D2, "green.png", "green")
    picture(world, D2, "red.png", "red")
    land(world, D2, Entity.PRODUCTS, product("kite", "green.png", "red.png"))
    receipts = run(world, D2, jobs=ALL)
    lake = Lake(world / "lake")
    assert receipts["embed_images"]["counts"] == {"encoded": 1}
    tonight = {row["product_id"]: row["pictures"] for row in rows(lake, SILVER_PRODUCTS, D2)}
    assert tonight["shop:kite"][1:] == tonight["shop:top"]
    by_spark = rows(lake, PICTURE_EMBEDDINGS)
    assert len(by_spark) == 3
    assert run(world, D2, jobs=["embed_images"])["embed_images"]["status"] == "up_to_date"
    lake.drop(PICTURE_EMBEDDINGS)
    with (world / "settings.toml").open("a") as file:
        file.write("pictures.encode_with = 'process'\n")
    run(world, D2, jobs=["embed_images"])
    by_process = {row["picture_hash"]: row for row in rows(Lake(world / "lake"), PICTURE_EMBEDDINGS)}
    assert [by_process[row["picture_hash"]] for row in by_spark if row["picture_hash"] in by_process] == [
        row for row in by_spark if row["picture_hash"] in by_process
    ]
    assert set(by_process) == {name for names in tonight.values() for name in names or ()}


def test_a_night_reads_the_pictures_that_a_training_reads(world: Path) -> None:
    lake, settings = Lake(world / "lake"), load_settings(world)
    run(world, D1, jobs=["build_gold"])
    texts = lake.read(SILVER_PRODUCTS, [D1])["text_hash"].to_pylist()
    made = [{"text_hash": name, "embedding": [1.0, at], "encoder_version": "e"} for at, name in enumerate(texts)]
    put(lake, TEXT_EMBEDDINGS, "e", made)
    align_to(world, [2, 0])
    run(world, D1, "--encoder-version", "e", jobs=["build_features"])
    by_spark = {row["product_id"]: row["picture_vector"] for row in rows(lake, ITEM_FEATURES)}
    assert by_spark["shop:bare"] == []
    # The kite is red and blue and the top is red: from their mean they look in opposite directions.
    assert np.dot(by_spark["shop:kite"], by_spark["shop:top"]) == pytest.approx(-1)
    tonight = feature_tables(read_night(lake, D1, "e"), D1, "e", settings).items
    assert dict(zip(*(tonight[name].to_pylist() for name in ("product_id", "picture_vector")), strict=True)) == by_spark
    inputs = read_inputs(lake, D1, "e")
    learned = looks_of(pa.array(sorted(by_spark)), inputs.products, inputs.pictures)
    assert learned.tolist() == [by_spark[name] or [0.0] * learned.shape[1] for name in sorted(by_spark)]
    together = {row["product_id"]: row["vector"] for row in rows(lake, ITEM_FEATURES)}
    assert dict(zip(*(tonight[name].to_pylist() for name in ("product_id", "vector")), strict=True)) == together
    features = inputs.features(make_split(inputs.interactions, settings.evaluate), "all", settings)
    assert features.text.tolist() == [together[name] for name in sorted(together)]
    # Texts differ in the second number alone, pictures point along the first, and the top's text is a number.
    assert [abs(together[f"shop:{name}"][0]) for name in ("kite", "top")] == [0, 1]


def align_to(world: Path, bias: list[float] | None) -> dict[str, list[float]]:
    """Directions of pictures after a night with the encoder "e", beside which there is a map, or none any more."""
    lake, folder = Lake(world / "lake"), world / "encoder"
    folder.mkdir(exist_ok=True)
    (folder / "encoder.json").write_text('{"version": "e"}')
    (folder / "picture_alignment.safetensors").unlink(missing_ok=True)
    if bias is not None:
        weights = np.zeros((len(rows(lake, PICTURE_EMBEDDINGS)[0]["embedding"]), 2), np.float32)
        PictureAlignment(str(picture_version(lake)), weights, np.float32(bias)).save(folder)
    args = job.parser(None).parse_args(["--ds", D1, "--home", str(world), "--run-id", D1])
    with job.run("embed_texts", args) as here:
        align(here, folder)
        here.done(status="written")
    return {row["picture_hash"]: row["embedding"] for row in rows(lake, ALIGNED_PICTURES)}


def test_pictures_are_aligned_once_for_each_map_and_encoder(world: Path) -> None:
    lake = Lake(world / "lake")
    assert align_to(world, None) == {}
    assert lake.version(ALIGNED_PICTURES) is None
    red, blue = (row["picture_hash"] for row in rows(lake, PICTURE_EMBEDDINGS))
    assert align_to(world, [2, 0]) == {red: [1, 0], blue: [1, 0]}
    version = lake.version(ALIGNED_PICTURES)
    assert align_to(world, [2, 0]) == {red: [1, 0], blue: [1, 0]}
    assert lake.version(ALIGNED_PICTURES) == version
    assert align_to(world, [0, 3]) == {red: [0, 1], blue: [0, 1]}
    assert align_to(world, None) == {}


def test_an_encoder_that_is_in_use_again_is_the_newest(world: Path) -> None:
    lake = Lake(world / "lake")
    first = picture_version(lake)
    with lake.stage(PICTURE_EMBEDDINGS, job="embed_images", partitions=["other"]) as stage:
        stage.commit()
    assert picture_version(lake) == "other"
    for status in ("written", "up_to_date"):
        assert run(world, D1, jobs=["embed_images"])["embed_images"]["status"] == status
        assert picture_version(lake) == first


def test_pictures_that_nothing_names_any_more_are_removed_once_they_are_old(first_night: Path, world: Path) -> None:
    settings = load_settings(world)
    store = PictureStore(settings.lake)
    used = {row["picture_hash"] for row in rows(Lake(settings.lake), BRONZE_PICTURES)}
    new, old = store.put(b"new"), store.put(b"old")
    for name in (old, *used):
        os.utime(store.path(name), (0, 0))
    assert list(store.unused(used, days=30)) == [store.path(old)]
    assert store.path(new).exists()


def test_a_shop_without_pictures_pays_nothing(home: Path) -> None:
    land(home, D1, Entity.INTERACTIONS, event("e1", D1))
    land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "kite"})
    run(home, D1, jobs=ALL)
    lake = Lake(home / "lake")
    tables = (BRONZE_PICTURES, QUARANTINED_PICTURES, PICTURE_EMBEDDINGS)
    assert [lake.version(table) for table in tables] == [None] * 3
    assert not (home / "models").exists() and not (home / "lake" / "pictures").exists()
    receipt = json.loads((home / "runs" / D1 / "embed_images.json").read_text())
    assert (receipt["status"], receipt["picture_version"]) == ("up_to_date", "")


def test_a_check_before_landing_says_which_pictures_cannot_be_read(spark: SparkSession, first_night: Path) -> None:
    day = first_night / "landing" / "shop" / D1
    etl = load_settings(first_night).etl
    for given in (day, first_night / "landing"):
        with files_to_check(given, D1, etl) as files:
            found = check_pictures(spark, read_delivery(files).layouts, etl, PictureLimits())
        assert list(found.lines()) == [
            "pictures: 3 of 4 can be read, the products would be published without the others",
            f"  1 x unreadable, such as images/cut.png: {found.faults[0].detail}",
        ]
    assert "deliver it again" in found.faults[0].detail


def test_a_name_that_ends_like_another_type_is_noted_and_counts(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, D1, Entity.PRODUCTS, product("kite", "a.jpg"))
    picture(tmp_path, D1, "a.jpg", "red")
    with files_to_check(tmp_path / "landing", D1, EtlSettings()) as files:
        found = check_pictures(spark, read_delivery(files).layouts, EtlSettings(), PictureLimits())
    assert list(found.lines()) == [
        "pictures: 1 of 1 can be read",
        "  1 x other_ending, such as images/a.jpg: it is PNG, which counts",
    ]
