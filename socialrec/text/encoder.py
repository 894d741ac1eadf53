"""One encoder: text in, unit vectors out, under a version that names exactly what made them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from socialrec.errors import UserError
from socialrec.settings import TextSettings
from socialrec.text.weights import Pooling, Weights, load_weights

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

DOCUMENT = "encoder.json"
ADAPTER = "adapter_model.safetensors"
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """A base model, with a LoRA adapter where one was trained."""

    base: Weights
    network: PreTrainedModel
    """The base model itself, or the base wrapped with its adapter."""
    max_tokens: int
    batch_texts: int
    version: str

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.base.model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, float32 (n, dim); longest first in batches, so that little is padded."""
        import torch

        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda place: (-len(texts[place]), texts[place]))
        with torch.inference_mode():
            for places in _slices(order, self.batch_texts):
                vectors[places] = self.embed([texts[place] for place in places]).cpu().numpy()
        return vectors

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors of one batch, float32 (n, dim), with gradients where they are on."""
        from torch.nn.functional import normalize

        tokens = self.base.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(self.network.device)
        hidden = self.network(**tokens).last_hidden_state
        if self.base.pooling is Pooling.CLS:
            return normalize(hidden[:, 0].float(), dim=1)
        mask = tokens["attention_mask"].unsqueeze(-1)
        return normalize((hidden * mask).sum(1).float() / mask.sum(1).clamp(min=1), dim=1)

    def save(self, folder: Path) -> None:
        """Write adapter (safetensors) and `encoder.json`; the base weights stay where they are, named by hash."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.network is not self.base.model:
            save_adapter(self.network, self.base.name, folder)
        document = {
            "version": self.version,
            "base": self.base.name,
            "base_sha256": self.base.sha256,
            "pooling": self.base.pooling.value,
            "max_tokens": self.max_tokens,
        }
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")


def load_encoder(name: str, settings: TextSettings, adapter: Path | None = None) -> Encoder:
    """An encoder by Hugging Face name or path, with the adapter in a folder where one is given.

    Raises UserError where the model cannot be loaded or the adapter does not fit it.
    """
    base = load_weights(name)
    return build(base, _with_adapter(base, adapter) if adapter else base.model, settings, settings.max_tokens, adapter)


def load_saved(folder: Path, settings: TextSettings) -> Encoder:
    """The encoder that `Encoder.save` wrote, with the length it was made with.

    Raises UserError where the base model is no longer the one it was made from.
    """
    file = folder / DOCUMENT
    if not file.exists():
        raise UserError(f"{folder} is not a saved encoder: it has no {DOCUMENT}")
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    base = load_weights(document["base"])
    adapter = folder if (folder / ADAPTER).exists() else None
    network = _with_adapter(base, adapter) if adapter else base.model
    encoder = build(base, network, settings, document["max_tokens"], adapter)
    if encoder.version != document["version"]:
        raise UserError(
            f"{folder}: base model {document['base']!r} has changed since this encoder was made "
            f"({document['version']}, now {encoder.version}): put the old weights back, or train again"
        )
    return encoder


def build(
    base: Weights, network: PreTrainedModel, settings: TextSettings, max_tokens: int, adapter: Path | None
) -> Encoder:
    """Put an encoder together under its version: a hash over weights, adapter, pooling and length."""
    import torch

    digest = hashlib.sha256(f"{base.sha256} {base.pooling} {max_tokens}".encode())
    if adapter:
        digest.update((adapter / ADAPTER).read_bytes())
    stem = re.sub(r"[^a-z0-9]+", "-", Path(base.name).name.lower()).strip("-")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    version = f"{stem}-{digest.hexdigest()[:12]}"
    return Encoder(base, network.to(device).eval(), max_tokens, settings.batch_texts, version)


def save_adapter(network: PreTrainedModel, base: str, folder: Path) -> None:
    """Write a LoRA adapter as safetensors; its base is named as the settings name it, never by a local path."""
    network.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text(encoding="utf-8")) | {"base_model_name_or_path": base}
    file.write_text(json.dumps(config, indent=1, sort_keys=True), encoding="utf-8")


def _with_adapter(base: Weights, adapter: Path) -> PreTrainedModel:
    from peft import PeftModel

    try:
        wrapped: PreTrainedModel = PeftModel.from_pretrained(base.model, str(adapter))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(f"{adapter} holds no adapter that fits {base.name!r} ({why})") from None
    return wrapped


def _slices(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (items[start : start + size] for start in range(0, len(items), size))
