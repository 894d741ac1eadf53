"""Linear layers for encoding on a CPU in bfloat16: weights packed once, bias and GELU fused into the product.

Values between layers, above all the residual sums, stay in float32: rounding them too would change one nearest
neighbour in a hundred. `torch.nn.Linear` writes the bias into a fresh matrix before each product and reads it again for
the activation, which takes a third of the time of a small encoder. The operations here are those of torch.compile,
without a compiler.
"""

from __future__ import annotations

import torch
from torch import nn


class PackedLinear(nn.Module):
    """`activation(x @ weight.T + bias)`, x (…, n_in) to (…, n_out) in bfloat16. For inference only."""

    def __init__(self, linear: nn.Linear, with_gelu: bool = False) -> None:
        super().__init__()
        self.bias = None if linear.bias is None else linear.bias.detach().bfloat16()
        self.activation, self.algorithm = ("gelu", "none") if with_gelu else ("none", "")
        self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach().bfloat16(), None)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Apply the layer."""
        result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            rows.bfloat16(), self.packed, self.bias, self.activation, [], self.algorithm
        )
        return result


def pack_linears(network: nn.Module) -> None:
    """Replace every linear layer in place; where an exact GELU follows one in BERT's kind, the two are fused."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear:
                joins_gelu = name == "dense" and _is_exact_gelu(getattr(module, "intermediate_act_fn", None))
                setattr(module, name, PackedLinear(child, joins_gelu))
                if joins_gelu:
                    module.intermediate_act_fn = nn.Identity()


def _is_exact_gelu(activation: object) -> bool:
    from transformers.activations import GELUActivation

    is_exact = isinstance(activation, nn.GELU) and activation.approximate == "none"
    return is_exact or (isinstance(activation, GELUActivation) and activation.act is nn.functional.gelu)
