"""Texts as token ids, batches of them as padded tensors, and the share of a language that a vocabulary covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from socialrec.encoders.weights import BaseModel

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
            "their language; set text.model to one that does, such as intfloat/multilingual-e5-small, and train again"
        )


def tokenize(base: BaseModel, texts: Sequence[str], max_tokens: int) -> list[Ids]:
    """Tokenize each text, cut at `max_tokens`, with the model's own first and last tokens; never empty."""
    if not texts:
        return []
    encoded = base.tokenizer(
        [readable(text) for text in texts], truncation=True, max_length=max_tokens, return_attention_mask=False
    )
    # A decoder adds no tokens of its own, so that an empty text would have none.
    nothing = (base.tokenizer.eos_token_id if base.tokenizer.eos_token_id is not None else base.tokenizer.pad_token_id,)
    return [tuple(ids) or nothing for ids in encoded["input_ids"]]


def readable(text: str) -> str:
    """Replace halves of surrogate pairs, which are no characters, by `?`, so that tokenizers accept the text."""
    return text.encode("utf-8", "replace").decode("utf-8")


def most_tokens(base: BaseModel) -> int:
    """Maximum number of tokens that the model reads."""
    positions = getattr(base.model.config, "max_position_embeddings", base.tokenizer.model_max_length)
    return min(int(base.tokenizer.model_max_length), int(positions))


def coverage(base: BaseModel, tokens: Iterable[Ids]) -> Coverage:
    """Count tokens and unknown ones; the model's own tokens, such as [CLS], count as neither."""
    unknown = base.tokenizer.unk_token_id
    own = set(base.tokenizer.all_special_ids) - {unknown}
    # Byte-level vocabularies cover every text; GPT-2's uses its end-of-text token as the unknown one.
    if unknown == base.tokenizer.eos_token_id:
        own, unknown = own | {unknown}, None
    n_tokens = n_unknown = 0
    for ids in tokens:
        n_tokens += sum(number not in own for number in ids)
        n_unknown += ids.count(unknown) if unknown is not None else 0
    return Coverage(n_tokens, n_unknown)


def padded(tokens: Sequence[Ids], base: BaseModel) -> dict[str, torch.Tensor]:
    """Pad tokens into `input_ids` and `attention_mask`, int64 (n, longest), on the right, on the model's device."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    lengths = torch.tensor([len(ids) for ids in tokens])
    ids = pad_sequence(
        [torch.tensor(ids) for ids in tokens], batch_first=True, padding_value=int(base.tokenizer.pad_token_id)
    )
    mask = (torch.arange(ids.shape[1]) < lengths.unsqueeze(1)).long()
    return {"input_ids": ids.to(base.model.device), "attention_mask": mask.to(base.model.device)}
