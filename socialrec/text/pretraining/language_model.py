"""Model with its language head, and the selection of tokens to predict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, DataCollatorForLanguageModeling

from socialrec.encoders.language_head import NOT_ASKED, Questions
from socialrec.encoders.pooling import is_decoder
from socialrec.encoders.prompts import write_prompts
from socialrec.encoders.tokens import Ids, padded_on_host
from socialrec.encoders.weights import BaseModel, load_weights, model_folder
from socialrec.errors import UserError


def load_language_model(name: str) -> tuple[BaseModel, bool]:
    """Load a checkpoint with its language head in float32; also returns if that head is new, as for many encoders.

    A new head shares its largest layer with the input embeddings where the model's kind does. Raises UserError where
    the checkpoint cannot be loaded.
    """
    # It refuses incomplete checkpoints, and finds tokenizer and pooling.
    base = load_weights(name)
    kind: Any = AutoModelForCausalLM if is_decoder(base.model.config) else AutoModelForMaskedLM
    try:
        model, report = kind.from_pretrained(
            model_folder(name), use_safetensors=True, trust_remote_code=False, output_loading_info=True, dtype="float32"
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(f"{name!r} cannot be pre-trained: it has no language head of its kind ({why})") from None
    model.config.use_cache = False
    return BaseModel(name, model, base.tokenizer, base.pooling, base.sha256, base.prompts), bool(report["missing_keys"])


def save_language_model(base: BaseModel, folder: Path) -> None:
    """Write body, head and tokenizer in Hugging Face's layout, pooling and prompts in sentence-transformers'."""
    base.model.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    (folder / "1_Pooling").mkdir(exist_ok=True)
    said = {"word_embedding_dimension": base.model.config.hidden_size, "pooling_mode": base.pooling.value}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said, indent=1), encoding="utf-8")
    write_prompts(base.prompts, folder)


def questions(base: BaseModel, tokens: Sequence[Ids], masked_share: float, seed: int) -> Questions:
    """Select the tokens to predict in these texts; the same seed selects the same.

    Of an encoder, `masked_share` of the tokens that are words: 80% are masked, 10% replaced by any other, 10% left as
    they are (Devlin et al. 2019, section 3.1). Of a decoder, each token after the first.
    """
    inputs = padded_on_host(tokens, base)
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    if is_decoder(base.model.config):
        following = ids.roll(-1, dims=1)
        is_asked = mask.roll(-1, dims=1).bool()
        is_asked[:, -1] = False
        return Questions(ids, mask, following.masked_fill(~is_asked, NOT_ASKED))
    masking = DataCollatorForLanguageModeling(base.tokenizer, mlm_probability=masked_share)
    masking.generator = torch.Generator().manual_seed(seed)
    is_own = torch.isin(ids, torch.tensor(base.tokenizer.all_special_ids))
    masked, targets = masking.torch_mask_tokens(ids, is_own)
    return Questions(masked, mask, targets)
