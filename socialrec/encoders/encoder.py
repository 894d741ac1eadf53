"""Encoder: text in, unit vectors out, under a version that identifies everything that made them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from socialrec.encoders.batching import budget_batches
from socialrec.encoders.body import TunedModel, read_body
from socialrec.encoders.pooling import pool
from socialrec.encoders.precision import encoding_dtype, reading_network
from socialrec.encoders.tokens import Ids, most_tokens, padded, tokenize
from socialrec.encoders.weights import BaseModel, load_weights
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings

if TYPE_CHECKING:
    import torch

DOCUMENT = "encoder.json"
Vectors = npt.NDArray[np.float32]


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

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.base.model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts as unit vectors, float32 (n, dim). Equal texts have equal vectors, in any order."""
        return self.encode_tokens(self.tokenize(texts))

    def tokenize(self, texts: Sequence[str]) -> list[Ids]:
        """Token ids of each text, up to the length that this encoder reads."""
        return tokenize(self.base, texts, self.max_tokens)

    def encode_tokens(self, tokens: Sequence[Ids]) -> Vectors:
        """Encode tokenized texts as unit vectors, float32 (n, dim)."""
        import torch

        # Longest first for little padding; then by content, so that batches do not depend on the order.
        distinct = sorted(set(tokens), key=lambda ids: (-len(ids), ids))
        vectors = np.zeros((len(distinct), self.dim), dtype=np.float32)
        device = self.base.model.device.type
        is_mixed = device == "cpu" and self.dtype is torch.bfloat16
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=is_mixed):
            for batch in budget_batches([len(ids) for ids in distinct], self.batch_tokens):
                vectors[batch] = self._pooled(self._reader, padded(distinct[batch], self.base)).cpu().numpy()
        place = {ids: number for number, ids in enumerate(distinct)}
        return vectors[[place[ids] for ids in tokens]]

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Embed one batch of texts as unit vectors, float32 (n, dim), with gradients where they are enabled."""
        return self.embed_tokens(self.tokenize(texts))

    def embed_tokens(self, tokens: Sequence[Ids]) -> torch.Tensor:
        """Embed one batch of tokenized texts, as `embed` does."""
        return self._pooled(self.body.network, padded(tokens, self.base))

    def embed_padded(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Embed `input_ids` and `attention_mask`, int64 (n, longest), as `embed` does."""
        return self._pooled(self.body.network, inputs)

    @cached_property
    def _reader(self) -> torch.nn.Module:
        return reading_network(self.body.network, self.dtype)

    def _pooled(self, network: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return pool(network(**inputs).last_hidden_state, inputs["attention_mask"], self.base.pooling)

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
    """Assemble an encoder under its version: a hash over weights, vocabulary, training, pooling and length.

    Raises UserError where the base model cannot read that many tokens.
    """
    import torch

    if max_tokens > (limit := most_tokens(base)):
        raise UserError(f"text.max_tokens is {max_tokens}, but {base.name!r} reads {limit} at most: lower it")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    body.network.to(device).eval()
    parts = f"{base.sha256} {base.pooling} {max_tokens} {body.identity()}"
    stem = re.sub(r"[^a-z0-9]+", "-", Path(base.name).name.lower()).strip("-")
    version = f"{stem}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
    return Encoder(base, body, max_tokens, settings.batch_tokens, encoding_dtype(settings.precision, device), version)
