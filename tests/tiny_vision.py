"""A tiny vision model with its preparation of pictures, as a hub would hold it."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import ViTConfig, ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil


def make_vit(folder: Path, seed: int = 7, width: int = 12) -> Path:
    """A ViT that reads 16 x 16 pixels in patches of 8, with vectors of `width` numbers."""
    torch.manual_seed(seed)
    sizes = {"hidden_size": width, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = ViTModel(ViTConfig(image_size=16, patch_size=8, **sizes))
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder
