"""State of AdaLoRA's rank importance (Zhang et al. 2023), as tensors for a checkpoint.

PEFT 0.21 keeps it in a RankAllocator that cannot be saved; only this module depends on its fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from socialrec.encoders.adapted import as_peft
from socialrec.text.training.checkpoint import Tensors

if TYPE_CHECKING:
    from peft import AdaLoraConfig, AdaLoraModel

_AVERAGES = ("ipt", "exp_avg_ipt", "exp_avg_unc")
"""Importance of each number at the last step, its average, and that of its uncertainty (their equations 8 to 10)."""
_PATTERN = "rank_pattern"
"""Key of the kept ranks of each layer, once they are decided."""


def rank_memory(network: nn.Module) -> Tensors:
    """State of a network that AdaLoRA tunes, by names of our own; empty for any other network."""
    if (adapted := _adapted(network)) is None:
        return {}
    averages = {
        f"{kind}/{name}": tensor for kind in _AVERAGES for name, tensor in getattr(adapted.rankallocator, kind).items()
    }
    pattern = _config(adapted).rank_pattern or {}
    return averages | {f"{_PATTERN}/{name}": torch.tensor(kept) for name, kept in pattern.items()}


def restore_rank_memory(network: nn.Module, memory: Tensors) -> None:
    """Restore what `rank_memory` returned into a network."""
    if (adapted := _adapted(network)) is None:
        return
    device = next(network.parameters()).device
    pattern = {}
    for key, tensor in memory.items():
        kind, name = key.split("/", 1)
        if kind == _PATTERN:
            pattern[name] = tensor.tolist()
        else:
            getattr(adapted.rankallocator, kind)[name] = tensor.to(device)
    if pattern:
        _config(adapted).rank_pattern = pattern


def _adapted(network: nn.Module) -> AdaLoraModel | None:
    if (peft := as_peft(network)) is None:
        return None
    from peft import AdaLoraModel

    return peft.base_model if isinstance(peft.base_model, AdaLoraModel) else None


def _config(adapted: AdaLoraModel) -> AdaLoraConfig:
    from peft import AdaLoraConfig

    config = adapted.peft_config[adapted.trainable_adapter_name]
    assert isinstance(config, AdaLoraConfig)
    return config
