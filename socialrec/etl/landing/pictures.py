"""Landed pictures and videos as plain pictures: RGB, upright, of bounded size, as JPEG without metadata.

Files are judged by their bytes, never by their names. Their headers are read before anything is decoded, so that no
more pixels are decoded than the limits allow.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from socialrec.contracts.vocabulary import PictureReason
from socialrec.errors import UserError
from socialrec.etl.landing.opening import open_below
from socialrec.etl.landing.videos import VideoError, sampled_frames
from socialrec.settings.pictures import PictureLimits

MIB = 1 << 20
_MAGIC: dict[bytes, str] = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP",
    b"\x1a\x45\xdf\xa3": "MATROSKA", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"%PDF": "PDF", b"<svg": "SVG",
    b"<?xml": "XML",
}  # fmt: skip
_RIFF = {b"WEBP": "WEBP", b"AVI ": "AVI"}
_STILL_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"
)
_PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF")
"""Types that browsers show. Each has one reader of Pillow; no other reader ever sees foreign bytes."""
_VIDEOS = {"MP4": "mp4", "MATROSKA": "matroska", "AVI": "avi"}
"""Types of video, with the name of the one reader that may open them: none that follows references to other files."""
_ENDINGS = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"), "MP4": ("mp4", "m4v", "mov"), "MATROSKA": ("webm", "mkv"),
}  # fmt: skip
_QUALITY = 92
_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")


class RefusedPictureError(Exception):
    """A file that is no picture and no video that can be read, with the reason and the remedy."""

    def __init__(self, reason: PictureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class PlainPictures:
    """A picture, or the frames of a video in order, as JPEG. kind: the file's type by its content."""

    kind: str
    pictures: tuple[bytes, ...]

    def is_named(self, name: str) -> bool:
        """Check if a file name's ending is that of the type; names without an ending say nothing wrong."""
        stem, dot, ending = name.rpartition("/")[2].rpartition(".")
        return not dot or not stem or ending.lower() in _ENDINGS.get(self.kind, (self.kind.lower(),))


def read_landed(day: Path, name: str, limits: PictureLimits) -> PlainPictures:
    """Read the file that a record names, below the folder of its landing day. Raises RefusedPictureError."""
    try:
        with open_below(day, name) as file:
            return plain_pictures(file, limits)
    except UserError as error:
        raise RefusedPictureError(PictureReason.OUTSIDE_FOLDER, str(error)) from None
    except OSError as error:
        said = f"{error.strerror or error}: deliver the file, before the records that name it"
        raise RefusedPictureError(PictureReason.MISSING_FILE, said) from None


def plain_pictures(file: io.BufferedReader, limits: PictureLimits) -> PlainPictures:
    """Read a picture or a video; of animations the first frame. Raises RefusedPictureError."""
    size = os.fstat(file.fileno()).st_size
    if not size:
        raise RefusedPictureError(PictureReason.UNREADABLE, "the file is empty: deliver it again")
    kind = kind_of(file.peek(32)[:32])
    if kind not in (*_PICTURES, *_VIDEOS):
        said = f"{kind} is not read here" if kind else "its content is no picture"
        raise RefusedPictureError(
            PictureReason.UNKNOWN_TYPE, f"{said}: deliver {', '.join(_PICTURES)}, or MP4, WebM or AVI"
        )
    most = limits.max_video_mib if kind in _VIDEOS else limits.max_mib
    if size > most * MIB:
        raise RefusedPictureError(PictureReason.TOO_LARGE, f"{size:,} bytes, at most {most} MiB may be")
    try:
        found = tuple(_jpeg(image, limits.max_edge) for image in _images(file, kind, limits))
    except RefusedPictureError:
        raise
    except VideoError as error:
        raise RefusedPictureError(PictureReason.NO_FRAMES, f"{error}: deliver it again") from None
    except Exception as error:
        # Readers of foreign bytes raise errors of any type.
        said = " ".join(str(error).split())[:120] or type(error).__name__
        raise RefusedPictureError(PictureReason.UNREADABLE, f"damaged {kind}: {said}; deliver it again") from None
    return PlainPictures(kind, found)


def kind_of(start: bytes) -> str:
    """Type of a file by its first 12 bytes; empty where they are of none that is known."""
    if start[4:8] == b"ftyp":
        return _STILL_BRANDS.get(start[8:12], "MP4")
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12], "")
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "")


def _images(file: io.BufferedReader, kind: str, limits: PictureLimits) -> Iterator[Image.Image]:
    if kind not in _VIDEOS:
        yield _still(file, kind, limits)
        return
    for frame in sampled_frames(file, _VIDEOS[kind], limits):
        _require_few_pixels(frame.size, limits)
        yield frame


def _still(file: io.BufferedReader, kind: str, limits: PictureLimits) -> Image.Image:
    """Decode the first frame of a picture, in a reduced size where its type can do that."""
    with warnings.catch_warnings():
        # Pillow warns of sizes that our own limit may allow; far larger ones it refuses itself.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=[kind])
            _require_few_pixels(image.size, limits)
            image.verify()
            file.seek(0)
            image = Image.open(file, formats=[kind])
        except Image.DecompressionBombError as error:
            raise RefusedPictureError(PictureReason.TOO_MANY_PIXELS, f"{error}; deliver it smaller") from None
        image.draft("RGB", (limits.max_edge, limits.max_edge))
        image.load()
    return image


def _require_few_pixels(size: tuple[int, int], limits: PictureLimits) -> None:
    width, height = size
    if width * height > limits.max_megapixels * 1e6:
        raise RefusedPictureError(
            PictureReason.TOO_MANY_PIXELS,
            f"{width:,} x {height:,} pixels, at most {limits.max_megapixels:g} million may be; deliver it smaller",
        )


def _jpeg(image: Image.Image, side: int) -> bytes:
    """Encode an image in at most this size, turned as its EXIF says and without metadata."""
    if image.mode in _SIXTEEN_BITS:
        image = _with_exif(Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)), image)
    elif image.mode in ("1", "P", "F"):
        image = _with_exif(image.convert("RGBA" if "transparency" in image.info else "RGB"), image)
    image.thumbnail((side, side), Image.Resampling.BICUBIC)
    upright = ImageOps.exif_transpose(image)
    content = io.BytesIO()
    _on_white(upright).save(content, "JPEG", quality=_QUALITY, subsampling=0)
    return content.getvalue()


def _with_exif(image: Image.Image, source: Image.Image) -> Image.Image:
    image.getexif().update(source.getexif())
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white, as the pages of shops are."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    plain = image.convert("RGB")
    plain.info.clear()
    return plain
