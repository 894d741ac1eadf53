"""Words of texts that reasons may name, and the distinctive words of each product."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from socialrec.contracts.opinions import LABEL_WORDS, WORD_OR_SIGN
from socialrec.language.forms import normal
from socialrec.language.segmenting import HAN, spaced
from socialrec.language.stop_words import STOP_WORDS
from socialrec.vectors.arrays import ABSENT, Csr, csr, positions

WORD = re.compile(rf"[{HAN}]{{2,}}|(?![\u3040-\u309f])[^\W\d_][\w'-]+\w")
"""Pattern of a word that may tell about a product: two Han characters or three letters, no hiragana, which are endings
and particles.
"""
WORDS_PER_PRODUCT = 12
MAX_PRODUCT_SHARE = 0.25
MIN_PRODUCTS = 2
MIN_LABELLERS = 2
"""Minimum of users who must label a product with a word before it is a word of the product: one may be wrong, or
identifiable.
"""
QUOTE_CHARACTERS = 160
"""Longest quote of a comment."""
_SENTENCE_END = re.compile("(?<=[.!?])\\s+|(?<=[\u3002\uff01\uff1f])\\s*")
_LABEL_PART = re.compile(WORD_OR_SIGN)


def words_of(text: str) -> list[str]:
    """Words of a text in normal form, in order, without stop words."""
    return [word for word in WORD.findall(spaced(normal(text))) if word not in STOP_WORDS]


def is_label(text: str) -> bool:
    """Check if a comment without stars is short enough to be a label."""
    return len(_LABEL_PART.findall(text)) <= LABEL_WORDS


def quote_of(texts: Sequence[str], word: str) -> str:
    """Quote the first sentence of these texts that contains the word, shortened around it; empty where none does."""
    for text in texts:
        for sentence in sentences_of(text):
            if word in words_of(sentence):
                return shortened(sentence, word)
    return ""


def opening_of(texts: Sequence[str]) -> str:
    """Quote the first sentence of the first text, shortened; empty without texts."""
    return shortened(sentences_of(texts[0])[0], "") if texts else ""


def sentences_of(text: str) -> list[str]:
    """Cut a text into its sentences, at least one."""
    return [sentence.strip() for sentence in _SENTENCE_END.split(text)]


def shortened(sentence: str, word: str) -> str:
    """Cut a sentence to `QUOTE_CHARACTERS` around a word in normal form."""
    if len(sentence) <= QUOTE_CHARACTERS:
        return sentence
    middle = normal(sentence).find(word) + len(word) // 2
    start = max(0, min(middle - QUOTE_CHARACTERS // 2, len(sentence) - QUOTE_CHARACTERS))
    end = start + QUOTE_CHARACTERS
    return f"{'…' if start else ''}{sentence[start:end].strip()}{'…' if end < len(sentence) else ''}"


def product_words(products: pa.Table, labels: pa.Table, names: pa.Array) -> list[Counter[str]]:
    """Words of each product, (n_products,): of its own text, and those that at least two users label it with.

    products: `product_id` and `text`. labels: `label_counts`, of one part of the users or of several.
    """
    bags: list[Counter[str]] = [Counter() for _ in range(len(names))]
    owners = positions(products["product_id"], names).tolist()
    for text, owner in zip(products["text"].to_pylist(), owners, strict=True):
        if owner != ABSENT:
            bags[owner].update(words_of(text))
    labels = sum_labels(labels)
    places = positions(labels["product_id"], names).tolist()
    for owner, word, n in zip(places, *(labels[name].to_pylist() for name in ("word", "n")), strict=True):
        if owner != ABSENT and n >= MIN_LABELLERS:
            bags[owner][word] += n
    return bags


def label_counts(labels: pa.Table) -> pa.Table:
    """Number of users (`n`) who label a product (`product_id`) with a word (`word`).

    labels: `user_key`, `product_id` and `text`.
    """
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    columns = (labels[name].to_pylist() for name in ("user_key", "product_id", "text"))
    for user, product, text in zip(*columns, strict=True):
        for word in words_of(text):
            users[product, word].add(user)
    ids, words = zip(*users, strict=True) if users else ((), ())
    counts = pa.array([len(found) for found in users.values()], pa.int64())
    return pa.table({"product_id": pa.array(ids, pa.string()), "word": pa.array(words, pa.string()), "n": counts})


def sum_labels(*parts: pa.Table) -> pa.Table:
    """Add up `label_counts` of disjoint users."""
    keys = ["product_id", "word"]
    return pa.concat_tables(parts).group_by(keys).aggregate([("n", "sum")]).rename_columns([*keys, "n"])


def distinctive_words(bags: Sequence[Counter[str]]) -> tuple[Csr, list[str]]:
    """Strongest words of each product: weights (n_products, n_words) float32 with unit rows, and the words, sorted.

    A word's weight is `(1 + ln(count)) * ln(n_products / products with it)`. Words of a single product cannot be
    shared and words of more than a quarter of all products distinguish nothing: both are left out.
    """
    n_products = len(bags)
    n_with = Counter(word for bag in bags for word in bag)
    ceiling = max(MIN_PRODUCTS, MAX_PRODUCT_SHARE * n_products)
    rarity = {w: float(np.log(n_products / n)) for w, n in n_with.items() if MIN_PRODUCTS <= n <= ceiling}
    kept: list[list[tuple[float, str]]] = []
    for bag in bags:
        weighted = [((1.0 + float(np.log(n))) * rarity[w], w) for w, n in bag.items() if rarity.get(w, 0.0) > 0]
        kept.append(sorted(weighted, key=lambda pair: (-pair[0], pair[1]))[:WORDS_PER_PRODUCT])
    words = sorted({word for row in kept for _, word in row})
    number = {word: place for place, word in enumerate(words)}
    rows = np.repeat(np.arange(n_products), [len(row) for row in kept])
    columns = np.array([number[word] for row in kept for _, word in row], dtype=np.int64)
    values = np.array([value for row in kept for value, _ in row], dtype=np.float64)
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=n_products))
    return csr(values / lengths[rows], rows, columns, (n_products, len(words))), words
