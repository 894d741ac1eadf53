"""Communities of the tie graph, and what their members like."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from socialrec.recommend.arrays import ABSENT, Csr, Indices

MAX_ROUNDS = 5
"""Few: further on, labels of large communities take over small ones, and all become one."""


def find_communities(ties: Csr) -> Indices:
    """The community of each user, int64 (n_users,), numbered from 0; ABSENT without ties.

    Label propagation (Raghavan, Albert and Kumara, Physical Review E 76, 2007): each user takes the label that weighs
    most among their ties in either direction, where their own label weighs as much as their mean tie; equals go to the
    lower label. All change at once. ties: csr (n_users, n_users).
    """
    n_users = ties.shape[0]
    both = (ties + ties.T).tocsr()
    counts = np.diff(both.indptr)
    own = np.asarray(both.sum(axis=1)).ravel() / np.maximum(counts, 1)
    graph = (both + sp.diags(own.astype(np.float32))).tocsr()
    labels = np.arange(n_users)
    for _ in range(MAX_ROUNDS):
        members = sp.csr_matrix((np.ones(n_users, np.float32), (np.arange(n_users), labels)), (n_users, n_users))
        votes = graph.dot(members).tocsr()
        rows = np.repeat(np.arange(n_users), np.diff(votes.indptr))
        # The first of each user's votes, the heaviest first; rounded, as sums differ by the order of the ties.
        order = np.lexsort((votes.indices, -np.round(votes.data, 5), rows))
        voters, first = np.unique(rows[order], return_index=True)
        new = labels.copy()
        new[voters] = votes.indices[order][first]
        if np.array_equal(new, labels):
            break
        labels = new
    numbers = np.full(n_users, ABSENT, dtype=np.int64)
    numbers[counts > 0] = np.unique(labels[counts > 0], return_inverse=True)[1]
    return numbers


def community_likes(communities: Indices, affinity: Csr) -> Csr:
    """Share of each community's members who like each product, csr float32 (n_communities + 1, n_products).

    The last row is empty, for those without a community: ABSENT finds it.
    """
    known = np.flatnonzero(communities != ABSENT)
    sizes = np.bincount(communities[known], minlength=1)
    shares = (1.0 / np.maximum(sizes, 1)).astype(np.float32)[communities[known]]
    shape = (int(communities.max(initial=ABSENT)) + 2, len(communities))
    return sp.csr_matrix((shares, (communities[known], known)), shape=shape).dot(affinity > 0).tocsr()
