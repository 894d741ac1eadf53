"""Pictures of products in the report: small copies inside the page, so that it needs no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

from PIL import Image, UnidentifiedImageError

from socialrec.errors import UserError
from socialrec.lake.pictures import PictureStore

SIDE = 64
"""Longer side in pixels: two for each pixel of the page's style, for screens of double density."""
MOST = 200
"""Most pictures of a page."""
MOST_BYTES = 4_096
"""Largest copy; a picture that needs more is left out."""
_QUALITY = 70


def thumbnails(store: PictureStore, hashes: Iterable[str]) -> dict[str, str]:
    """Make `data:` addresses of the first distinct pictures, at most `MOST`, by hash.

    A picture that is gone, damaged or too large is left out: the report is made without it.
    """
    wanted = list(dict.fromkeys(hashes))[:MOST]
    copies = {name: _small_copy(store, name) for name in wanted}
    return {
        name: f"data:image/webp;base64,{base64.b64encode(content).decode()}"
        for name, content in copies.items()
        if 0 < len(content) <= MOST_BYTES
    }


def _small_copy(store: PictureStore, picture_hash: str) -> bytes:
    """Picture as a small WebP without metadata; empty where it cannot be read."""
    content = io.BytesIO()
    try:
        with Image.open(io.BytesIO(store.read(picture_hash)), formats=["JPEG"]) as image:
            image.thumbnail((SIDE, SIDE))
            image.convert("RGB").save(content, "WEBP", quality=_QUALITY)
    except (UserError, UnidentifiedImageError, OSError):
        return b""
    return content.getvalue()
