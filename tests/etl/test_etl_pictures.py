"""Pictures and videos that land: read as plain pictures, or rejected with a reason."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from socialrec.contracts.vocabulary import PictureReason
from socialrec.errors import UserError
from socialrec.etl.landing.opening import open_below
from socialrec.etl.landing.pictures import PlainPictures, RefusedPictureError, kind_of, read_landed
from socialrec.lake.pictures import PictureStore
from socialrec.settings.pictures import PictureLimits

LIMITS = PictureLimits()
RED, WHITE = (255, 0, 0), (255, 255, 255)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def striped(form: str, **options: object) -> bytes:
    """A picture whose left half is red and whose right half is white, 64 x 32."""
    image = Image.new("RGB", (64, 32), WHITE)
    image.paste(RED, (0, 0, 32, 32))
    return encoded(image, form, **options)


def read(folder: Path, content: bytes, name: str = "images/a.png", limits: PictureLimits = LIMITS) -> PlainPictures:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return read_landed(folder, name, limits)


def colours(jpeg: bytes, *places: tuple[int, int]) -> list[tuple[int, ...]]:
    """Colours at these places, each of 0, 1 or 2: dark, middle, light. JPEG keeps no exact values."""
    image = Image.open(io.BytesIO(jpeg))
    return [tuple(round(value / 127.5) for value in image.getpixel(place)) for place in places]  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF"])
def test_a_picture_is_read_by_its_content_whatever_its_name_says(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, striped(form), "images/a.png")
    assert (found.kind, len(found.pictures)) == (form, 1)
    assert found.is_named("images/a.png") == (form == "PNG")
    assert colours(found.pictures[0], (8, 16), (56, 16)) == [(2, 0, 0), (2, 2, 2)]


def test_a_picture_is_turned_as_its_exif_says_and_loses_its_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera with a name"
    [kept] = read(tmp_path, striped("JPEG", exif=exif)).pictures
    assert Image.open(io.BytesIO(kept)).size == (32, 64)
    assert colours(kept, (16, 8), (16, 56)) == [(2, 0, 0), (2, 2, 2)]
    assert b"camera" not in kept and not Image.open(io.BytesIO(kept)).getexif()


def test_other_colour_models_and_depths_become_plain_colours(tmp_path: Path) -> None:
    cmyk = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    deep = encoded(Image.fromarray(np.full((8, 8), 32768, dtype=np.uint16)), "PNG")
    clear = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")
    palette = encoded(Image.new("RGB", (8, 8), RED).convert("P"), "PNG")
    bits = encoded(Image.new("1", (8, 8), 1), "PNG")
    found = [colours(read(tmp_path, one).pictures[0], (4, 4))[0] for one in (cmyk, deep, clear, palette, bits)]
    assert found == [(2, 0, 0), (1, 1, 1), (2, 2, 2), (2, 0, 0), (2, 2, 2)]


def test_a_picture_of_one_colour_is_a_picture(tmp_path: Path) -> None:
    assert read(tmp_path, encoded(Image.new("RGB", (1, 1)), "PNG")).pictures


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), WHITE)
    [kept] = read(tmp_path, encoded(first, "GIF", save_all=True, append_images=[second])).pictures
    assert colours(kept, (4, 4)) == [(2, 0, 0)]


def test_a_large_picture_is_kept_smaller_in_its_proportions(tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", (2000, 1000)), "JPEG")
    [kept] = read(tmp_path, content).pictures
    assert Image.open(io.BytesIO(kept)).size == (512, 256)


def video(n_frames: int, rate: int = 10) -> bytes:
    """A video whose frames are first red, then white, half of the time each."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        container.start_encoding()
        for number in range(n_frames):
            image = Image.new("RGB", (64, 32), RED if number < n_frames / 2 else WHITE)
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return content.getvalue()


def test_frames_of_a_video_are_taken_at_equal_distances(tmp_path: Path) -> None:
    found = read(tmp_path, video(40), "images/a.mp4")
    assert found.kind == "MP4" and found.is_named("images/a.mp4")
    assert [colours(one, (32, 16))[0] for one in found.pictures] == [(2, 0, 0)] * 2 + [(2, 2, 2)] * 2


def test_of_a_long_video_only_the_first_seconds_are_read(tmp_path: Path) -> None:
    limits = PictureLimits(max_video_seconds=1, video_frames=2)
    found = read(tmp_path, video(40), "images/a.mp4", limits)
    assert [colours(one, (32, 16))[0] for one in found.pictures] == [(2, 0, 0)] * 2


