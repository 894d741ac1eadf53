"""ModelChoice between the models that come with the dependencies, by the share of a shop's texts that each knows."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from socialrec.encoders.shipped.multilingual import MULTILINGUAL
from socialrec.encoders.weights import BUNDLED, model_folder
from socialrec.settings.text import AUTO, TextSettings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SHIPPED = (BUNDLED, MULTILINGUAL)
"""Models, the smallest first."""
MIN_KNOWN_SHARE = 0.95
"""Share of tokens below which a vocabulary lacks letters of the texts."""
MIN_LETTERS_PER_TOKEN = 3.3
"""Letters per token below which a vocabulary knows letters and few words. all-MiniLM-L6-v2 has 3.8 to 4.6 in English,
and 2.1 to 3.0 in eleven other languages of Latin letters; multilingual-e5-small needs no such test, as it is the last.
"""


@dataclass(frozen=True)
class Knowledge:
    """Letters of some texts, their tokens under one vocabulary, and those of them that it does not know."""

    model: str
    n_letters: int
    n_tokens: int
    n_unknown: int

    @property
    def known_share(self) -> float:
        """Share of known tokens; 1 where there are no tokens."""
        return 1 - self.n_unknown / max(1, self.n_tokens)

    @property
    def letters_per_token(self) -> float:
        """Mean letters of a token."""
        return self.n_letters / max(1, self.n_tokens)

    @property
    def is_enough(self) -> bool:
        """True where a smaller vocabulary reads the texts as words, or there are none to read."""
        is_words = self.known_share >= MIN_KNOWN_SHARE and self.letters_per_token >= MIN_LETTERS_PER_TOKEN
        return is_words or not self.n_letters

    def __str__(self) -> str:
        known = f"{self.model} knows {self.known_share:.1%} of the texts' tokens"
        return f"{known}, at {self.letters_per_token:.1f} letters a token"


@dataclass(frozen=True)
class ModelChoice:
    """Model that fits some texts, and the line that says why."""

    model: str
    why: str


def choose_model(texts: Iterable[str]) -> ModelChoice:
    """Choose the smallest shipped model that reads the texts as words; else the one that knows most tokens.

    Only tokenizers are loaded, and that of a larger model only where the smaller one is not enough.
    """
    words = [found for text in texts if (found := letters_of(text))]
    known: list[Knowledge] = []
    for model in SHIPPED:
        known.append(knowledge_of(model, words))
        if known[-1].is_enough:
            break
    else:
        # The last of equals: the larger vocabulary has longer pieces.
        known.sort(key=lambda one: round(one.known_share, 3))
    return ModelChoice(known[-1].model, "; ".join(map(str, known)) if words else "there is no text to measure yet")


def with_model(settings: TextSettings, texts: Iterable[str]) -> TextSettings:
    """Settings with the model that fits some texts, where they leave the choice open; for texts outside of a lake."""
    if settings.model != AUTO:
        return settings
    return settings.model_copy(update={"model": choose_model(texts).model})


def letters_of(text: str) -> str:
    """Words of a text: digits, signs and emoji, which belong to no language, are left out."""
    return " ".join("".join(sign if unicodedata.category(sign)[0] in "LM" else " " for sign in text).split())


def knowledge_of(model: str, words: Iterable[str]) -> Knowledge:
    """Measure what a model's vocabulary knows of the words of some texts."""
    tokenizer = _tokenizer(model_folder(model))
    unknown = {tokenizer.token_to_id(token) for token in ("[UNK]", "<unk>")}
    n_letters = n_tokens = n_unknown = 0
    for text in words:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        n_letters += len(text.replace(" ", ""))
        n_tokens += len(ids)
        n_unknown += sum(token in unknown for token in ids)
    return Knowledge(model, n_letters, n_tokens, n_unknown)


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(folder / "tokenizer.json"))
    loaded.no_truncation()
    loaded.no_padding()
    return loaded
