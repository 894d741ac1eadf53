"""Evidence that reasons may state: likes, follows, and words of products and of favourable comments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from socialrec.vectors.arrays import Csr


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
