"""Decoder LLMs: GPT and Qwen kinds, made tiny on the spot, read each text up to its last token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast, Qwen2Config, Qwen2Model

from socialrec.encoders.encoder import Encoder, load_encoder, load_saved
from socialrec.encoders.pooling import Pooling
from socialrec.encoders.tokens import coverage
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import TextPairs
from socialrec.text.training.finetune import fine_tune

END = "<|endoftext|>"
TEXTS = ["red shoe", "a blue lamp that is warm", "", "靴", "red shoe"]


def save_tokenizer(folder: Path, **special: str) -> int:
    bytes_only = ByteLevelBPETokenizer()
    bytes_only.train_from_iterator(TEXTS, vocab_size=300, special_tokens=[END])
    made = PreTrainedTokenizerFast(tokenizer_object=bytes_only._tokenizer, eos_token=END, **special)
    made.save_pretrained(folder)
    return len(made)


def make_gpt2(folder: Path) -> None:
    """As OpenAI's: no padding token, and "unknown" is the end of the text."""
    size = save_tokenizer(folder, unk_token=END, bos_token=END)
    torch.manual_seed(3)
    GPT2Model(GPT2Config(vocab_size=size, n_positions=64, n_embd=32, n_layer=2, n_head=4)).save_pretrained(folder)


def make_qwen(folder: Path) -> None:
    """As Alibaba's: pads on the left, and is published in half precision."""
    size = save_tokenizer(folder, pad_token=END, padding_side="left")
    torch.manual_seed(3)
    heads = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = Qwen2Config(vocab_size=size, hidden_size=32, intermediate_size=64, max_position_embeddings=64, **heads)
    Qwen2Model(config).to(torch.bfloat16).save_pretrained(folder)


@pytest.fixture(scope="module", params=[make_gpt2, make_qwen], ids=["gpt2", "qwen2"])
def decoder(request: pytest.FixtureRequest, tiny: TextSettings, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("decoder")
    request.param(folder)
    return load_encoder(str(folder), tiny)


def test_the_last_token_stands_for_the_text(decoder: Encoder) -> None:
    assert decoder.base.pooling is Pooling.LAST
    tokens = decoder.base.tokenizer(["red shoe"], return_tensors="pt")
    last = decoder.base.model(**tokens).last_hidden_state[0, -1].detach().numpy()
    np.testing.assert_allclose(decoder.encode(TEXTS)[0], last / np.linalg.norm(last), atol=1e-5)


def test_every_text_has_a_unit_vector_that_padding_does_not_change(decoder: Encoder) -> None:
    together, alone = decoder.encode(TEXTS), np.concatenate([decoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert len(np.unique(together, axis=0)) == len(set(TEXTS))


def test_a_byte_level_vocabulary_knows_every_text(decoder: Encoder) -> None:
    seen = coverage(decoder.base, decoder.tokenize(TEXTS))
    assert seen.n_tokens > 0
    assert (seen.unknown_share, seen.warning("gpt")) == (0, None)


def test_a_decoder_is_tuned_saved_and_read_again(decoder: Encoder, tiny: TextSettings, tmp_path: Path) -> None:
    settings = tiny.model_copy(update={"model": decoder.base.name, "train_steps": 3})
    tuned = fine_tune(
        [TextPairs(["red", "blue"], ["shoe", "lamp"], np.array([0, 1]))], settings, lambda step, loss: None
    )
    tuned.encoder.save(tmp_path)
    again = load_saved(tmp_path, tiny)
    assert again.version == tuned.encoder.version != decoder.version
    np.testing.assert_array_equal(again.encode(TEXTS), tuned.encoder.encode(TEXTS))
