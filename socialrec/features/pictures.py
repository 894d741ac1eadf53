"""Looks of products: directions of their pictures, whitened over the catalogue.

A vector is centred and brought to the first principal components of the catalogue's pictures, scaled to more equal
variances (Jégou and Chum, "Negative evidences and co-occurences in image retrieval", ECCV 2012): a twentieth of the
numbers, whose cosines tell as much. The statistics are those of the day's catalogue, as the centre of texts is. A
training and a night of one day compute the same, and nothing that is learned depends on the axes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.linalg import eigh

from socialrec.contracts.gold import ALIGNED_PICTURES, PICTURE_EMBEDDINGS
from socialrec.features.evidence import exact
from socialrec.features.product_sums import ProductSums
from socialrec.features.texts import centre_of
from socialrec.lake import Lake
from socialrec.vectors.arrays import ABSENT, F32, csr, positions, unit_rows

F64 = npt.NDArray[np.float64]
DIMS = 64
"""Most components that are kept."""
SHRINKAGE = 3.0
"""Variance that is added to each component before its scaling, as a share of the kept ones' mean."""
DIRECTION = "direction"
"""Column of the directions of pictures among texts, null where no alignment reads them."""
WORD = r"\p{L}\p{M}*\p{L}"
"""Pattern of a word: two letters side by side. Codes, numbers and signs have none, and say nothing of a product."""
MOST_MEASURED = 20_000
"""Products whose pictures the statistics are of, evenly drawn from those that have any."""


def no_pictures() -> pa.Table:
    """Make the vectors of a shop without pictures: no rows of `picture_hash`, `embedding` and `direction`."""
    vectors = dict.fromkeys(("embedding", DIRECTION), pa.list_(pa.float32()))
    return pa.schema({"picture_hash": pa.string(), **vectors}).empty_table()


def picture_version(lake: Lake, version: int | None = None) -> str | None:
    """Version of the encoder that the newest `embed_images` used, up to this version of its table; None before any."""
    return next(
        (
            commit.partitions[0]
            for commit in lake.history(PICTURE_EMBEDDINGS)
            if commit.job in PICTURE_EMBEDDINGS.writers and (version is None or commit.version <= version)
        ),
        None,
    )


def read_pictures(lake: Lake, products: pa.Table, versions: Mapping[str, int | None] | None = None) -> pa.Table:
    """Read the vectors of the pictures of these rows of silver.products: `picture_hash` and `embedding`."""
    at = (versions or {}).get(PICTURE_EMBEDDINGS.name)
    encoder = picture_version(lake, at)
    hashes = pc.unique(pc.list_flatten(products["pictures"].drop_null()))
    if encoder is None or not len(hashes):
        return no_pictures()
    wanted = pc.field("picture_hash").isin(hashes)
    return lake.read(PICTURE_EMBEDDINGS, [encoder], ("picture_hash", "embedding"), wanted, at)


def read_aligned(
    lake: Lake, products: pa.Table, encoder_version: str, versions: Mapping[str, int | None] | None = None
) -> pa.Table:
    """Read the same with a column `direction`: of each picture among the texts of this encoder, null without one."""
    found, at = read_pictures(lake, products, versions), (versions or {}).get(ALIGNED_PICTURES.name)
    if not found.num_rows:
        return no_pictures()
    wanted = pc.field("picture_hash").isin(found["picture_hash"])
    aligned = lake.read(ALIGNED_PICTURES, [encoder_version], ("picture_hash", "embedding"), wanted, at)
    place = positions(found["picture_hash"], aligned["picture_hash"].combine_chunks())
    directions = aligned["embedding"].combine_chunks().take(pa.array(place, mask=place == ABSENT))
    return found.append_column(DIRECTION, directions)


def mean_pictures(products: pa.Array, rows: pa.Table, vectors: pa.Table) -> F64:
    """Mean vectors of the pictures of products, float64 (n_products, dim), zeros without any; see `looks_of`."""
    lists = rows["pictures"].combine_chunks()
    owner = positions(rows["product_id"].combine_chunks().take(pc.list_parent_indices(lists)), products)
    picture = positions(pc.list_flatten(lists), vectors["picture_hash"].combine_chunks())
    known = (owner != ABSENT) & (picture != ABSENT)
    counts = csr(np.ones(known.sum()), owner[known], picture[known], (len(products), len(vectors)))
    values = vectors["embedding"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    sums = counts.astype(np.float64).dot(exact(values.reshape(len(vectors), -1)))
    n_pictures = np.asarray(counts.sum(axis=1)).ravel()
    means: F64 = sums / np.maximum(n_pictures, 1.0)[:, None]
    return means


def with_pictures(text: F32, sums: ProductSums, rows: pa.Table, pictures: pa.Table) -> F32:
    """Directions of products by their texts, float32 (n_products, dim), and by their pictures where there is neither a
    word in the product's own text nor a comment: unit rows, or zeros.

    text: unit rows or zeros, in the order of the sums. rows: one snapshot of silver.products. pictures: see
    `read_aligned`; those without a direction count nothing.
    """
    known = pictures.filter(pc.is_valid(pictures[DIRECTION]))
    if not known.num_rows:
        return text
    worded = rows["product_id"].filter(pc.match_substring_regex(rows["text"], WORD))
    is_silent = (positions(sums.products, worded.combine_chunks()) == ABSENT) & (sums.n_said == 0)
    shown = known.select(["picture_hash", DIRECTION]).rename_columns(["picture_hash", "embedding"])
    directions = unit_rows(mean_pictures(sums.products, rows, shown).astype(np.float32))
    return np.where((is_silent & directions.any(axis=1))[:, None], directions, text)


def looks_of(products: pa.Array, rows: pa.Table, vectors: pa.Table) -> F32:
    """Directions of the mean pictures of products, float32 (n_products, n_dims), at most `DIMS`: unit rows, or zeros
    for a product without pictures. Without any picture there are no columns.

    products: ids (n_products,). rows: one snapshot of silver.products. vectors: see `read_pictures`.
    """
    if not vectors.num_rows:
        return np.zeros((len(products), 0), dtype=np.float32)
    return _whitened(mean_pictures(products, rows, vectors))


def _whitened(means: F64) -> F32:
    """Whitened directions of mean vectors (n, dim) from their centre, float32 unit rows; rows of zeros stay zero."""
    present = np.flatnonzero(np.any(means != 0, axis=1))
    apart = means[present] - centre_of(means)
    step = -(-len(present) // MOST_MEASURED)
    whitened = apart @ whitening(apart[::step], DIMS)
    found = np.zeros((len(means), whitened.shape[1]), dtype=np.float32)
    found[present] = unit_rows(whitened.astype(np.float32))
    return found


def whitening(apart: F64, most: int) -> F64:
    """Map of vectors (n, dim) from their centre to at most so many scaled components, float64 (dim, n_components)."""
    dim = apart.shape[1]
    n_dims = min(most, dim)
    variances, axes = eigh(apart.T @ apart / len(apart), subset_by_index=(dim - n_dims, dim - 1))
    scales = 1.0 / np.sqrt(np.maximum(variances, 0.0) + SHRINKAGE * variances.mean() + np.finfo(np.float64).tiny)
    return np.asarray(axes * scales)
