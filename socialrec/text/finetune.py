"""LoRA fine-tuning of an encoder so that a comment lies close to the product it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from socialrec.settings import TextSettings
from socialrec.text.encoder import Encoder, Vectors, assemble
from socialrec.text.weights import Weights, load_weights

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

Progress = Callable[[int, float], None]
"""Told the step, from 1, and its loss."""


@dataclass(frozen=True)
class Pairs:
    """Comments and the products they are about: one text each a pair, and the product's number."""

    comments: Sequence[str]
    products: Sequence[str]
    product_ids: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.comments)

    def take(self, places: Sequence[int] | npt.NDArray[np.int64]) -> Pairs:
        """These pairs, in this order."""
        chosen = [int(place) for place in places]
        return Pairs(
            [self.comments[place] for place in chosen],
            [self.products[place] for place in chosen],
            self.product_ids[chosen],
        )


@dataclass(frozen=True)
class FineTuned:
    """The encoder with its new adapter, and the loss of each step."""

    encoder: Encoder
    losses: list[float]


def fine_tune(pairs: Pairs, settings: TextSettings, progress: Progress) -> FineTuned:
    """Train a LoRA adapter (Hu et al. 2021) on the base model with the InfoNCE loss (van den Oord et al. 2018).

    The other pairs of a step are its negatives, in both directions; another comment on the same product is not one.
    The same pairs and settings give the same adapter on the same kind of machine. Takes at least one pair.
    """
    import torch

    torch.manual_seed(settings.seed)
    base = load_weights(settings.model)
    network = _with_lora(base, settings)
    encoder = assemble(base, network, settings, settings.max_tokens)
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=settings.learning_rate)
    network.train()
    losses: list[float] = []
    for places in batches(len(pairs), settings.train_pairs, settings.train_steps, settings.seed):
        step = pairs.take(places)
        loss = info_nce(
            encoder.embed(step.comments), encoder.embed(step.products), step.product_ids, settings.temperature
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        progress(len(losses), losses[-1])
    # Once more, for the version of what was learned.
    return FineTuned(assemble(base, network, settings, settings.max_tokens), losses)


def _with_lora(base: Weights, settings: TextSettings) -> PeftModel:
    from peft import LoraConfig, get_peft_model
    from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=None if base.model.config.model_type in KNOWN else "all-linear",
    )
    return get_peft_model(base.model, config)


def info_nce(
    comments: torch.Tensor, products: torch.Tensor, product_ids: npt.NDArray[np.int64], temperature: float
) -> torch.Tensor:
    """Mean of both directions' cross-entropy over unit vectors (n, dim); same products are no negatives. Scalar."""
    import torch
    from torch.nn.functional import cross_entropy

    scores = comments @ products.T / temperature
    same = torch.from_numpy(product_ids[:, None] == product_ids[None, :]).to(scores.device)
    same.fill_diagonal_(False)
    scores = scores.masked_fill(same, float("-inf"))
    own = torch.arange(len(scores), device=scores.device)
    return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2


def batches(n_pairs: int, size: int, steps: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Places of each step's pairs: seeded shuffles, one after the other; a step never holds a pair twice."""
    rng = np.random.default_rng(seed)
    size = min(size, n_pairs)
    waiting = np.array([], dtype=np.int64)
    for _ in range(steps):
        if len(waiting) < size:
            waiting = rng.permutation(n_pairs)
        yield waiting[:size]
        waiting = waiting[size:]


def recall_at(encoder: Encoder, pairs: Pairs, cutoff: int) -> float:
    """Share of comments whose product is among the `cutoff` nearest of the pairs' products. Takes at least one pair."""
    ids, first = np.unique(pairs.product_ids, return_index=True)
    products = encoder.encode([pairs.products[int(place)] for place in first])
    return recall_of(encoder.encode(pairs.comments), products, np.searchsorted(ids, pairs.product_ids), cutoff)


def recall_of(comments: Vectors, products: Vectors, own: npt.NDArray[np.intp], cutoff: int) -> float:
    """Share of comments (n, dim) with their own of the products (m, dim) among the `cutoff` nearest; `own` is its row.

    Products that are equally near share the places among them, so that an encoder that tells nothing apart gains
    nothing by it.
    """
    scores = comments @ products.T
    own_scores = scores[np.arange(len(comments)), own][:, None]
    n_nearer, n_equal = (scores > own_scores).sum(axis=1), (scores == own_scores).sum(axis=1)
    return float(np.clip((cutoff - n_nearer) / n_equal, 0, 1).mean())
