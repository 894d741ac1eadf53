"""Vectors of any vision model that transformers reads."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class VisionVectors(nn.Module):
    """Vectors of a vision model: of two towers the projection of the picture's, else its pooled output, else the mean.

    Raises ValueError for a model that reads no pictures.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        if getattr(model, "main_input_name", "") != "pixel_values" and not hasattr(model, "get_image_features"):
            raise ValueError(f"{type(model).__name__} reads no pictures")
        self.model: Any = model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Vectors (n, dim) of pixels (n, 3, height, width)."""
        pixels = pixels.to(next(self.model.parameters()).dtype)
        if hasattr(self.model, "get_image_features"):
            return _pooled(self.model.get_image_features(pixel_values=pixels)).float()
        return _pooled(self.model(pixel_values=pixels)).float()


def _pooled(output: Any) -> torch.Tensor:
    """One vector for each picture, (n, dim)."""
    if isinstance(output, torch.Tensor):
        return output.flatten(1)
    pooled = getattr(output, "pooler_output", None)
    if pooled is not None:
        return torch.as_tensor(pooled).flatten(1)
    hidden: torch.Tensor = output.last_hidden_state
    return hidden.mean(1) if hidden.dim() == 3 else hidden.mean((2, 3))
