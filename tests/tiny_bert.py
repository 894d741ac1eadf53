"""A BERT small enough to make on the spot: 2 layers, 32 numbers a token, and a few dozen word pieces."""

from __future__ import annotations

import string
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["red", "blue", "green", "grey", "shoe", "lamp", "book", "chair", "warm", "cold", "soft", "hard", "the", "a"]
LETTERS = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]


def make_bert(folder: Path, seed: int = 7, words: list[str] = WORDS) -> Path:
    folder.mkdir(parents=True)
    pieces = [*SPECIAL, *words, *LETTERS]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(pieces), max_position_embeddings=64, **sizes)
    BertModel(config).save_pretrained(folder)
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder
