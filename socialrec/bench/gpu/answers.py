"""Answers of a causal model: tokens per second, and the same tokens as on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from socialrec.bench.gpu.models import BERT_BASE, TINY, model_folder, sentences
from socialrec.bench.gpu.part import PartResult, Setup, seconds_of
from socialrec.encoders.precision import encoding_dtype
from socialrec.encoders.tokens import padded_on_host, tokenize
from socialrec.encoders.weights import BaseModel, load_weights
from socialrec.settings.text import LanguageModel, Precision

QUESTIONS, ANSWER_TOKENS = 64, 128


def run(setup: Setup) -> PartResult:
    """Answer with a model of random weights: a tiny one here and on the processor, one of GPT-2's size here."""
    tiny, large = (model_folder(setup, shape, LanguageModel.DECODER) for shape in (TINY, BERT_BASE))
    here, expected = (answers(tiny, 4, 12, device, torch.float32) for device in (setup.device_name, "cpu"))
    n_questions, n_tokens = (4, 8) if setup.is_small else (QUESTIONS, ANSWER_TOKENS)
    dtype = encoding_dtype(Precision.AUTO, setup.device_name)
    answers(large, n_questions, 4, setup.device_name, dtype)
    seconds = seconds_of(lambda: answers(large, n_questions, n_tokens, setup.device_name, dtype), setup.device_name)
    rate = round(n_questions * n_tokens / seconds, 1)
    return PartResult({"same_answers": bool(torch.equal(here, expected)), "tokens_per_second": rate})


def answers(folder: Path, n_questions: int, n_tokens: int, device: str, dtype: torch.dtype) -> torch.Tensor:
    """Continue questions greedily by so many tokens, int64 (n_questions, n_tokens)."""
    base: BaseModel = load_weights(str(folder))
    loaded: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=dtype)
    model = loaded.to(device).eval()
    tokens = tokenize(base, sentences()[:n_questions], 32)
    # Cut to one length: padding would be on the wrong side of an answer.
    shortest = min(map(len, tokens))
    ids = padded_on_host([row[:shortest] for row in tokens], base)["input_ids"].to(device)
    with torch.inference_mode():
        made: torch.Tensor = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=n_tokens,
            min_new_tokens=n_tokens,
            do_sample=False,
            use_cache=True,
            pad_token_id=base.tokenizer.pad_token_id,
        )
    return made[:, shortest:].cpu()
