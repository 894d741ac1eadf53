"""Device and number format in which a machine encodes, and the network in that format."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from socialrec.encoders.adapted import as_peft
from socialrec.encoders.layers import layers_of
from socialrec.errors import UserError
from socialrec.settings.text import Device, Precision

if TYPE_CHECKING:
    import torch


def chosen_device(device: Device, setting: str = "text.device") -> str:
    """Choose the device; `auto` means the GPU where there is one. Raises UserError, which names the setting, where a
    GPU is set and none found.
    """
    import torch

    if device is Device.AUTO:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device is Device.CUDA and not torch.cuda.is_available():
        raise UserError(f"{setting} is 'cuda', but torch finds no GPU on this machine: set it to auto")
    return device.value


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


def reading_network(network: torch.nn.Module, dtype: torch.dtype, compiled: bool = False) -> torch.nn.Module:
    """Prepare the network for bulk encoding: a copy with its adapter merged, in this format, and compiled if wanted.

    A network without an adapter that is to run in float32 and not compiled is not copied. Embeddings, most of a
    multilingual model, are shared with the copy on a CPU, where they stay in float32 and on disk until a row is read.
    """
    import torch

    from socialrec.encoders.packed import pack_linears

    is_cpu = next(network.parameters()).device.type == "cpu"
    shared = _embeddings(network) if is_cpu and dtype is not torch.float16 else {}
    if adapted := as_peft(network):
        network = copy.deepcopy(adapted, shared).merge_and_unload()
    elif dtype is not torch.float32 or compiled:
        network = copy.deepcopy(network, shared)
    if is_cpu and dtype is torch.bfloat16:
        pack_linears(network)
        return network.eval()
    network = network.to(dtype).eval()
    if compiled:
        compile_layers(network)
    return network


def _embeddings(network: torch.nn.Module) -> dict[int, torch.Tensor]:
    """Parameters of embeddings by their id, as the memory of a deep copy that is not to copy them."""
    from torch import nn

    embeddings = [module for module in network.modules() if isinstance(module, nn.Embedding)]
    return {id(own): own for module in embeddings for own in module.parameters()}


def compile_layers(network: torch.nn.Module) -> None:
    """Compile each layer in place, for any number and length of texts.

    Layers are alike, so that torch compiles the first and the others take its program; hooks on embeddings, which are
    outside of them, still work.
    """
    for layer in layers_of(network):
        layer.compile(dynamic=True)