def sound_alone() -> bytes:
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return content.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header declares this size."""
    header = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8))
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
REFUSED: dict[str, tuple[Callable[[], bytes], PictureReason, str]] = {
    "an empty file": (bytes, PictureReason.UNREADABLE, "empty"),
    "a cut JPEG": (lambda: encoded(NOISE, "JPEG")[:900], PictureReason.UNREADABLE, "damaged JPEG"),
    "a cut PNG": (lambda: encoded(NOISE, "PNG")[:5000], PictureReason.UNREADABLE, "damaged PNG"),
    "a JPEG's first bytes": (lambda: b"\xff\xd8\xff\xe0", PictureReason.UNREADABLE, "damaged JPEG"),
    "20,000 x 20,000 pixels": (lambda: bomb(20_000, 20_000), PictureReason.TOO_MANY_PIXELS, "400000000 pixels"),
    "9,000 x 9,000 pixels": (lambda: bomb(9_000, 9_000), PictureReason.TOO_MANY_PIXELS, "9,000 x 9,000 pixels"),
    "HEIC": (lambda: HEIC, PictureReason.UNKNOWN_TYPE, "HEIC is not read here: deliver JPEG"),
    "TIFF": (lambda: encoded(NOISE, "TIFF"), PictureReason.UNKNOWN_TYPE, "TIFF is not read here"),
    "a text": (lambda: b"Red kite, 12.50", PictureReason.UNKNOWN_TYPE, "its content is no picture"),
    "a video without frames": (lambda: video(0), PictureReason.NO_FRAMES, "deliver it again"),
    "a video's first bytes": (lambda: video(10)[:40], PictureReason.NO_FRAMES, "the video cannot be read"),
    "sound alone": (sound_alone, PictureReason.NO_FRAMES, "the video has no pictures"),
    "a playlist": (lambda: b"#EXTM3U\nfile:///etc/passwd\n", PictureReason.UNKNOWN_TYPE, "no picture"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    content, reason, detail = REFUSED[name]
    with pytest.raises(RefusedPictureError, match=detail) as refused:
        read(tmp_path, content())
    assert refused.value.reason is reason


def test_a_file_above_the_limit_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(RefusedPictureError, match="at most 1 MiB") as refused:
        read(tmp_path, striped("PNG") + bytes(1 << 20), limits=PictureLimits(max_mib=1))
    assert refused.value.reason is PictureReason.TOO_LARGE


@pytest.mark.parametrize(
    "name", ["../b.png", "/etc/passwd", "images/../../b.png", "images//a.png", "", "images/a\0.png"]
)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "b.png").write_bytes(striped("PNG"))
    (tmp_path / "day" / "images").mkdir(parents=True)
    with pytest.raises(RefusedPictureError) as refused:
        read_landed(tmp_path / "day", name, LIMITS)
    assert refused.value.reason is PictureReason.OUTSIDE_FOLDER


def test_links_pipes_and_folders_are_not_opened(tmp_path: Path) -> None:
    outside, day = tmp_path / "outside", tmp_path / "day"
    (outside / "deep").mkdir(parents=True)
    (outside / "a.png").write_bytes(striped("PNG"))
    (day / "images").mkdir(parents=True)
    (day / "images" / "link.png").symlink_to(outside / "a.png")
    (day / "images" / "folder").symlink_to(outside)
    os.mkfifo(day / "images" / "pipe.png")
    for name in ("images/link.png", "images/folder/a.png", "images/pipe.png", "images"):
        with pytest.raises(UserError, match=r"link|pipe|folder"):
            open_below(day, name)


def test_a_file_that_is_not_there_is_named_as_missing(tmp_path: Path) -> None:
    with pytest.raises(RefusedPictureError, match="before the records that name it") as refused:
        read_landed(tmp_path, "images/a.png", LIMITS)
    assert refused.value.reason is PictureReason.MISSING_FILE


def test_types_are_known_by_their_first_bytes() -> None:
    starts = {"MP4": b"\0\0\0\x20ftypisom", "AVIF": b"\0\0\0\x20ftypavif", "WEBP": b"RIFF\0\0\0\0WEBP", "": b"RIFF"}
    assert {kind_of(start): start for start in starts.values()} == starts


def test_the_store_keeps_a_picture_once_and_notices_damage(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    name = store.put(b"one picture")
    assert (store.put(b"one picture"), store.read(name)) == (name, b"one picture")
    assert [path.name for path in (tmp_path / "pictures").glob("*/*")] == [f"{name}.jpg"]
    store.path(name).write_bytes(b"another")
    with pytest.raises(UserError, match="is damaged"):
        store.read(name)
    store.path(name).unlink()
    with pytest.raises(UserError, match="is gone"):
        store.read(name)
