"""One encoder: text in, unit vectors out, under a version that names exactly what made them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from socialrec.errors import UserError
from socialrec.settings import TextSettings
from socialrec.text.weights import Pooling, Weights, hash_tensors, load_weights

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
    batch_texts: int
    version: str

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.base.model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, float32 (n, dim). Equal texts have equal vectors, whatever their order."""
        import torch

        # Longest first, so that little is padded; by content, so that batches do not depend on the order.
        distinct = sorted(set(texts), key=lambda text: (-len(text), text))
        vectors = np.zeros((len(distinct), self.dim), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(distinct), self.batch_texts):
                batch = slice(start, start + self.batch_texts)
                vectors[batch] = self.embed(distinct[batch]).cpu().numpy()
        place = {text: number for number, text in enumerate(distinct)}
        return vectors[[place[text] for text in texts]]

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors of one batch, float32 (n, dim), with gradients where they are on."""
        from torch.nn.functional import normalize

        # Half of a surrogate pair is no character: tokenizers refuse it.
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        tokens = self.base.tokenizer(
            readable, padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(self.base.model.device)
        network = self.base.model if self.adapted is None else self.adapted
        hidden = network(**tokens).last_hidden_state.float()
        if self.base.pooling is Pooling.CLS:
            return normalize(hidden[:, 0], dim=1)
        mask = tokens["attention_mask"].unsqueeze(-1)
        return normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1), dim=1)

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
    return Encoder(base, adapted, max_tokens, settings.batch_texts, version)


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
