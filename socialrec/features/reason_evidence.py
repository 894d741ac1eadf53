"""Evidence that reasons may state: likes, follows, and words of products and of favourable comments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

from socialrec.contracts.opinions import FAVOURABLE_RATING
from socialrec.features.aspects import aspect_names, favourable_aspects
from socialrec.features.attributes import STATED_CATEGORY
from socialrec.features.feature_set import CSR_PARTS, EvidenceTables
from socialrec.features.stances import stances
from socialrec.features.words import distinctive_words, is_label, product_words
from socialrec.vectors.arrays import ABSENT, Csr, csr, positions

MATRICES = ("fans", "onlookers", "follows", "words")
NAMES, LISTS = ("word_names", "aspect_names"), ("praise", "praised", "aspects", "aspect_quotes", "categories")


@dataclass(frozen=True)
class ReasonEvidence:
    """True statements about the users and products of a night, each supported by its tables.

    fans, onlookers: csr float32 (n_users, n_products), 1 where a user likes a product, and where they only met it; 0 in
    both for users who returned it or complained. follows: csr float32 (n_users, n_users). words: csr float32
    (n_products, n_words) as `distinctive_words` makes it, and word_names of its columns. praise: list<string>
    (n_users,), each user's favourable comments and labels, sorted; praised: list<int64> (n_users,), the product of
    each. aspects: list<int64> (n_users,), places in aspect_names of those that a user spoke well of, and aspect_quotes:
    list<string>, a sentence about each. categories: string (n_products,), those that the shop states, null without one.
    """

    fans: Csr
    onlookers: Csr
    follows: Csr
    words: Csr
    word_names: list[str]
    praise: pa.Array
    praised: pa.Array
    aspect_names: list[str]
    aspects: pa.Array
    aspect_quotes: pa.Array
    categories: pa.Array

    @cached_property
    def speaking(self) -> Csr:
        """Pairs in which a user counts as a fan or an onlooker of a product, 1 each, csr float32 (n_users,
        n_products).
        """
        return (self.fans + self.onlookers).tocsr()

    def save(self, folder: Path) -> None:
        """Write the evidence for other processes to load."""
        tensors = {
            f"{name}.{part}": np.asarray(getattr(getattr(self, name), part)) for name in MATRICES for part in CSR_PARTS
        }
        save_file(tensors, folder / "reasons.safetensors")
        columns = {name: pa.array(getattr(self, name), pa.string()) for name in NAMES}
        columns |= {name: getattr(self, name) for name in LISTS}
        for name, values in columns.items():
            pq.write_table(pa.table({name: values}), folder / f"{name}.parquet")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        tensors = load_file(folder / "reasons.safetensors")
        matrices = {}
        for name in MATRICES:
            data, indices, indptr, shape = (tensors[f"{name}.{part}"] for part in CSR_PARTS)
            matrices[name] = sp.csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()))
        names = (*NAMES, *LISTS)
        read = {name: pq.read_table(folder / f"{name}.parquet")[name].combine_chunks() for name in names}
        return cls(**matrices, **{name: read.pop(name).to_pylist() for name in NAMES}, **read)


def gather_evidence(evidence: EvidenceTables, *, users: pa.Array, names: pa.Array) -> ReasonEvidence:
    """Gather evidence over these users and products (names)."""
    comments, products = evidence.comments, evidence.products
    pairs = stances(evidence.affinities, comments)
    shape = (len(users), len(names))
    is_fan = pairs["is_fan"].to_numpy(zero_copy_only=False)
    rows, columns = positions(pairs["user_key"], users), positions(pairs["product_id"], names)
    fans, onlookers = (csr(np.ones(len(rows)) * chosen, rows, columns, shape) for chosen in (is_fan, ~is_fan))
    for matrix in (fans, onlookers):
        matrix.eliminate_zeros()
    followed = evidence.ties.filter(evidence.ties["is_follow"])
    follower, followee = (positions(followed[name], users) for name in ("user_key", "neighbour_key"))
    praise, labels = _favourable(comments)
    owners = positions(products["product_id"], names)
    said, about = _by_user(pa.concat_tables([praise, labels]), users, names)
    aspects, aspect_quotes = favourable_aspects(comments, users)
    words, word_names = distinctive_words(product_words(products, labels, names, owners))
    return ReasonEvidence(
        fans=fans,
        onlookers=onlookers,
        follows=csr(np.ones(followed.num_rows), follower, followee, (len(users), len(users))),
        words=words,
        word_names=word_names,
        praise=said,
        praised=about,
        aspect_names=aspect_names(comments).to_pylist(),
        aspects=aspects,
        aspect_quotes=aspect_quotes,
        categories=_categories(products, names),
    )


def _favourable(comments: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Comments with text and a favourable rating, and labels: `user_key`, `product_id`, `text`."""
    comments = comments.filter(pc.field("text") != "")
    columns = ["user_key", "product_id", "text"]
    is_good = pc.fill_null(pc.greater_equal(comments["rating"], FAVOURABLE_RATING), False)
    unrated = comments.filter(pc.and_(pc.is_null(comments["rating"]), pc.is_null(comments["parent_comment_id"])))
    labels = pa.array([is_label(text) for text in unrated["text"].to_pylist()], pa.bool_())
    return comments.filter(is_good).select(columns), unrated.filter(labels).select(columns)


def _by_user(texts: pa.Table, users: pa.Array, names: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Texts of each user, list<string> (n_users,), and the numbers of their products, list<int64>; sorted, so that the
    order of rows does not matter.
    """
    found: list[list[tuple[str, int]]] = [[] for _ in range(len(users))]
    rows, products = positions(texts["user_key"], users), positions(texts["product_id"], names)
    for row, text, product in zip(rows.tolist(), texts["text"].to_pylist(), products.tolist(), strict=True):
        if row != ABSENT:
            found[row].append((text, product))
    own = [sorted(each) for each in found]
    said = pa.array([[text for text, _ in each] for each in own], pa.list_(pa.string()))
    return said, pa.array([[product for _, product in each] for each in own], pa.list_(pa.int64()))


def _categories(products: pa.Table, names: pa.Array) -> pa.Array:
    place = positions(names, products["product_id"].combine_chunks())
    return products[STATED_CATEGORY].combine_chunks().cast(pa.string()).take(pa.array(place, mask=place == ABSENT))
