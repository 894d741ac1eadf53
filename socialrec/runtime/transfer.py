"""Copies between the memory of the host and that of a GPU, without waiting for the work that the GPU still has to do.

A copy from ordinary memory waits until all queued work is done; from pinned memory it is queued as well. Torch keeps
pinned memory for the next copy, and does not give it to one before the last copy from it is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy a tensor of the host to a device; to a GPU through pinned memory, queued behind the GPU's other work."""
    if device.type != "cuda" or tensor.is_cuda:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


@dataclass(frozen=True)
class OnItsWay:
    """Tensor that is copied to the host; read it with `array` once there is other work for the GPU to do."""

    host: torch.Tensor
    copied: torch.cuda.Event | None

    def array(self) -> npt.NDArray[Any]:
        """Wait for the copy alone, not for later work."""
        if self.copied is not None:
            self.copied.synchronize()
        return self.host.numpy()


def to_host(tensor: torch.Tensor) -> OnItsWay:
    """Queue the copy of a tensor to the host; the tensor of a CPU is there already."""
    import torch

    if not tensor.is_cuda:
        return OnItsWay(tensor, None)
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    host.copy_(tensor, non_blocking=True)
    copied = torch.cuda.Event()
    copied.record()
    return OnItsWay(host, copied)
