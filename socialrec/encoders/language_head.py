"""Loss of a language head at the places whose token is to be predicted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy
from transformers.modeling_outputs import BaseModelOutput

from socialrec.encoders.layers import ready_mask
from socialrec.encoders.weights import BaseModel
from socialrec.runtime.transfer import to_device

NOT_ASKED = -100
"""Target of a token that is not to be predicted."""


@dataclass(frozen=True)
class Questions:
    """One batch of inputs, and the tokens to predict, on the host; all int64 (n, longest)."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    targets: torch.Tensor
    """Token to predict at each place, NOT_ASKED elsewhere."""

    def rows(self, part: slice) -> Questions:
        """Select some of the texts."""
        return Questions(self.input_ids[part], self.attention_mask[part], self.targets[part])

    def chunks(self, budget: int) -> Iterator[Questions]:
        """Split all texts into chunks of at most `budget` tokens including padding; a longer text is a chunk of its
        own.
        """
        n_texts = max(1, budget // self.input_ids.shape[1])
        for start in range(0, len(self.input_ids), n_texts):
            yield self.rows(slice(start, start + n_texts))

    @property
    def n_asked(self) -> int:
        """Number of tokens to predict."""
        return int((self.targets != NOT_ASKED).sum())


def summed_loss(base: BaseModel, asked: Questions) -> torch.Tensor:
    """Sum the cross-entropies of the tokens to predict, a scalar; zero where there are none."""
    # Found on the host: a GPU that counts them makes the host wait.
    found = torch.nonzero(asked.targets.flatten() != NOT_ASKED).flatten()
    parts = (asked.input_ids, asked.attention_mask, found, asked.targets.flatten()[found])
    ids, mask, places, targets = (to_device(part, base.model.device) for part in parts)

    def keep_asked(_: torch.nn.Module, __: tuple[object, ...], output: BaseModelOutput) -> BaseModelOutput:
        # The head is as expensive as the body, so it reads only the places that count.
        output["last_hidden_state"] = output[0].flatten(0, 1).index_select(0, places).unsqueeze(0)
        return output

    hook = base.model.base_model.register_forward_hook(keep_asked)
    try:
        logits = base.model(input_ids=ids, attention_mask=ready_mask(base.model, mask)).logits[0]
    finally:
        hook.remove()
    return cross_entropy(logits.float(), targets, reduction="sum")
