"""Text vectors without an encoder: latent semantic analysis of the words in product texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from socialrec.vectors.arrays import F32, Csr, Indices, centred, csr, unit_rows

WORD = re.compile(r"\w[\w'&-]*")
MIN_PRODUCTS = 2
SEED = 20260104
OVERSAMPLING = 16
N_ITERATIONS = 3


def lexical_vectors(texts: Sequence[str], owners: Indices, n_products: int, dim: int) -> F32:
    """Compute one vector per product from the words of its texts, float32 (n_products, at most dim), unit rows or
    zeros.

    Deerwester et al., "Indexing by latent semantic analysis" (JASIS 1990): the `dim` strongest singular directions of
    ln(1 + count) * ln(n_products / products with the word), rows of length 1. Numbers are words too; a word of a single
    product carries no information and is left out. owners: int64 (n_texts,), the product's row of each text. The same
    texts give the same vectors. The mean product is subtracted, as in `feature_set.text_vectors`.
    """
    weighted = _weighted_words(texts, owners, n_products)
    rank = min(dim, min(weighted.shape) - 1)
    if rank < 1:
        return np.zeros((n_products, 1), dtype=np.float32)
    return unit_rows(centred(_strongest_directions(weighted, rank)))


def _strongest_directions(matrix: Csr, rank: int) -> F32:
    """Left singular vectors times singular values, float32 (n, rank), the strongest first.

    Subspace iteration from a seeded start (Halko, Martinsson and Tropp, SIAM Review 2011, algorithm 4.4): unlike
    Lanczos it gives the same answer every time.
    """
    width = min(rank + OVERSAMPLING, *matrix.shape)
    start = np.random.default_rng(SEED).normal(size=(matrix.shape[1], width)).astype(np.float32)
    basis = np.linalg.qr(matrix.dot(start))[0]
    for _ in range(N_ITERATIONS):
        basis = np.linalg.qr(matrix.dot(np.linalg.qr(matrix.T.dot(basis))[0]))[0]
    left, strength, _ = np.linalg.svd(matrix.T.dot(basis).T, full_matrices=False)
    directions: F32 = basis @ (left[:, :rank] * strength[:rank])
    return directions


def _weighted_words(texts: Sequence[str], owners: Indices, n_products: int) -> Csr:
    bags: list[Counter[str]] = [Counter() for _ in range(n_products)]
    for text, owner in zip(texts, owners.tolist(), strict=True):
        bags[owner].update(WORD.findall(text.lower()))
    n_with = Counter(word for bag in bags for word in bag)
    number = {word: place for place, word in enumerate(sorted(w for w, n in n_with.items() if n >= MIN_PRODUCTS))}
    cells = [
        (row, number[word], count) for row, bag in enumerate(bags) for word, count in bag.items() if word in number
    ]
    rows, columns, counts = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    rarity = np.log(n_products / np.array([n_with[word] for word in number], dtype=np.float64))
    weighted = csr(np.log1p(counts) * rarity[columns], rows, columns, (n_products, len(number)))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sp.diags(np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)).dot(weighted).tocsr()
