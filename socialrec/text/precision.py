"""Which number format a machine encodes in, and the network in it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from socialrec.settings import Precision

if TYPE_CHECKING:
    import torch


def encoding_dtype(precision: Precision, device: str) -> torch.dtype:
    """The format to encode in: what is asked for, or under `auto` bfloat16 where the machine multiplies in it."""
    import torch

    if precision is not Precision.AUTO:
        dtype: torch.dtype = getattr(torch, precision.value)
        return dtype
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    can = torch.cpu.get_capabilities()
    return torch.bfloat16 if can.get("avx512_bf16") or can.get("amx_bf16") else torch.float32


def reading_network(network: torch.nn.Module, dtype: torch.dtype) -> torch.nn.Module:
    """The network as bulk encoding runs it: a copy with its adapter merged into the weights, in this format.

    A network without an adapter that already is in this format is not copied.
    """
    from peft import PeftModel

    if isinstance(network, PeftModel):
        network = copy.deepcopy(network).merge_and_unload()
    elif next(network.parameters()).dtype is not dtype:
        network = copy.deepcopy(network)
    return network.to(dtype).eval()
