"""Communities of the tie graph, and the likes of their members."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from socialrec.vectors.arrays import ABSENT, Csr, Indices

RESOLUTION = 1.0
"""Resolution of Louvain's method; above 1 communities are smaller."""
SEED = 20260105
MAX_ORDERS, MAX_TIES = 16, 4_000_000
"""Limits on the orders of users that are tried and on ties visited in all of them: large graphs get few."""


def find_communities(ties: Csr) -> Indices:
    """The community of each user, int64 (n_users,), the largest first; ABSENT without ties.

    Louvain's method (Blondel et al., "Fast unfolding of communities in large networks", J. Stat. Mech. 2008) on ties in
    either direction. The result depends on the order of the users, so it tries several orders, drawn
    with a seed from the users' own order, and keeps the partition of highest modularity. ties: csr (n_users, n_users).
    """
    both = (ties + ties.T).tocsr()
    communities, tied = np.full(ties.shape[0], ABSENT, dtype=np.int64), np.flatnonzero(np.diff(both.indptr))
    if len(tied):
        communities[tied] = _best_partition(both[tied][:, tied])
    return communities


def _best_partition(graph: Csr) -> Indices:
    """The partition of highest modularity over some orders of the nodes; the first of equals."""
    # Imported here: it takes most of a second, and the screens that import this module do not need it.
    from sknetwork.clustering import Louvain, get_modularity

    rng, n_nodes = np.random.default_rng(SEED), graph.shape[0]
    best, highest = np.zeros(n_nodes, dtype=np.int64), -np.inf
    for number in range(min(MAX_ORDERS, max(1, MAX_TIES // graph.nnz))):
        order = rng.permutation(n_nodes) if number else np.arange(n_nodes)
        found = np.empty(n_nodes, dtype=np.int64)
        found[order] = Louvain(resolution=RESOLUTION).fit_predict(graph[order][:, order])
        modularity = get_modularity(graph, found, resolution=RESOLUTION)
        if modularity > highest:
            best, highest = found, modularity
    return best


def community_likes(communities: Indices, affinity: Csr) -> Csr:
    """Share of each community's members who like each product, csr float32 (n_communities + 1, n_products).

    The last row is empty, for those without a community: ABSENT finds it.
    """
    known = np.flatnonzero(communities != ABSENT)
    sizes = np.bincount(communities[known], minlength=int(communities.max(initial=ABSENT)) + 2)
    members = sp.csr_matrix((np.ones(len(known)), (communities[known], known)), shape=(len(sizes), len(communities)))
    counts = members.dot(affinity > 0).tocsr()
    counts.data = (counts.data / np.repeat(sizes, np.diff(counts.indptr))).astype(np.float32)
    return counts.astype(np.float32)
