"""Generator of phrasings: a causal language model that words an answer from a question and the passage that answers it.

Its words are a proposal: `verifying.shown` decides if anybody reads them.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from socialrec.answers.generator_files import DOCUMENT, GGUF, SETTING, model_place, read_document, sha256_of, version_of
from socialrec.answers.words import FUNCTION_WORDS, content, numbers
from socialrec.encoders.body import TunedModel, read_body
from socialrec.encoders.pooling import Pooling, is_decoder
from socialrec.encoders.precision import chosen_device, encoding_dtype, reading_network
from socialrec.encoders.tokens import Ids
from socialrec.encoders.weights import BaseModel
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MAX_QUESTION, MAX_PASSAGE, MAX_NEW = 64, 160, 48
"""Most tokens that are read of a question and of a passage, and that are written."""
_BATCH, _LENGTH_STEP = 8, 16
"""Every batch has so many prompts, and a length that is a multiple of this: a text does not depend on the others of its
batch.
"""
_DAMAGE = (OSError, ValueError, RuntimeError, LookupError, TypeError, ImportError, SafetensorError, struct.error)
_ASK = "Question: {question}\nFact: {passage}\nAnswer the question in the words of the fact."
_PLACES = ("{question}", "{passage}")
_PLAIN = f"{_ASK}\nAnswer:"
"""Prompt of a model that has no template of its own for a conversation."""
_SIGNS = (".", ",", ":", ";", "'", " ")


@dataclass(frozen=True)
class Generator:
    """Causal model with its adapter, if it has one, as a function from questions and passages to texts."""

    base: BaseModel
    """Its name is its version: file name and hash."""
    reader: nn.Module
    """Network that writes, its adapter merged, in the machine's number format."""
    is_mixed: bool
    tuned: TunedModel | None = None
    """Network with the adapter, where a training has just made it."""

    @classmethod
    def of(cls, base: BaseModel, tuned: TunedModel | None, text: TextSettings) -> Generator:
        """Prepare a model for writing on the settings' device."""
        device = chosen_device(text.device)
        dtype = encoding_dtype(text.precision, device)
        network = (tuned.network if tuned else base.model).to(device).eval()
        is_mixed = device == "cpu" and dtype is torch.bfloat16
        return cls(base, reading_network(network, dtype), is_mixed, tuned)

    @property
    def version(self) -> str:
        """Name and hash of the model without its adapter."""
        return self.base.name

    def phrase(self, questions: Sequence[str], passages: Sequence[str]) -> list[str]:
        """Word an answer to each question from its passage, the likeliest word at each step (greedy), at most MAX_NEW
        tokens, of the passage's own tokens, function words and punctuation alone.

        A text is empty where it lacks a word of the question that the passage has: it may leave the answer out. Equal
        questions and passages have equal texts, in any order and number.
        """
        pairs = list(zip(questions, passages, strict=True))
        prompts = {pair: prompt_of(self.base.tokenizer, *pair) for pair in dict.fromkeys(pairs)}
        ordered = sorted(prompts, key=lambda pair: (_padded(prompts[pair]), pair))
        texts: dict[tuple[str, str], str] = {}
        for length in sorted({_padded(prompt) for prompt in prompts.values()}):
            same = [pair for pair in ordered if _padded(prompts[pair]) == length]
            for start in range(0, len(same), _BATCH):
                batch = same[start : start + _BATCH]
                filled = [*batch, *[batch[-1]] * (_BATCH - len(batch))]
                written = self._write([prompts[pair] for pair in filled], [passage for _, passage in filled], length)
                texts.update(zip(batch, written, strict=False))
        return [
            texts[pair] if _asked_of(*pair) <= content(texts[pair]) | numbers(texts[pair]) else "" for pair in pairs
        ]

    def _write(self, prompts: Sequence[Ids], passages: Sequence[str], length: int) -> list[str]:
        tokenizer, device = self.base.tokenizer, next(self.reader.parameters()).device
        pad = int(tokenizer.pad_token_id)
        ids = torch.tensor([[pad] * (length - len(prompt)) + list(prompt) for prompt in prompts])
        mask = torch.tensor([[0] * (length - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        config = GenerationConfig(
            max_new_tokens=MAX_NEW, do_sample=False, pad_token_id=pad, eos_token_id=int(tokenizer.eos_token_id)
        )
        allowed = torch.stack([self._allowed(passage) for passage in passages]).to(device)
        writer: Any = self.reader
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=self.is_mixed):
            found = writer.generate(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                generation_config=config,
                logits_processor=LogitsProcessorList([_Only(allowed)]),
            )
        texts = tokenizer.batch_decode(found[:, length:], skip_special_tokens=True)
        return [text.strip().split("\n")[0].strip() for text in texts]

    def _allowed(self, passage: str) -> torch.Tensor:
        """Tokens that a text from this passage may have, bool (vocabulary,)."""
        allowed = self._function_tokens.clone()
        for said in (passage, passage.lower(), passage[:1].upper() + passage[1:], passage[:1].lower() + passage[1:]):
            for form in (said, f" {said}"):
                allowed[list(_plain_ids(self.base.tokenizer, form))] = True
        return allowed

    @cached_property
    def _function_tokens(self) -> torch.Tensor:
        allowed = torch.zeros(int(self.base.model.config.vocab_size), dtype=torch.bool)
        allowed[int(self.base.tokenizer.eos_token_id)] = True
        for sign in _SIGNS:
            allowed[list(_plain_ids(self.base.tokenizer, sign))] = True
        for word in FUNCTION_WORDS:
            for form in (word, f" {word}", word.capitalize(), f" {word.capitalize()}"):
                ids = _plain_ids(self.base.tokenizer, form)
                if len(ids) == 1:
                    allowed[list(ids)] = True
        return allowed

    def save(self, folder: Path) -> None:
        """Write the adapter that a training has just made (safetensors), and `generator.json`, which names the model by
        its hash.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if self.tuned is not None:
            self.tuned.save(self.base.name, folder)
        document = {"base": self.base.name, "base_sha256": self.base.sha256}
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")


class _Only(LogitsProcessor):
    """Rule out all tokens but the allowed ones of each text, bool (n, vocabulary)."""

    def __init__(self, allowed: torch.Tensor) -> None:
        self.allowed = allowed

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        return scores.masked_fill(~self.allowed, -torch.inf)


def load_generator(setting: str, text: TextSettings, adapter: Path | None = None) -> Generator:
    """Load the model that `answers.generator` names, with the adapter that `Generator.save` wrote if it was trained on
    this very model; else the model alone.

    Raises UserError where there is no such model, or the adapter is damaged.
    """
    base = load_causal_model(setting)
    body = None if adapter is None or not (adapter / DOCUMENT).is_file() else _adapted(base, adapter)
    made = Generator.of(base, body, text)
    # A night does without the copy in float32.
    return replace(made, base=replace(base, model=cast("PreTrainedModel", made.reader)), tuned=None)


def _adapted(base: BaseModel, adapter: Path) -> TunedModel | None:
    """Model with the adapter in a folder; None where that is of another model."""
    return read_body(base, adapter) if read_document(adapter)["base_sha256"] == base.sha256 else None


def load_causal_model(setting: str) -> BaseModel:
    """Load a causal language model in float32: a folder with safetensors, or a GGUF file.

    No code that comes with a model is run. Raises UserError where the path, the files or the kind of model are wrong.
    """
    place = model_place(setting)
    is_file = place.suffix == GGUF
    where: dict[str, Any] = {"gguf_file": place.name} if is_file else {}
    folder = place.parent if is_file else place
    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    # peft 0.21 uses the name that transformers 5 removed.
    warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        # The conversion of a GGUF file draws a bar on standard error.
        with contextlib.redirect_stderr(io.StringIO()):
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder, **where, **safe, use_safetensors=True, output_loading_info=True, dtype=torch.float32
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, **where, **safe)
    except _DAMAGE as error:
        why = " ".join(str(error).split())[:200]
        raise UserError(f"{SETTING} {setting!r} cannot be loaded as a causal language model: {why}") from None
    model, report = loaded
    if unfit := _unfit(model, tokenizer, report["missing_keys"]):
        raise UserError(f"{SETTING} {setting!r} cannot be used: {unfit}")
    if tokenizer.pad_token is None:
        # Any token will do, because padding is masked.
        tokenizer.pad_token = tokenizer.eos_token
    sha256 = sha256_of(place)
    return BaseModel(version_of(place, sha256), model.eval(), tokenizer, Pooling.LAST, sha256)


def prompt_of(tokenizer: PreTrainedTokenizerBase, question: str, passage: str) -> Ids:
    """Tokens of the prompt, in the model's own form of a conversation where it has one.

    Questions and passages are data: what looks like a special token in them is read as plain characters.
    """
    prompt = _PLAIN
    if tokenizer.chat_template:
        said = [{"role": "user", "content": _ASK}]
        prompt = str(tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))
    before, rest = prompt.split(_PLACES[0], 1)
    between, after = rest.split(_PLACES[1], 1)
    own = [tuple(tokenizer(part, add_special_tokens=False)["input_ids"]) for part in (before, between, after)]
    asked, given = _plain_ids(tokenizer, question)[:MAX_QUESTION], _plain_ids(tokenizer, passage)[:MAX_PASSAGE]
    return (*own[0], *asked, *own[1], *given, *own[2])


def _plain_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> Ids:
    return tuple(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])


def _asked_of(question: str, passage: str) -> set[str]:
    """Content words and numbers of a question that the passage has."""
    return content(question) & content(passage) | numbers(question) & numbers(passage)


def _padded(prompt: Ids) -> int:
    return -(-len(prompt) // _LENGTH_STEP) * _LENGTH_STEP


def _unfit(model: Any, tokenizer: PreTrainedTokenizerBase, missing: set[str]) -> str | None:
    """Reason why loaded files make no generator; None if they do."""
    if not is_decoder(model.config):
        return f"{type(model).__name__} reads in both directions; name a model that predicts the next word"
    if missing:
        return f"its files lack {len(missing)} parameters, such as {min(missing)}; fetch it again"
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        return "its tokenizer knows no words; fetch tokenizer.json"
    if tokenizer.eos_token_id is None:
        return "its tokenizer has no token for the end of a text; name another model"
    return None
