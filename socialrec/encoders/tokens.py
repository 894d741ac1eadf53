"""Texts as token ids, batches of them as padded tensors, and the share of a language that a vocabulary covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from socialrec.encoders.rows import TokenRows
from socialrec.encoders.weights import BaseModel
from socialrec.runtime.transfer import to_device

if TYPE_CHECKING:
    import torch

MAX_UNKNOWN_SHARE = 0.05
"""Share of unknown tokens above which a model does not read the texts' language."""
Ids = tuple[int, ...]


@dataclass(frozen=True)
class Coverage:
    """Number of tokens of some texts, and of those that the vocabulary does not know."""

    n_tokens: int = 0
    n_unknown: int = 0

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(self.n_tokens + other.n_tokens, self.n_unknown + other.n_unknown)

    @property
    def unknown_share(self) -> float:
        """Share of unknown tokens; 0 where there are no tokens."""
        return self.n_unknown / self.n_tokens if self.n_tokens else 0.0

    def warning(self, model: str) -> str | None:
        """One-line remedy where too many tokens are unknown; None otherwise."""
        if self.unknown_share <= MAX_UNKNOWN_SHARE:
            return None
        return (
            f"{self.unknown_share:.1%} of the texts' tokens are unknown to text.model {model!r}: it does not read "
            "their language; set text.model to one that does, such as multilingual-e5-small, and train again"
        )


def tokenize(base: BaseModel, texts: Sequence[str], max_tokens: int, prompt: str = "") -> list[Ids]:
    """Tokenize each text after a prompt, cut at `max_tokens`, between the model's own first and last tokens.

    No list is empty.
    """
    if not texts:
        return []
    encoded = base.tokenizer(
        [prompt + readable(text) for text in texts], truncation=True, max_length=max_tokens, return_attention_mask=False
    )
    return [tuple(ids) or nothing_ids(base) for ids in encoded["input_ids"]]


def readable(text: str) -> str:
    """Replace halves of surrogate pairs, which are no characters, by `?`, so that tokenizers accept the text."""
    return text.encode("utf-8", "replace").decode("utf-8")


def most_tokens(base: BaseModel) -> int:
    """Maximum number of tokens that the model reads."""
    positions = getattr(base.model.config, "max_position_embeddings", base.tokenizer.model_max_length)
    return min(int(base.tokenizer.model_max_length), int(positions))


def nothing_ids(base: BaseModel) -> Ids:
    """Token ids of a text without tokens: a decoder adds no tokens of its own, so that an empty text has none."""
    eos = base.tokenizer.eos_token_id
    return (int(eos if eos is not None else base.tokenizer.pad_token_id),)


def coverage(base: BaseModel, tokens: Sequence[Ids]) -> Coverage:
    """Count the tokens of some texts, as `rows_coverage` does."""
    return rows_coverage(base, TokenRows.of(tokens))


def rows_coverage(base: BaseModel, rows: TokenRows) -> Coverage:
    """Count tokens and unknown ones; the model's own tokens, such as [CLS], count as neither."""
    unknown = base.tokenizer.unk_token_id
    own = set(base.tokenizer.all_special_ids) - {unknown}
    # Byte-level vocabularies cover every text; GPT-2's uses its end-of-text token as the unknown one.
    if unknown == base.tokenizer.eos_token_id:
        own, unknown = own | {unknown}, None
    counts = np.bincount(rows.ids, minlength=1 + max(own | {unknown or 0}))
    n_unknown = 0 if unknown is None else int(counts[unknown])
    return Coverage(len(rows.ids) - sum(int(counts[number]) for number in own), n_unknown)


def padded(tokens: Sequence[Ids], base: BaseModel) -> dict[str, torch.Tensor]:
    """Pad tokens as `padded_on_host` does, on the model's device; texts of one length need no mask."""
    inputs = padded_on_host(tokens, base)
    if min(map(len, tokens)) == inputs["input_ids"].shape[1]:
        del inputs["attention_mask"]
    return {name: to_device(tensor, base.model.device) for name, tensor in inputs.items()}


def padded_on_host(tokens: Sequence[Ids], base: BaseModel) -> dict[str, torch.Tensor]:
    """Pad tokens into `input_ids` and `attention_mask`, int64 (n, longest), on the right."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    lengths = torch.tensor([len(ids) for ids in tokens])
    ids = pad_sequence(
        [torch.tensor(ids) for ids in tokens], batch_first=True, padding_value=int(base.tokenizer.pad_token_id)
    )
    mask = (torch.arange(ids.shape[1]) < lengths.unsqueeze(1)).long()
    return {"input_ids": ids, "attention_mask": mask}
