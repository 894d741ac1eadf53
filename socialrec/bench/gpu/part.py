"""One part of the proof: where it runs, what it found, and clocks that wait for a GPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from socialrec.encoders.precision import chosen_device
from socialrec.settings.text import Device, TextSettings

if TYPE_CHECKING:
    import torch

Figures = dict[str, float | int | bool | str | None]


@dataclass(frozen=True)
class Setup:
    """Device, sizes and files of a part."""

    folder: Path
    """Folder of models that all parts share."""
    is_small: bool
    """True: sizes that a processor does in seconds."""
    device: Device = Device.AUTO
    weights: Path | None = None
    """Folder of a MiniLM to encode with; without it one of random weights is made."""
    texts: Path | None = None
    """File of texts, one a line; without it they are made of the demo world's words."""

    @property
    def device_name(self) -> str:
        """Device by torch's name."""
        return chosen_device(self.device)

    def settings(self, model: Path, **changes: Any) -> TextSettings:
        """Make settings for a model on this device."""
        return TextSettings(model=str(model), device=self.device, **changes)


class Absent(Exception):
    """Error: a peer is installed, but not in the form that is needed."""


@dataclass
class PartResult:
    """Result of a part: figures, those of each peer or why it is absent, and ratios of ours over a peer's rate."""

    figures: Figures = field(default_factory=dict)
    peers: dict[str, Figures | str] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def beside(self, name: str, needs: str, measure: Callable[[], Figures]) -> None:
        """Measure a peer if all packages that it needs, separated by commas, are there; one that fails says why."""
        if missing := [package for package in needs.split(",") if not find_spec(package)]:
            self.peers[name] = f"absent: {', '.join(missing)} not installed"
            return
        try:
            self.peers[name] = measure()
        except Absent as error:
            self.peers[name] = f"absent: {error}"
        except Exception as error:
            self.peers[name] = f"failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"

    def compare(self, ratio: str, ours: str, peer: str, theirs: str) -> None:
        """Add how many times the peer's rate ours is, where the peer was measured."""
        own, found = self.figures.get(ours), self.peers.get(peer)
        if (
            isinstance(found, dict)
            and isinstance(own, float)
            and isinstance(other := found.get(theirs), float)
            and other
        ):
            self.ratios[ratio] = round(own / other, 3)

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        return asdict(self)


def seconds_of(work: Callable[[], object], device: str) -> float:
    """Wall seconds of some work, all of it done on the device too."""
    wait_for(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started


def wait_for(device: str) -> None:
    """Wait until a GPU has done its work."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()


def matrix_rate(setup: Setup) -> float:
    """Rate of a large bfloat16 matrix product on this device, operations per second: the best of ten."""
    import torch

    size = 512 if setup.is_small else 8192
    device = setup.device_name
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))

    def product() -> torch.Tensor:
        return left @ right

    product()
    return float(2 * size**3 / min(seconds_of(product, device) for _ in range(10)))


def gap(ours: list[float], expected: list[float]) -> float:
    """Largest difference of two series, relative to the expected value."""
    own, reference = np.array(ours), np.array(expected)
    return float(np.max(np.abs(own - reference) / np.maximum(np.abs(reference), 1e-12)))
