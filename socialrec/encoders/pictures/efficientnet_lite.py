"""EfficientNet-lite0 (Tan and Le 2019, in the lite variant of its authors): a small network for pictures.

The lite variant has no squeeze-and-excitation, ReLU6 in place of swish, and a fixed stem and head. Convolutions pad as
TensorFlow does, in which the published weights were trained.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

CHANNELS = 1280
"""Channels of the last layer."""
CLASSES = 1000
SIDE = 224
"""Side in pixels of the pictures that it was trained on."""
_STEM = 32
_READ_MAPS = (11, 15, 16, 17)
"""Feature maps that vectors are made of: those after blocks 11, 15 and 16, and the head's. Of the sets of last maps,
the one with the best classes of clothing on validation (`socialrec bench pictures`).
"""
VECTOR_DIM = 112 + 192 + 320 + CHANNELS
_EPSILON = 1e-3
_MOMENTUM = 0.01
_STAGES = (
    # kernel, stride, expansion, channels, blocks: table 1 of the paper
    *((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3)),
    *((5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1)),
)


class SamePadConv2d(nn.Conv2d):
    """Convolution without bias that pads as TensorFlow's `SAME` does: with stride 2 more at the end than at the
    beginning.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = 0 if stride > 1 else kernel // 2
        super().__init__(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Convolve a batch of feature maps, (n, channels, height, width)."""
        (stride, _), (kernel, _) = self.stride, self.kernel_size
        if stride > 1:
            lacks = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in input.shape[-2:]]
            height, width = lacks
            input = functional.pad(input, (width // 2, width - width // 2, height // 2, height - height // 2))
        return super().forward(input)


class MobileBlock(nn.Module):
    """Inverted residual block (Sandler et al. 2018): expand, filter each channel, project; add where sizes agree."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels * expansion
        self.expands = expansion > 1
        self.normalised_by = {"depthwise_conv": "bn1", "project_conv": "bn2"}
        if self.expands:
            self.normalised_by["expand_conv"] = "bn0"
            self.expand_conv = SamePadConv2d(channels, wide, 1)
            self.bn0 = _norm(wide)
        self.depthwise_conv = SamePadConv2d(wide, wide, kernel, stride, groups=wide)
        self.bn1 = _norm(wide)
        self.project_conv = SamePadConv2d(wide, out_channels, 1)
        self.bn2 = _norm(out_channels)
        self.is_residual = stride == 1 and channels == out_channels

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Transform a batch of feature maps."""
        wide = functional.relu6(self.bn0(self.expand_conv(maps))) if self.expands else maps
        wide = functional.relu6(self.bn1(self.depthwise_conv(wide)))
        projected: torch.Tensor = self.bn2(self.project_conv(wide))
        return maps + projected if self.is_residual else projected


class EfficientNetLite0(nn.Module):
    """The network, with its classifier of ImageNet's classes."""

    def __init__(self) -> None:
        super().__init__()
        self.normalised_by = {"conv_stem": "bn0", "conv_head": "bn1"}
        self.conv_stem = SamePadConv2d(3, _STEM, 3, 2)
        self.bn0 = _norm(_STEM)
        blocks, channels = [], _STEM
        for kernel, stride, expansion, out_channels, n_blocks in _STAGES:
            for place in range(n_blocks):
                blocks.append(MobileBlock(channels, out_channels, kernel, 1 if place else stride, expansion))
                channels = out_channels
        self.blocks = nn.ModuleList(blocks)
        self.conv_head = SamePadConv2d(channels, CHANNELS, 1)
        self.bn1 = _norm(CHANNELS)
        self.fc = nn.Linear(CHANNELS, CLASSES)

    def feature_maps(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps of stem, blocks and head, in their order, for pixels (n, 3, height, width)."""
        maps = [functional.relu6(self.bn0(self.conv_stem(pixels)))]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return [*maps, functional.relu6(self.bn1(self.conv_head(maps[-1])))]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Mean of the last feature map, (n, 1280), for pixels (n, 3, height, width)."""
        return self.feature_maps(pixels)[-1].mean((2, 3))


class LiteVectors(nn.Module):
    """Picture vectors of the network: its last feature maps, each as a mean of unit length, side by side."""

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Vectors (n, 1904) of bytes of RGB (n, 3, height, width)."""
        scaled = normalised(pixels).to(self.network.conv_stem.weight.dtype)
        maps = self.network.feature_maps(scaled.contiguous(memory_format=torch.channels_last))
        means = (functional.normalize(maps[place].float().mean((2, 3)), dim=1) for place in _READ_MAPS)
        return torch.cat(list(means), dim=1)


def folded(network: EfficientNetLite0) -> EfficientNetLite0:
    """Copy a network for reading: each normalisation is made part of the convolution before it."""
    network = copy.deepcopy(network).eval()
    for module in (network, *network.blocks):
        for convolution, norm in module.normalised_by.items():
            setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
            setattr(module, norm, nn.Identity())
    return network


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Bring bytes of RGB into the range in which the network was trained: from -1 to 1."""
    return (pixels.float() - 127.0) / 128.0


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)
