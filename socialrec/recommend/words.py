"""Distinctive words of each product, to name as reasons."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pyarrow as pa

from socialrec.recommend.arrays import Csr, Indices, csr

WORD = re.compile(r"[^\W\d_][\w'-]{2,}")
WORDS_PER_PRODUCT = 12
FUNCTION_WORDS = frozenset(
    """
    about after all also and any are because been before but can could did does don't even every few for from get
    got had has have her here him his how i'm i've into it's its just like made make makes many more most much not
    nothing now off one only other our out over own quite really same she should some such than that the their them
    then there these they this those through too two under until very was well were what when where which while who
    will with would you your
    """.split()  # noqa: SIM905
)
"""English words that carry no subject; other languages rely on how common a word is."""
MAX_PRODUCT_SHARE = 0.25
MIN_PRODUCTS = 2


def distinctive_words(texts: list[str], owners: Indices, n_products: int) -> tuple[Csr, list[str]]:
    """Strongest words of each product: weights (n_products, n_words) float32 with unit rows, and the words, sorted.

    A word's weight is `(1 + ln(count)) * ln(n_products / products with it)`. Words of a single product cannot be
    shared and words of more than a quarter of all products distinguish nothing: both are left out. `owners` holds the
    product's row of each text; texts of absent products are skipped.
    """
    counts = _count(texts, owners, n_products)
    n_with = Counter(word for bag in counts for word in bag)
    ceiling = max(MIN_PRODUCTS, MAX_PRODUCT_SHARE * n_products)
    rarity = {w: float(np.log(n_products / n)) for w, n in n_with.items() if MIN_PRODUCTS <= n <= ceiling}
    kept: list[list[tuple[float, str]]] = []
    for bag in counts:
        weighted = [((1.0 + float(np.log(n))) * rarity[w], w) for w, n in bag.items() if rarity.get(w, 0.0) > 0]
        kept.append(sorted(weighted, key=lambda pair: (-pair[0], pair[1]))[:WORDS_PER_PRODUCT])
    words = sorted({word for row in kept for _, word in row})
    number = {word: place for place, word in enumerate(words)}
    rows = np.repeat(np.arange(n_products), [len(row) for row in kept])
    columns = np.array([number[word] for row in kept for _, word in row], dtype=np.int64)
    values = np.array([value for row in kept for value, _ in row], dtype=np.float64)
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=n_products))
    return csr(values / lengths[rows], rows, columns, (n_products, len(words))), words


def _count(texts: list[str], owners: Indices, n_products: int) -> list[Counter[str]]:
    counts: list[Counter[str]] = [Counter() for _ in range(n_products)]
    table = pa.table({"text": texts, "owner": owners}).group_by(["text", "owner"]).aggregate([([], "count_all")])
    spelled: dict[str, list[str]] = {}
    columns = (table[name].to_pylist() for name in ("text", "owner", "count_all"))
    for text, owner, n in zip(*columns, strict=True):
        if owner < 0:
            continue
        if text not in spelled:
            spelled[text] = [word for word in WORD.findall(text.lower()) if word not in FUNCTION_WORDS]
        for word in spelled[text]:
            counts[owner][word] += n
    return counts
