"""Bottleneck adapters (Houlsby et al. 2019, one after each layer as in Bapna & Firat 2019); PEFT has none."""

from __future__ import annotations

import torch
from torch import nn
from transformers import PreTrainedModel

from socialrec.encoders.layers import layers_of
from socialrec.errors import UserError

CHILD = "bottleneck"


class Bottleneck(nn.Module):
    """`x + up(gelu(down(x)))`, (…, dim) to (…, dim). It starts as the identity."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(dim, width), nn.Linear(width, dim)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Apply the adapter."""
        result: torch.Tensor = hidden + self.up(nn.functional.gelu(self.down(hidden)))
        return result


def insert_bottlenecks(model: PreTrainedModel, width: int) -> None:
    """Insert a trainable adapter after each layer, in place, and freeze all other parameters."""
    model.requires_grad_(False)
    layers = layers_of(model)
    if not layers:
        raise UserError(f"text.tuning 'bottleneck' does not fit {type(model).__name__}: set it to lora")
    for layer in layers:
        layer.add_module(CHILD, Bottleneck(model.config.hidden_size, width).to(model.device))
        layer.register_forward_hook(_through)


def _through(
    layer: nn.Module, _: object, output: torch.Tensor | tuple[torch.Tensor, ...]
) -> torch.Tensor | tuple[torch.Tensor, ...]:
    # A function of the module, so that copies of the layer go through their own adapter.
    adapter = layer.get_submodule(CHILD)
    return (adapter(output[0]), *output[1:]) if isinstance(output, tuple) else adapter(output)
