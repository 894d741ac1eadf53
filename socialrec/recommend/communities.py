"""Communities of the tie graph, and what their members like."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from socialrec.recommend.arrays import ABSENT, Csr, Indices

RESOLUTION = 1.0
"""What a community's size counts against it: above 1 they are smaller."""


def find_communities(ties: Csr) -> Indices:
    """The community of each user, int64 (n_users,), the largest first; ABSENT without ties.

    Louvain's method (Blondel et al., "Fast unfolding of communities in large networks", J. Stat. Mech. 2008) on ties in
    either direction, users in their order: the same ties in the same order give the same communities, so the order must
    follow from what is known of users (`UserOrder`). ties: csr (n_users, n_users).
    """
    # Imported here: it takes most of a second, and the screens that import this module never get here.
    from sknetwork.clustering import Louvain

    both = (ties + ties.T).tocsr()
    communities, tied = np.full(ties.shape[0], ABSENT, dtype=np.int64), np.flatnonzero(np.diff(both.indptr))
    if len(tied):
        communities[tied] = Louvain(resolution=RESOLUTION).fit_predict(both[tied][:, tied])
    return communities


def community_likes(communities: Indices, affinity: Csr) -> Csr:
    """Share of each community's members who like each product, csr float32 (n_communities + 1, n_products).

    The last row is empty, for those without a community: ABSENT finds it.
    """
    known = np.flatnonzero(communities != ABSENT)
    sizes = np.bincount(communities[known], minlength=1)
    shares = (1.0 / np.maximum(sizes, 1)).astype(np.float32)[communities[known]]
    shape = (int(communities.max(initial=ABSENT)) + 2, len(communities))
    return sp.csr_matrix((shares, (communities[known], known)), shape=shape).dot(affinity > 0).tocsr()
