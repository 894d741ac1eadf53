"""New language models: a vocabulary learned from the texts, and a small body with random weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from socialrec.encoders.pooling import Pooling
from socialrec.encoders.weights import BaseModel
from socialrec.settings.text import LanguageModel, PretrainSettings

NAME = "scratch"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
END = "<|endoftext|>"
ALPHABET_SHARE = 0.25
"""Share of single characters, the most frequent ones, in a vocabulary of word pieces; other characters are unknown.

Each is there twice, at the start of a word and within one.
"""


def new_model(texts: Sequence[str], settings: PretrainSettings) -> BaseModel:
    """Make a BERT of word pieces or a GPT-2 of byte pairs, of the sizes in the settings, with its language head.

    The same texts and settings give the same vocabulary and the same weights.
    """
    is_decoder = settings.kind is LanguageModel.DECODER
    tokenizer = (_byte_pairs if is_decoder else _word_pieces)(texts, settings.vocabulary)
    tokenizer.model_max_length = settings.max_positions
    torch.manual_seed(settings.seed)
    model = (_gpt2 if is_decoder else _bert)(tokenizer, settings)
    return BaseModel(NAME, model, tokenizer, Pooling.LAST if is_decoder else Pooling.MEAN, "")


def _word_pieces(texts: Sequence[str], size: int) -> PreTrainedTokenizerBase:
    """WordPiece (Schuster & Nakajima 2012), in lower case."""
    trained = BertWordPieceTokenizer(lowercase=True)
    letters = Counter(letter for text in texts for letter in trained.normalize(text) if not letter.isspace())
    alphabet = sorted(letters, key=lambda letter: (-letters[letter], letter))[: int(size * ALPHABET_SHARE)]
    # Pieces within words are numbered here, because the trainer's order differs in every process.
    first = [*SPECIAL, *(f"##{letter}" for letter in alphabet)]
    trained.train_from_iterator(
        texts,
        vocab_size=size,
        special_tokens=first,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    return BertTokenizer(vocab=trained.get_vocab(with_added_tokens=True))


def _byte_pairs(texts: Sequence[str], size: int) -> PreTrainedTokenizerBase:
    """Byte-level byte pairs (Radford et al. 2019): every text can be written."""
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(texts, vocab_size=size, special_tokens=[END], show_progress=False)
    return PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, eos_token=END, pad_token=END)


def _bert(tokenizer: PreTrainedTokenizerBase, settings: PretrainSettings) -> PreTrainedModel:
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_dim,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=4 * settings.hidden_dim,
        max_position_embeddings=settings.max_positions,
        pad_token_id=tokenizer.pad_token_id,
    )
    return BertForMaskedLM(config)


def _gpt2(tokenizer: PreTrainedTokenizerBase, settings: PretrainSettings) -> PreTrainedModel:
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=settings.hidden_dim,
        n_layer=settings.layers,
        n_head=settings.heads,
        n_positions=settings.max_positions,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        use_cache=False,
    )
    return GPT2LMHeadModel(config)
