"""Alignment of pictures with texts: a linear map from frozen vectors of pictures to those of the texts of the same
products.

It is fitted by ridge regression, and then trained by the loss of CLIP (Radford et al., "Learning Transferable Visual
Models From Natural Language Supervision", ICML 2021) on the same pairs. Both towers stay as they are: the text encoder
has just been fine-tuned on all tasks, and its vectors must not depend on pictures, which many shops lack.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch.nn.functional import normalize

from socialrec.encoders.encoder import Encoder
from socialrec.encoders.pictures.alignment import PictureAlignment
from socialrec.features.pictures import whitening
from socialrec.text.material import held_out_products
from socialrec.text.tasks import Ints
from socialrec.text.training.losses import info_nce
from socialrec.text.understanding.recall import recall_of
from socialrec.vectors.arrays import F32, Flags, unit_rows

F64 = npt.NDArray[np.float64]
COMPONENTS = 128
"""Most whitened components of pictures that the map reads."""
RIDGE = 0.3
"""Ridge of the regression, as a share of the mean variance."""
EPOCHS, BATCH, LEARNING_RATE, DROPOUT, TEMPERATURE = 10, 256, 1e-3, 0.3, 0.1
MOST_LEARNED, MOST_CHECKED = 5_000, 1_000
"""Products that are learned from and checked at most, evenly drawn."""
LEAST_CHECKED = 20
"""Checked products below which there is no map."""


def learn_alignment(
    encoder: Encoder, products: pa.Table, pictures: F64, picture_version: str, seed: int
) -> tuple[PictureAlignment | None, dict[str, float]]:
    """Learn the map, and check it on every tenth product, as attributes are; None where there are too few products.

    products: rows of silver.products. pictures: their mean picture vectors, float64 (n_products, dim), zeros without.
    Returns also how often a picture finds its product's text among those of the checked ones, `picture_recall_at_1` and
    `_10`, and their number.
    """
    is_checked, is_pair = held_out_products(products), pictures.any(axis=1) & _has_text(products)
    learned, checked = _evenly(is_pair & ~is_checked, MOST_LEARNED), _evenly(is_pair & is_checked, MOST_CHECKED)
    if min(len(learned), len(checked)) < LEAST_CHECKED:
        return None, {}
    rows = np.concatenate([learned, checked])
    said = products["text"].take(pa.array(rows)).combine_chunks()
    vectors, n = encoder.encode(said.to_pylist()), len(learned)
    texts = unit_rows(vectors - vectors[:n].mean(axis=0))
    weights, bias = fit_map(pictures[learned], texts[:n], said[:n], seed)
    found = PictureAlignment(picture_version, weights, bias)
    aligned, own = found.directions(pictures[checked].astype(np.float32)), np.arange(len(checked))
    figures = {f"picture_recall_at_{k}": recall_of(aligned, texts[n:], own, k) for k in (1, 10)}
    return found, figures | {"picture_recall_products": float(len(checked))}


def fit_map(pictures: F64, texts: F32, said: pa.Array, seed: int) -> tuple[F32, F32]:
    """Learn weights float32 (picture_dim, dim) and bias float32 (dim,) from pairs of pictures (n, picture_dim) and
    directions of texts (n, dim); said: the texts, of which equal ones are no negatives of each other.
    """
    centre = pictures.mean(axis=0)
    axes = whitening(pictures - centre, COMPONENTS)
    read = (pictures - centre) @ axes
    scale = np.sqrt((read**2).mean())
    axes, read = axes / scale, read / scale
    gram = read.T @ read
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    start = np.linalg.solve(gram, read.T @ texts)
    numbers = np.asarray(pc.index_in(said, value_set=pc.unique(said)), dtype=np.int64)
    weights = axes @ _contrasted(read.astype(np.float32), texts, numbers, start.astype(np.float32), seed)
    return weights.astype(np.float32), (-centre @ weights).astype(np.float32)


def _contrasted(read: F32, texts: F32, numbers: Ints, start: F32, seed: int) -> F32:
    """Train the weights (n_components, dim) from their start; the dropped components depend on the seed alone."""
    rng, weights = np.random.default_rng(seed), torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.AdamW([weights], lr=LEARNING_RATE)
    for _ in range(EPOCHS):
        for batch in np.array_split(rng.permutation(len(read)), -(-len(read) // BATCH)):
            kept = (rng.random((len(batch), read.shape[1])) >= DROPOUT) / (1.0 - DROPOUT)
            shown = normalize(torch.from_numpy(read[batch] * kept.astype(np.float32)) @ weights)
            loss = info_nce(shown, torch.from_numpy(texts[batch]), numbers[batch], TEMPERATURE)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return weights.detach().numpy()


def _has_text(products: pa.Table) -> Flags:
    return np.array([bool(text) for text in products["text"].to_pylist()], dtype=np.bool_)


def _evenly(chosen: Flags, most: int) -> Ints:
    rows = np.flatnonzero(chosen)
    return rows[:: -(-len(rows) // most)] if len(rows) else rows
