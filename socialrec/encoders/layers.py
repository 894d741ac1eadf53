"""Layers of a transformer, and the masks that its attention takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from socialrec.encoders.pooling import is_decoder

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel


def layers_of(network: nn.Module) -> Sequence[nn.Module]:
    """Find the stack of equal layers, in order; empty where there is none."""
    from torch import nn

    for module in network.modules():
        config = getattr(module, "config", None)
        if config is not None and not isinstance(config, dict):
            stacks = [part for part in module.modules() if isinstance(part, nn.ModuleList)]
            return next((list(stack) for stack in stacks if len(stack) == config.num_hidden_layers), [])
    return []


def ready_mask(model: PreTrainedModel, mask: torch.Tensor) -> torch.Tensor | None:
    """Give an encoder's mask (n, length) the shape that attention takes, (n, 1, 1, length), where the model allows it.

    Otherwise transformers looks at the values of the mask to see if it can leave it out, for which the host must wait
    until a GPU has done all its work. A decoder needs none, because padding is on the right, where no token looks.
    """
    config = model.config
    if is_decoder(config):
        return None
    makes_none = "create_bidirectional_mask" in vars(sys.modules[type(model).__module__])
    is_local = getattr(config, "sliding_window", None) or hasattr(config, "local_attention")
    if not makes_none or is_local or config.is_decoder or config._attn_implementation != "sdpa":
        return mask
    return mask[:, None, None, :].bool()
