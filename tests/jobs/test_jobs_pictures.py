"""Pictures from the landing folder to vectors, through the jobs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from landed_world import D1, D2, SILVER_JOBS, event, land, rows, run
from PIL import Image
from tiny_vision import make_vit

from socialrec.contracts.bronze import BRONZE_PICTURES, QUARANTINED_PICTURES
from socialrec.contracts.gold import PICTURE_EMBEDDINGS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.lake import Lake
from socialrec.lake.pictures import PictureStore

pytestmark = pytest.mark.usefixtures("spark", "one_thread")
ALL = (*SILVER_JOBS, "embed_images")


def picture(home: Path, ds: str, name: str, colour: str) -> None:
    file = home / "landing" / "shop" / ds / "images" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(file, "PNG")


def product(name: str, *images: str) -> dict[str, object]:
    return {"product_id": name, "title": name, "images": [f"images/{image}" for image in images]}


@pytest.fixture
def world(home: Path) -> Path:
    """Two products with one picture in common, one of which is broken, and a third without any."""
    model = make_vit(home / "vit")
    (home / "settings.toml").write_text(f'pictures.model = "{model}"\netl.require_landing_day = false\n')
    land(home, D1, Entity.INTERACTIONS, event("e1", D1))
    products = (product("kite", "red.png", "cut.png", "blue.png"), product("top", "copy.png"), product("bare"))
    land(home, D1, Entity.PRODUCTS, *products)
    for name, colour in (("red.png", "red"), ("blue.png", "blue"), ("copy.png", "red"), ("cut.png", "green")):
        picture(home, D1, name, colour)
    broken = home / "landing" / "shop" / D1 / "images" / "cut.png"
    broken.write_bytes(broken.read_bytes()[:-30])
    return home


def test_pictures_land_are_kept_once_and_encoded(world: Path) -> None:
    receipts = run(world, D1, jobs=ALL)
    lake = Lake(world / "lake")
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
    assert receipts["embed_images"]["counts"] == {"encoded": 2}
    assert receipts["embed_images"]["picture_version"].startswith("vit-")


def test_a_second_night_encodes_only_what_is_new(world: Path) -> None:
    run(world, D1, jobs=ALL)
    picture(world, D2, "green.png", "green")
    picture(world, D2, "red.png", "red")
    land(world, D2, Entity.PRODUCTS, product("kite", "green.png", "red.png"))
    receipts = run(world, D2, jobs=ALL)
    lake = Lake(world / "lake")
    assert receipts["embed_images"]["counts"] == {"encoded": 1}
    assert len(rows(lake, PICTURE_EMBEDDINGS)) == 3
    tonight = {row["product_id"]: row["pictures"] for row in rows(lake, SILVER_PRODUCTS, D2)}
    assert tonight["shop:kite"][1:] == tonight["shop:top"]
    assert run(world, D2, jobs=ALL)["embed_images"]["status"] == "up_to_date"


def test_spark_and_one_process_make_the_same_vectors(world: Path) -> None:
    run(world, D1, jobs=ALL)
    lake = Lake(world / "lake")
    by_process = rows(lake, PICTURE_EMBEDDINGS)
    lake.drop(PICTURE_EMBEDDINGS)
    with (world / "settings.toml").open("a") as file:
        file.write("pictures.few_pictures = 0\n")
    run(world, D1, jobs=ALL)
    assert rows(Lake(world / "lake"), PICTURE_EMBEDDINGS) == by_process


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
