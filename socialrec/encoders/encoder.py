"""Encoder: text in, unit vectors out, under a version that identifies everything that made them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from socialrec.encoders.body import TunedModel, read_body
from socialrec.encoders.bulk import Reader, Vectors, encode_rows
from socialrec.encoders.layers import ready_mask
from socialrec.encoders.pooling import pool
from socialrec.encoders.precision import chosen_device, encoding_dtype, reading_network
from socialrec.encoders.prompts import DOCUMENT, NO_PROMPTS, Role
from socialrec.encoders.rows import TokenRows
from socialrec.encoders.tokenizing import default_processes, rows_of
from socialrec.encoders.tokens import Ids, most_tokens, padded, tokenize
from socialrec.encoders.weights import BaseModel, load_weights
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings

if TYPE_CHECKING:
    import torch

__all__ = ["DOCUMENT", "Encoder", "Vectors", "assemble", "load_encoder", "load_saved"]


@dataclass(frozen=True)
class Encoder:
    """Base model with its trained parameters, as one function from texts to vectors."""

    base: BaseModel
    body: TunedModel
    """Base with its trained parameters, float32."""
    max_tokens: int
    batch_tokens: int
    dtype: torch.dtype
    """Number format of bulk encoding. It depends on the machine, as the batch size does, and is not part of the
    version.
    """
    version: str
    tokenizers: int = 0
    """Processes that tokenize while this one encodes."""
    compiled: bool = False
    """True: bulk encoding compiles the layers."""
    role: Role = Role.QUERY
    """Part of the texts, which decides the prompt that is read before each."""

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.base.model.config.hidden_size)

    def reading(self, role: Role) -> Encoder:
        """Make the encoder of texts in this role, under a version of its own where the model has a prompt for them."""
        return replace(self, role=role, version=self.base.prompts.version(self.version, role))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts as unit vectors, float32 (n, dim). Equal texts have equal vectors, in any order."""
        return self.encode_tokens(self.tokenize(texts))

    def tokenize(self, texts: Sequence[str]) -> list[Ids]:
        """Token ids of each text, up to the length that this encoder reads."""
        return tokenize(self.base, texts, self.max_tokens, self.base.prompts.of(self.role))

    def encode_tokens(self, tokens: Sequence[Ids]) -> Vectors:
        """Encode tokenized texts as unit vectors, float32 (n, dim)."""
        return next(self._encoded([TokenRows.of(tokens)]))[1]

    def encode_stream(self, chunks: Iterable[Sequence[str]]) -> Iterator[tuple[TokenRows, Vectors]]:
        """Encode chunks of texts in order, as tokens and unit vectors, float32 (n, dim); chunks are read ahead.

        On a GPU other processes tokenize the next chunks meanwhile, and vectors are copied while it computes.
        """
        return self._encoded(
            rows_of(self.base, chunks, self.max_tokens, self.tokenizers, self.base.prompts.of(self.role))
        )

    def _encoded(self, chunks: Iterable[TokenRows]) -> Iterator[tuple[TokenRows, Vectors]]:
        import torch

        device, pad = self.base.model.device, int(self.base.tokenizer.pad_token_id)
        is_mixed = device.type == "cpu" and self.dtype is torch.bfloat16
        return encode_rows(chunks, Reader(self._read, self.dim, device, is_mixed, pad, self.batch_tokens))

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Embed one batch of texts as unit vectors, float32 (n, dim), with gradients where they are enabled."""
        return self.embed_tokens(self.tokenize(texts))

    def embed_tokens(self, tokens: Sequence[Ids]) -> torch.Tensor:
        """Embed one batch of tokenized texts, as `embed` does."""
        return self.embed_padded(padded(tokens, self.base))

    def embed_padded(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Embed `input_ids` and, where texts are padded, `attention_mask`, int64 (n, longest), as `embed` does."""
        return self._pooled(self.body.network, inputs["input_ids"], inputs.get("attention_mask"))

    @cached_property
    def _reader(self) -> torch.nn.Module:
        return reading_network(self.body.network, self.dtype, self.compiled)

    def _read(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self._pooled(self._reader, ids, mask)

    def _pooled(self, network: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        ready = None if mask is None else ready_mask(self.base.model, mask)
        hidden = network(input_ids=ids, attention_mask=ready).last_hidden_state
        return pool(hidden, mask, self.base.pooling)

    def save(self, folder: Path) -> None:
        """Write the trained parameters (safetensors) and `encoder.json`; the base is not copied, but named by
        its hash.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.body.save(self.base.name, folder)
        document = {
            "version": self.version,
            "base": self.base.name,
            "base_sha256": self.base.sha256,
            "pooling": self.base.pooling.value,
            "max_tokens": self.max_tokens,
            "prompts": asdict(self.base.prompts),
        }
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")


def load_encoder(name: str, settings: TextSettings) -> Encoder:
    """Load an untuned base model by Hugging Face name or path. Raises UserError where it cannot be used."""
    base = load_weights(name)
    return assemble(base, TunedModel(base.model), settings, settings.max_tokens)


def load_saved(folder: Path, settings: TextSettings) -> Encoder:
    """Load the encoder that `Encoder.save` wrote, with its maximum length.

    Raises UserError where files are missing or damaged, or the base model is no longer the one it was made from.
    """
    try:
        document: dict[str, Any] = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        version, base_name, max_tokens = document["version"], document["base"], document["max_tokens"]
        base_sha256 = document["base_sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{folder} is not a saved encoder: its {DOCUMENT} cannot be read ({error!r})") from None
    if not isinstance(base_name, str) or not isinstance(max_tokens, int) or max_tokens < 1:
        raise UserError(
            f"{folder} is not a saved encoder: its {DOCUMENT} has base {base_name!r}, max_tokens {max_tokens!r}"
        )
    base = load_weights(base_name)
    if base.sha256 != base_sha256:
        raise UserError(
            f"{folder}: base model {base_name!r} has changed since this encoder was made: put the old weights back, "
            "or train again"
        )
    encoder = assemble(base, read_body(base, folder), settings, max_tokens)
    if encoder.version != version:
        raise UserError(f"{folder} holds {encoder.version}, not the {version} that was saved: fetch it again")
    return encoder


def assemble(base: BaseModel, body: TunedModel, settings: TextSettings, max_tokens: int) -> Encoder:
    """Assemble an encoder under its version: a hash over weights, vocabulary, training, pooling, prompts and length.

    Raises UserError where the base model cannot read that many tokens, or there is no GPU and the settings ask for it.
    """
    if max_tokens > (limit := most_tokens(base)):
        raise UserError(f"text.max_tokens is {max_tokens}, but {base.name!r} reads {limit} at most: lower it")
    device = chosen_device(settings.device)
    body.network.to(device).eval()
    parts = f"{base.sha256} {base.pooling} {max_tokens} {body.identity()}"
    if base.prompts != NO_PROMPTS:
        parts += f" {base.prompts}"
    stem = re.sub(r"[^a-z0-9]+", "-", Path(base.name).name.lower()).strip("-")
    version = f"{stem}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
    n_tokenizers = default_processes(device) if settings.tokenizers is None else settings.tokenizers
    dtype = encoding_dtype(settings.precision, device)
    return Encoder(base, body, max_tokens, settings.batch_tokens, dtype, version, n_tokenizers, settings.compile)
