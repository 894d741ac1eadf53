"""Pooling of token vectors into one text vector: by mean, by the first token, or by the last one."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig

_OLDER_WORDS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "lasttoken",
}


class Pooling(StrEnum):
    """Pooling modes, named as in sentence-transformers."""

    MEAN = "mean"
    CLS = "cls"
    LAST = "lasttoken"


def read_pooling(folder: Path, config: PretrainedConfig) -> Pooling:
    """Read the mode that sentence-transformers wrote beside the weights; the default is last for decoders, mean for
    others.

    Raises ValueError on other modes.
    """
    usual = Pooling.LAST if is_decoder(config) else Pooling.MEAN
    file = folder / "1_Pooling" / "config.json"
    if not file.exists():
        modules = folder / "modules.json"
        if modules.exists() and '.Pooling"' in modules.read_text(encoding="utf-8"):
            raise ValueError(f"modules.json names a pooling, but there is no {file}")
        return usual
    said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    older = [_OLDER_WORDS.get(key, key) for key, is_on in said.items() if key.startswith("pooling_mode_") and is_on]
    modes = said.get("pooling_mode") or older or usual.value
    return Pooling(modes if isinstance(modes, str) else " and ".join(modes))


def is_decoder(config: PretrainedConfig) -> bool:
    """Check if a token sees only the tokens before it (GPT, Qwen), so that the last one has seen the whole text."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    # BERT and its kind are in both lists, as they can be turned into decoders; they are excluded here.
    kind = config.model_type
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES


def pool(hidden: torch.Tensor, mask: torch.Tensor | None, pooling: Pooling) -> torch.Tensor:
    """Pool token vectors (n, length, dim) under a mask (n, length), padded on the right, into unit vectors, float32 (n,
    dim). Without a mask nothing is padded.
    """
    import torch
    from torch.nn.functional import normalize

    if pooling is Pooling.CLS:
        return normalize(hidden[:, 0].float(), dim=1)
    if mask is None:
        return normalize(hidden[:, -1].float() if pooling is Pooling.LAST else hidden.float().mean(1), dim=1)
    if pooling is Pooling.LAST:
        rows = torch.arange(len(hidden), device=hidden.device)
        return normalize(hidden[rows, mask.sum(1) - 1].float(), dim=1)
    weights = mask.unsqueeze(-1)
    return normalize((hidden.float() * weights).sum(1) / weights.sum(1), dim=1)
