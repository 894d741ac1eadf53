"""The benchmark of pictures, on a few drawn ones and one step of training."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_vision import make_vit

from socialrec.bench.pictures.benchmark import run
from socialrec.bench.pictures.clothing import ARCHIVE, Photographs, read_clothing
from socialrec.bench.pictures.speed import PEER
from socialrec.bench.pictures.tuning import PictureTuning, TuningRecipe
from socialrec.encoders.pictures.efficientnet_lite import EfficientNetLite0
from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.settings.pictures import PictureSettings

pytestmark = pytest.mark.usefixtures("one_thread")
QUICK = TuningRecipe(phases=((32, 1),), batch=4, read_side=32, warmup_share=0)


def jpeg(colour: str, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    grains = Image.fromarray(rng.integers(0, 90, (32, 32, 3), dtype=np.uint8))
    content = io.BytesIO()
    Image.blend(Image.new("RGB", (32, 32), colour), grains, 0.3).save(content, "JPEG")
    return content.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Red hats and blue shoes: 8 to learn from, 4 to choose on, 5 to test on, of which 3 are hats."""
    folder = tmp_path / "clothing-images"
    folder.mkdir()
    parts = {"train": (5, 3), "validation": (2, 2), "test": (3, 2)}
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for part, counts in parts.items():
            for name, colour, n in zip(("hat", "shoes"), ("red", "blue"), counts, strict=True):
                for number in range(n):
                    archive.writestr(f"{part}/{name}/{number}.jpg", jpeg(colour, number))
    return tmp_path


def test_the_result_has_both_accuracies_the_peers_and_the_speed(data: Path, settings: Settings) -> None:
    model = str(make_vit(data / "vit"))
    settings = settings.model_copy(update={"pictures": PictureSettings(model=model)})
    found = json.loads(run(data, settings, QUICK).to_json())
    assert found["metrics"]["accuracy_frozen"] == 1.0
    assert 0 <= found["metrics"]["accuracy_tuned"] <= 1
    assert [found["metrics"][f"n_{part}"] for part in ("train", "validation", "test")] == [8, 4, 5]
    assert found["peers"]["most-frequent-class"]["metrics"] == {"accuracy": 0.6}
    assert found["peers"][PEER]["metrics"]["pictures_per_second"] > 0
    assert {"ratio", "ratio_cpu", "quiet"} <= set(found)
    assert found["chosen"]["strength"] in (10.0, 30.0, 100.0, 300.0)


def test_without_the_data_the_message_says_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--data names the folder that holds clothing-images"):
        read_clothing(tmp_path)


def test_tuning_leaves_the_first_blocks_alone_and_learns_the_same_twice() -> None:
    torch.manual_seed(3)
    network = EfficientNetLite0()
    pictures = Photographs([jpeg(colour, n) for n in range(4) for colour in ("red", "blue")], np.array([0, 1] * 4))

    def learned() -> tuple[PictureTuning, float]:
        tuning = PictureTuning(network, len(pictures), 2, QUICK)
        return tuning, tuning.run_epoch(pictures, 32)

    (first, loss), (again, same) = learned(), learned()
    assert loss == same
    before, after = network.state_dict(), first.network.state_dict()
    changed = {name for name in before if not name.startswith("fc.") and not torch.equal(before[name], after[name])}
    fixed = ("conv_stem.", "bn0.", *(f"blocks.{number}." for number in range(QUICK.fixed_blocks)))
    assert not {name for name in changed if name.startswith(fixed)}
    assert {"blocks.5.project_conv.weight", "conv_head.weight"} <= changed
    mean = again.mean.state_dict()
    assert all(torch.equal(value, mean[name]) for name, value in first.mean.state_dict().items())
