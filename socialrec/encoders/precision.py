"""Number format in which a machine encodes, and the network in that format."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from socialrec.settings.text import Precision

if TYPE_CHECKING:
    import torch


def encoding_dtype(precision: Precision, device: str) -> torch.dtype:
    """Choose the format to encode in; `auto` means bfloat16 where the machine multiplies in it."""
    import torch

    if precision is not Precision.AUTO:
        dtype: torch.dtype = getattr(torch, precision.value)
        return dtype
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    can = torch.cpu.get_capabilities()
    return torch.bfloat16 if can.get("avx512_bf16") or can.get("amx_bf16") else torch.float32


def reading_network(network: torch.nn.Module, dtype: torch.dtype) -> torch.nn.Module:
    """Prepare the network for bulk encoding: a copy with its adapter merged, in this format.

    A network without an adapter that is to run in float32 is not copied.
    """
    import torch
    from peft import PeftModel

    from socialrec.encoders.packed import pack_linears

    if isinstance(network, PeftModel):
        network = copy.deepcopy(network).merge_and_unload()
    elif dtype is not torch.float32:
        network = copy.deepcopy(network)
    if next(network.parameters()).device.type == "cpu" and dtype is torch.bfloat16:
        pack_linears(network)
        return network.eval()
    return network.to(dtype).eval()
