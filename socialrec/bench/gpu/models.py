"""Models of random weights and texts, made on the spot: the time of a pass depends on neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from socialrec.bench.gpu.part import Setup
from socialrec.settings.text import LanguageModel, PretrainSettings
from socialrec.sources.demo.words import WORDS
from socialrec.sources.demo.words.vocabulary import ASPECTS, CATEGORIES, SENTIMENTS, STYLES, Remark, draw_traits
from socialrec.text.tasks import Labelled, Output, TextPairs

SEED = 20260101
N_SENTENCES = 600
TOKENS_PER_WORD = 1.16
"""Tokens of the demo world's words, punctuation included."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a model."""

    layers: int
    dim: int
    heads: int


MINILM, BERT_BASE, TINY = Shape(6, 384, 12), Shape(12, 768, 12), Shape(2, 32, 4)
SMALL = {MINILM: Shape(2, 48, 4), BERT_BASE: Shape(2, 64, 4), TINY: TINY}
"""Shapes instead of the large ones, for processors."""


def model_folder(setup: Setup, shape: Shape, kind: LanguageModel = LanguageModel.ENCODER) -> Path:
    """Folder of a model of this shape, made when it is first asked for; a given MiniLM is used as it is."""
    if shape is MINILM and kind is LanguageModel.ENCODER and setup.weights is not None:
        return setup.weights
    shape = SMALL[shape] if setup.is_small else shape
    folder = setup.folder / f"{kind.value}-{shape.layers}-{shape.dim}"
    if not folder.exists():
        from socialrec.text.pretraining.language_model import save_language_model
        from socialrec.text.pretraining.scratch import new_model

        folder.mkdir(parents=True)
        base = new_model(sentences(), pretraining(shape, kind))
        # Dropout draws other numbers on each device, so that losses could not be compared.
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "resid_pdrop", "embd_pdrop", "attn_pdrop"):
            if hasattr(base.model.config, name):
                setattr(base.model.config, name, 0.0)
        save_language_model(base, folder)
    return folder


def pretraining(shape: Shape, kind: LanguageModel, **changes: Any) -> PretrainSettings:
    """Settings that make a model of this shape."""
    sizes = {"layers": shape.layers, "hidden_dim": shape.dim, "heads": shape.heads, "vocabulary": 8000}
    return PretrainSettings(kind=kind, from_scratch=True, **(sizes | changes))


def sentences() -> list[str]:
    """Comments and descriptions of the demo world."""
    return [text for pair in _pairs(N_SENTENCES) for text in pair]


def texts_of(setup: Setup, n_texts: int, n_tokens: int) -> list[str]:
    """Texts of about so many tokens, of uneven length; those of the given file, repeated, if there is one."""
    rng = np.random.default_rng([SEED, n_tokens])
    if setup.texts is not None:
        lines = setup.texts.read_text(encoding="utf-8").splitlines()
        return [lines[number % len(lines)] for number in range(n_texts)]
    words = np.array(" ".join(sentences()).split())
    lengths = np.clip(rng.normal(n_tokens - 2, n_tokens / 4, n_texts) / TOKENS_PER_WORD, 2, None).astype(int)
    starts = rng.integers(0, len(words) - int(lengths.max()), n_texts)
    return [" ".join(words[start : start + length]) for start, length in zip(starts, lengths, strict=True)]


def pair_task(n_pairs: int, n_tokens: int | None = None) -> TextPairs:
    """Comments with their products, each of its own; with `n_tokens` they are repeated up to about so many words."""
    pairs = _pairs(n_pairs)
    if n_tokens is not None:
        pairs = [(_stretched(comment, n_tokens), _stretched(product, n_tokens)) for comment, product in pairs]
    return TextPairs([one for one, _ in pairs], [two for _, two in pairs], np.arange(len(pairs)))


def mood_task(n_texts: int) -> Labelled:
    """Comments with the sentiment that they were made of."""
    texts = [comment for comment, _ in _pairs(n_texts)]
    labels = (np.arange(len(texts)) % len(SENTIMENTS))[:, None]
    return Labelled("sentiment", texts, (Output("sentiment", tuple(map(str, SENTIMENTS))),), labels)


def _pairs(n: int) -> Sequence[tuple[str, str]]:
    rng, words = np.random.default_rng(SEED), WORDS["en"]
    kinds = [(category, style) for category in CATEGORIES for style in STYLES]
    made = []
    for number in range(n):
        category, style = kinds[number % len(kinds)]
        traits = draw_traits(rng, category, style)
        remark = Remark(number % len(SENTIMENTS), ASPECTS[number % len(ASPECTS)], traits, style, is_reply=False)
        product = ". ".join(words.product(rng, traits))
        made.append((f"{words.comment(rng, rng, remark)} {number}", f"{product} {number}"))
    return made


def _stretched(text: str, n_words: int) -> str:
    words = text.split()
    return " ".join((words * (n_words // len(words) + 1))[:n_words])
