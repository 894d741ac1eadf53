"""Frames of landed videos, at equal distances and in bounded time."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
from av.video.stream import VideoStream
from PIL import Image

from socialrec.settings.pictures import PictureLimits

_MOST_DECODED = 600
"""Frames that are decoded to reach one that is wanted; a later one is taken where they do not suffice."""


class VideoError(Exception):
    """A video that has no frame that can be read."""


def sampled_frames(file: io.BufferedReader, reader: str, limits: PictureLimits) -> Iterator[Image.Image]:
    """Frames from the middles of as many equal parts of a video's first seconds, upright, oldest first.

    reader: FFmpeg's name of the file's type. The sizes of the frames are their reader's to check. Raises VideoError
    where there is no frame; where the file breaks off, the frames before that are taken.
    """
    n_taken = 0
    try:
        with av.open(file, "r", format=reader) as container:
            if not container.streams.video:
                raise VideoError("the video has no pictures")
            stream = container.streams.video[0]
            _require_size(stream, limits)
            stream.codec_context.thread_count = 1
            seconds = min(_seconds(stream, container.duration), limits.max_video_seconds)
            for number in range(limits.video_frames if seconds else 1):
                if (frame := _frame_at(container, stream, seconds * (number + 0.5) / limits.video_frames)) is None:
                    break
                n_taken += 1
                yield frame
    except av.FFmpegError as error:
        if not n_taken:
            raise VideoError(f"the video cannot be read ({error.strerror})") from None
    if not n_taken:
        raise VideoError("the video has no frame that can be read")


def _require_size(stream: VideoStream, limits: PictureLimits) -> None:
    pixels = (stream.codec_context.width or 0) * (stream.codec_context.height or 0)
    if pixels > limits.max_megapixels * 1e6:
        raise VideoError(f"its frames have {pixels:,} pixels, at most {limits.max_megapixels:g} million may be")


def _seconds(stream: VideoStream, microseconds: int | None) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (microseconds or 0) / 1e6


def _frame_at(container: av.container.InputContainer, stream: VideoStream, seconds: float) -> Image.Image | None:
    """The first frame at this time or after it, or else the last one before it; None where there is none."""
    container.seek(int(seconds * 1e6))
    found = None
    for number, frame in enumerate(container.decode(stream)):
        found = frame
        if number == _MOST_DECODED or (frame.time or 0.0) >= seconds:
            break
    if found is None:
        return None
    image: Image.Image = found.to_image()
    return image.rotate(found.rotation, expand=True) if found.rotation else image
