"""One encoder: text in, unit vectors out, under a version that names exactly what made them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from socialrec.errors import UserError
from socialrec.settings import TextSettings
from socialrec.text.pooling import pool
from socialrec.text.precision import encoding_dtype, reading_network
from socialrec.text.tokens import Ids, budget_batches, padded, tokenize
from socialrec.text.weights import Weights, hash_tensors, load_weights

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

DOCUMENT = "encoder.json"
ADAPTER = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """A base model, with a LoRA adapter where one was trained."""

    base: Weights
    adapted: PeftModel | None
    """The base wrapped with its adapter, where it has one."""
    max_tokens: int
    batch_tokens: int
    dtype: torch.dtype
    """The format of bulk encoding. Like the batch size it depends on the machine, and is no part of the version."""
    version: str

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.base.model.config.hidden_size)

    @property
    def network(self) -> torch.nn.Module:
        """The base with its adapter, float32, as it is trained."""
        return self.base.model if self.adapted is None else self.adapted

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, float32 (n, dim). Equal texts have equal vectors, whatever their order."""
        return self.encode_tokens(self.tokenize(texts))

    def tokenize(self, texts: Sequence[str]) -> list[Ids]:
        """Token ids of each text, as far as this encoder reads it."""
        return tokenize(self.base, texts, self.max_tokens)

    def encode_tokens(self, tokens: Sequence[Ids]) -> Vectors:
        """Unit vectors of tokenized texts, float32 (n, dim)."""
        import torch

        # Longest first, so that little is padded; by content, so that batches do not depend on the order.
        distinct = sorted(set(tokens), key=lambda ids: (-len(ids), ids))
        vectors = np.zeros((len(distinct), self.dim), dtype=np.float32)
        device = self.base.model.device.type
        is_mixed = device == "cpu" and self.dtype is torch.bfloat16
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=is_mixed):
            for batch in budget_batches([len(ids) for ids in distinct], self.batch_tokens):
                vectors[batch] = self._pooled(self._reader, distinct[batch]).cpu().numpy()
        place = {ids: number for number, ids in enumerate(distinct)}
        return vectors[[place[ids] for ids in tokens]]

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors of one batch, float32 (n, dim), with gradients where they are on."""
        return self._pooled(self.network, self.tokenize(texts))

    @cached_property
    def _reader(self) -> torch.nn.Module:
        return reading_network(self.network, self.dtype)

    def _pooled(self, network: torch.nn.Module, tokens: Sequence[Ids]) -> torch.Tensor:
        inputs = padded(tokens, self.base)
        return pool(network(**inputs).last_hidden_state, inputs["attention_mask"], self.base.pooling)

    def save(self, folder: Path) -> None:
        """Write adapter (safetensors) and `encoder.json`; the base weights stay where they are, named by hash."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.adapted is not None:
            _save_adapter(self.adapted, self.base.name, folder)
        document = {
            "version": self.version,
            "base": self.base.name,
            "base_sha256": self.base.sha256,
            "pooling": self.base.pooling.value,
            "max_tokens": self.max_tokens,
        }
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")


def load_encoder(name: str, settings: TextSettings) -> Encoder:
    """A base model as it is, by Hugging Face name or path. Raises UserError where it cannot be used."""
    return assemble(load_weights(name), None, settings, settings.max_tokens)


def load_saved(folder: Path, settings: TextSettings) -> Encoder:
    """The encoder that `Encoder.save` wrote, with the length it was made with.

    Raises UserError where files are missing or damaged, or the base model is no longer the one it was made from.
    """
    try:
        document: dict[str, Any] = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        version, base_name, max_tokens = document["version"], document["base"], document["max_tokens"]
        base_sha256 = document["base_sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{folder} is not a saved encoder: its {DOCUMENT} cannot be read ({error!r})") from None
    base = load_weights(base_name)
    if base.sha256 != base_sha256:
        raise UserError(
            f"{folder}: base model {base_name!r} has changed since this encoder was made: put the old weights back, "
            "or train again"
        )
    adapted = _read_adapter(base, folder) if (folder / ADAPTER).exists() else None
    encoder = assemble(base, adapted, settings, max_tokens)
    if encoder.version != version:
        raise UserError(f"{folder} holds {encoder.version}, not the {version} that was saved: fetch it again")
    return encoder


def assemble(base: Weights, adapted: PeftModel | None, settings: TextSettings, max_tokens: int) -> Encoder:
    """Put an encoder together under its version: a hash over weights, vocabulary, adapter, pooling and length.

    Raises UserError where the base model cannot read that many tokens.
    """
    import torch

    limit = min(base.tokenizer.model_max_length, getattr(base.model.config, "max_position_embeddings", max_tokens))
    if max_tokens > limit:
        raise UserError(f"text.max_tokens is {max_tokens}, but {base.name!r} reads {limit} at most: lower it")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network: torch.nn.Module = base.model if adapted is None else adapted
    network.to(device).eval()
    parts = f"{base.sha256} {base.pooling} {max_tokens} {_adapter_identity(adapted)}"
    stem = re.sub(r"[^a-z0-9]+", "-", Path(base.name).name.lower()).strip("-")
    version = f"{stem}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
    return Encoder(
        base, adapted, max_tokens, settings.batch_tokens, encoding_dtype(settings.precision, device), version
    )


def _adapter_identity(adapted: PeftModel | None) -> str:
    if adapted is None:
        return ""
    from peft import get_peft_model_state_dict

    # The same tensors count for more under a greater alpha.
    alpha = adapted.peft_config["default"].to_dict()["lora_alpha"]
    return f"{alpha} {hash_tensors(get_peft_model_state_dict(adapted, save_embedding_layers=False))}"


def _save_adapter(adapted: PeftModel, base: str, folder: Path) -> None:
    """Write a LoRA adapter as safetensors; its base is named as the settings name it, never by a local path."""
    adapted.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    file = folder / ADAPTER_CONFIG
    config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) | {"base_model_name_or_path": base}
    # Sets come in another order in every process.
    ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in config.items()}
    file.write_text(json.dumps(ordered, indent=1, sort_keys=True), encoding="utf-8")


def _read_adapter(base: Weights, folder: Path) -> PeftModel:
    from peft import PeftModel
    from safetensors import SafetensorError

    try:
        return PeftModel.from_pretrained(base.model, str(folder))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(f"{folder} holds no adapter that fits {base.name!r}: fetch it again ({why})") from None
