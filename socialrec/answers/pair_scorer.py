"""Scorer of pairs (cross-encoder): reads a question and a passage together, and says how well the passage answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import cosine_similarity

from socialrec.encoders.body import TunedModel, read_body
from socialrec.encoders.layers import ready_mask
from socialrec.encoders.precision import chosen_device, encoding_dtype, reading_network
from socialrec.encoders.tokens import Ids, padded_on_host, tokenize
from socialrec.encoders.weights import BaseModel, load_weights
from socialrec.errors import UserError
from socialrec.runtime.transfer import to_device
from socialrec.settings.text import TextSettings
from socialrec.vectors.arrays import F32

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = "head.safetensors"
DOCUMENT = "pair_scorer.json"
BATCH_PAIRS, LENGTH_STEP = 16, 8
"""Every batch has so many pairs, and a length that is a multiple of this: a pair's score does not depend on the
others of its batch.
"""
_DECIMALS = 3
_START_SCALE, _START_OFFSET = 6.0, -3.0
"""Start of the logit as a function of the cosine between the two halves, which a sentence encoder has learned."""
Pair = tuple[Ids, int]
"""Token ids of a question and a passage, and the number of those of the question."""


class PairHead(nn.Module):
    """Head from the mean token vectors of the question and of the passage, (n, dim) each, to logits (n,)."""

    def __init__(self, dim: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(_START_SCALE))
        self.offset = nn.Parameter(torch.tensor(_START_OFFSET))
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(3 * dim, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, first: torch.Tensor, question: torch.Tensor, passage: torch.Tensor) -> torch.Tensor:
        """Logits; `first` is the vector of the first token."""
        beside = torch.cat([first, question * passage, (question - passage).abs()], dim=1)
        cosine = cosine_similarity(question, passage)
        logits: torch.Tensor = self.scale * cosine + self.offset + self.linear(self.dropout(beside)).squeeze(1)
        return logits


@dataclass(frozen=True)
class PairScorer:
    """Base model with its trained parameters and its head, as one function from pairs of texts to logits."""

    base: BaseModel
    body: TunedModel
    head: PairHead
    max_tokens: int
    reader: nn.Module
    """Network of `body` in the machine's number format."""
    is_mixed: bool

    @classmethod
    def of(cls, base: BaseModel, body: TunedModel, head: PairHead, max_tokens: int, text: TextSettings) -> PairScorer:
        """Prepare a scorer for reading on the settings' device."""
        device = chosen_device(text.device)
        dtype = encoding_dtype(text.precision, device)
        body.network.to(device).eval()
        reader = reading_network(body.network, dtype, text.compile)
        is_mixed = device == "cpu" and dtype is torch.bfloat16
        return cls(base, body, head.to(device).eval(), max_tokens, reader, is_mixed)

    def score(self, questions: Sequence[str], passages: Sequence[str]) -> F32:
        """Logits of pairs, float32 (n,). Equal pairs have equal logits, in any order and number."""
        pairs = tokenize_pairs(self.base, questions, passages, self.max_tokens)
        distinct = sorted(set(pairs), key=lambda pair: (_padded_length(pair), pair))
        scores: dict[Pair, float] = {}
        for length in sorted({_padded_length(pair) for pair in distinct}):
            same = [pair for pair in distinct if _padded_length(pair) == length]
            for start in range(0, len(same), BATCH_PAIRS):
                batch = same[start : start + BATCH_PAIRS]
                filled = [*batch, *[batch[-1]] * (BATCH_PAIRS - len(batch))]
                scores.update(zip(batch, self._read(filled, length), strict=False))
        return np.round([scores[pair] for pair in pairs], _DECIMALS).astype(np.float32)

    def _read(self, pairs: Sequence[Pair], length: int) -> list[float]:
        with torch.inference_mode(), torch.autocast(self.base.model.device.type, torch.bfloat16, enabled=self.is_mixed):
            logits = pair_logits(self.base, self.reader, self.head, pairs, length)
        found: list[float] = logits.float().cpu().tolist()
        return found

    def save(self, folder: Path) -> None:
        """Write the trained parameters and the head (safetensors) and `pair_scorer.json`; the base is named by hash."""
        folder.mkdir(parents=True, exist_ok=True)
        self.body.save(self.base.name, folder)
        save_file({name: tensor.cpu().contiguous() for name, tensor in self.head.state_dict().items()}, folder / HEAD)
        document = {"base": self.base.name, "base_sha256": self.base.sha256, "max_tokens": self.max_tokens}
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")


def load_pair_scorer(folder: Path, text: TextSettings) -> PairScorer:
    """Load the scorer that `PairScorer.save` wrote. Raises UserError where files are missing, damaged or of another
    base.
    """
    try:
        document: Mapping[str, Any] = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        name, sha256, max_tokens = str(document["base"]), str(document["base_sha256"]), int(document["max_tokens"])
        tensors = load_file(folder / HEAD)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, RecursionError) as error:
        raise UserError(f"{folder} is no saved scorer of pairs: fetch it again ({error!r})") from None
    base = load_weights(name)
    if base.sha256 != sha256:
        raise UserError(f"{folder}: base model {name!r} has changed since: put the old weights back, or train again")
    head = PairHead(int(base.model.config.hidden_size))
    try:
        head.load_state_dict(tensors)
    except RuntimeError:
        raise UserError(f"{folder}: its {HEAD} does not fit {name!r}: fetch it again") from None
    return PairScorer.of(base, read_body(base, folder), head, max_tokens, text)


def tokenize_pairs(base: BaseModel, questions: Sequence[str], passages: Sequence[str], max_tokens: int) -> list[Pair]:
    """Token ids of pairs: those of the question, at most half of `max_tokens`, and as many of the passage as fit."""
    asked = _by_text(base, questions, max_tokens // 2)
    said = _by_text(base, passages, max_tokens)
    pairs = zip(questions, passages, strict=True)
    return [((*asked[question], *said[passage])[:max_tokens], len(asked[question])) for question, passage in pairs]


def pair_logits(
    base: BaseModel, network: nn.Module, head: PairHead, pairs: Sequence[Pair], length: int | None = None
) -> torch.Tensor:
    """Logits of a batch of pairs (n,), with gradients where they are enabled; padded to `length` where it is given."""
    inputs = padded_on_host([ids for ids, _ in pairs], base)
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    if length is not None:
        more = (0, length - ids.shape[1])
        ids = nn.functional.pad(ids, more, value=int(base.tokenizer.pad_token_id))
        mask = nn.functional.pad(mask, more)
    n_asked = torch.tensor([n for _, n in pairs])
    is_asked = (torch.arange(ids.shape[1]) < n_asked[:, None]).long()
    device = base.model.device
    ids, mask, is_asked = (to_device(part, device) for part in (ids, mask, is_asked))
    hidden = network(input_ids=ids, attention_mask=ready_mask(base.model, mask)).last_hidden_state.float()
    question, passage = (_mean(hidden, part) for part in (is_asked, mask - is_asked))
    logits: torch.Tensor = head(hidden[:, 0], question, passage)
    return logits


def _mean(hidden: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    weights = part.unsqueeze(-1).float()
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1.0)


def _padded_length(pair: Pair) -> int:
    return -(-len(pair[0]) // LENGTH_STEP) * LENGTH_STEP


def _by_text(base: BaseModel, texts: Sequence[str], max_tokens: int) -> dict[str, Ids]:
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, tokenize(base, distinct, max_tokens), strict=True))
