"""Deletion test of reasons: without a reason's evidence, the product must fall.

A reason is faithful if the model's score depends on its evidence (comprehensiveness; DeYoung et al., "ERASER", ACL
2020). Removed evidence by kind, and nothing else:

because_you   the user's interest in the named products
friends       the user's ties to the named friends, or to all who like the product where none is named
looked_at     the same of those who met it
praised       the user's interest in the named aspects
words, about  the direction that the named words span, out of the product's own text vector
looks_like    the direction of the named products' pictures, out of the product's own picture vector

A product falls where others overtake it or, at the same place, its score is lower: where several reasons hold a product
up, none of them alone holds its place. Other kinds name no evidence of the user's own and are not tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.context import ScoringSnapshot
from socialrec.recommend.blend import Blended
from socialrec.recommend.explain.reason import Reason
from socialrec.recommend.explain.reasons import Explainer
from socialrec.recommend.lists.scoring import explained_lists
from socialrec.recommend.model import Recommender
from socialrec.recommend.policy import Policy
from socialrec.recommend.scores import DenseScores, InnerProductScores, Scores
from socialrec.recommend.signals.base import UserBlock
from socialrec.vectors.arrays import F32, Csr, Flags, Indices, positions, unit_rows

BY_PEOPLE, BY_WORDS = (ReasonKind.FRIENDS, ReasonKind.LOOKED_AT), (ReasonKind.WORDS, ReasonKind.ABOUT)
SCORES_AT_ONCE = 3
"""Scores held in memory at once: before and after the removal, and their comparison."""
TESTED = (ReasonKind.BECAUSE_YOU, *BY_PEOPLE, *BY_WORDS, ReasonKind.PRAISED, ReasonKind.LOOKS_LIKE)


@dataclass(frozen=True)
class Claim:
    """Reason that one user (a row of everyone) was given for one product."""

    row: int
    product: int
    kind: ReasonKind
    reason: Reason


def reasons_figures(recommender: Recommender, context: ScoringSnapshot) -> dict[str, float]:
    """Compute the share of claims that pass the test, in total and by kind, over all listed users; and the number
    tested.

    `reasons_moved_share` counts only those without which the product loses its place. Without claims the shares are 1.
    """
    claims = claims_of(recommender, context)
    size = context.settings.users_per_block(len(context.active), at_once=SCORES_AT_ONCE)
    falls = [fall_without(recommender, context, claims[at : at + size]) for at in range(0, len(claims), size)]
    places, scores = (np.concatenate([np.zeros(0), *(each[i] for each in falls)]) for i in (0, 1))
    is_valid = (places > 0) | ((places == 0) & (scores > 0))
    kinds = np.array([claim.kind.value for claim in claims], dtype=np.str_)
    shares = {f"{kind}_valid_share": is_valid[kinds == kind.value] for kind in TESTED}
    return {
        "reasons_valid_share": float(is_valid.mean()) if len(claims) else 1.0,
        "reasons_moved_share": float((places > 0).mean()) if len(claims) else 1.0,
        "reasons_tested": len(claims),
        **{name: float(flags.mean()) for name, flags in shares.items() if len(flags)},
    }


def claims_of(recommender: Recommender, context: ScoringSnapshot) -> list[Claim]:
    """Reasons with evidence of all listed users."""
    explainer, policy = (
        Explainer(recommender, context),
        Policy(context, recommender.is_new(context.features)),
    )
    found = []
    for block in range(context.n_blocks):
        rows = context.block_rows(block)
        lists = explained_lists(recommender, policy, explainer, rows)
        for row, listed, places in zip(rows.tolist(), lists.chosen.listed.tolist(), lists.reasons, strict=True):
            found += [
                Claim(row, product, kind, reason)
                for product, reasons in zip(listed, places, strict=False)
                for reason in reasons
                if (kind := ReasonKind(reason["kind"])) in TESTED
            ]
    return found


def fall_without(
    recommender: Recommender, context: ScoringSnapshot, claims: Sequence[Claim]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fall of each product without the evidence in places and in score, float64 (n_claims,) each."""
    rows = np.array([claim.row for claim in claims], dtype=np.int64)
    products = np.array([claim.product for claim in claims], dtype=np.int64)
    hidden = (context.seen[rows].toarray() != 0) | ~context.active
    users, place = np.unique(rows, return_inverse=True)
    decimals = context.settings.score_decimals
    before = np.round(recommender.score(UserBlock.of(context.features, users)).full()[place], decimals)
    after = np.round(_scores_without(recommender, context, rows, claims), decimals)
    at = np.arange(len(claims)), products
    return _places(after, products, hidden) - _places(before, products, hidden), (before[at] - after[at]).astype(float)


def _places(scores: F32, products: Indices, hidden: Flags) -> npt.NDArray[np.float64]:
    """Number of products that may be listed and score higher than this one; equal scores count half."""
    own = scores[np.arange(len(scores)), products][:, None]
    ahead, beside = ((scores > own) & ~hidden).sum(axis=1), ((scores == own) & ~hidden).sum(axis=1)
    places: npt.NDArray[np.float64] = ahead + beside / 2
    return places


def _scores_without(recommender: Recommender, context: ScoringSnapshot, rows: Indices, claims: Sequence[Claim]) -> F32:
    """Blended scores after each claim's evidence is removed, float32 (n_claims, n_products)."""
    named, looking = (
        _numbers(
            [claim.reason["products"] if claim.kind is kind else [] for claim in claims], context.features.products
        )
        for kind in (ReasonKind.BECAUSE_YOU, ReasonKind.LOOKS_LIKE)
    )
    friends = _numbers([claim.reason["friends"] for claim in claims], context.user_ids)
    behind = [
        _unnamed(context, claim) if claim.kind in BY_PEOPLE and not len(found) else found
        for claim, found in zip(claims, friends, strict=True)
    ]
    whole = UserBlock.of(context.features, rows)
    block = replace(
        whole,
        affinity=_without(whole.affinity, named),
        recency=_without(whole.recency, named),
        ties=_without(whole.ties, behind),
        cares=_without_aspects(whole.cares, context, claims),
    )
    blend = recommender.score(block)
    parts = [_without_content(part, context, claims, looking) for part in blend.parts]
    return Blended(parts, blend.weights).full()


def _numbers(names: Sequence[list[str]], vocabulary: pa.Array) -> list[Indices]:
    """Row numbers of each claim's names, looked up at once."""
    flat = positions(pa.array([name for each in names for name in each], pa.string()), vocabulary)
    return np.split(flat, np.cumsum([len(each) for each in names])[:-1])


def _unnamed(context: ScoringSnapshot, claim: Claim) -> Indices:
    """Ties of the user who like the product, or for `looked_at` who met it."""
    evidence, neighbours = context.reason_evidence, context.features.ties[claim.row].indices
    if not len(neighbours):
        return np.zeros(0, dtype=np.int64)
    speakers = evidence.fans if claim.kind is ReasonKind.FRIENDS else evidence.onlookers
    speaks = context.features.affinity[neighbours].multiply(speakers[neighbours])[:, [claim.product]].toarray().ravel()
    found: Indices = neighbours[speaks > 0].astype(np.int64)
    return found


def _without(matrix: Csr, columns: Sequence[Indices]) -> Csr:
    """Matrix with some columns of each row set to zero."""
    kept = (matrix - matrix.multiply(_marks(columns, matrix.shape[1]))).tocsr()
    kept.eliminate_zeros()
    return kept


def _without_aspects(cares: F32, context: ScoringSnapshot, claims: Sequence[Claim]) -> F32:
    """Interests of the users, float32 (n_claims, n_aspects), without the aspects of `praised` reasons."""
    number = {name: place for place, name in enumerate(context.reason_evidence.aspect_names)}
    kept = cares.copy()
    for row, claim in enumerate(claims):
        if claim.kind is ReasonKind.PRAISED:
            kept[row, [number[name] for name in claim.reason["words"]]] = 0
    return kept


def _without_content(
    scores: Scores, context: ScoringSnapshot, claims: Sequence[Claim], looking: Sequence[Indices]
) -> Scores:
    """Remove what words and pictures say from scores that are cosines of texts or of pictures.

    Words span the mean text of the products that carry them, as in linear concept erasure (Ravfogel et al., "Null It
    Out", ACL 2020), and named products the sum of their pictures: nothing is encoded again.
    """
    if not isinstance(scores, InnerProductScores):
        return scores
    evidence, features = context.reason_evidence, context.features
    if scores.vectors.values is features.text:
        number = {word: place for place, word in enumerate(evidence.word_names)}
        named = [[number[word] for word in claim.reason["words"]] if claim.kind in BY_WORDS else [] for claim in claims]
        asked = _marks([np.array(places, dtype=np.int64) for places in named], len(number))
        return _without_directions(scores, asked.dot(evidence.words.T).dot(features.text), claims)
    if scores.vectors.values is features.looks:
        return _without_directions(scores, _marks(looking, len(features.looks)).dot(features.looks), claims)
    return scores


def _without_directions(scores: InnerProductScores, removed: F32, claims: Sequence[Claim]) -> DenseScores:
    """Scores after a direction, a row of (n_claims, dim), is removed from the vector of each claim's product; a row of
    zeros removes nothing.
    """
    products = np.array([claim.product for claim in claims], dtype=np.int64)
    directions = unit_rows(np.asarray(removed, dtype=np.float32))
    own = scores.vectors.values[products]
    found = scores.full()
    found[np.arange(len(claims)), products] -= (scores.users * directions).sum(axis=1) * (own * directions).sum(axis=1)
    return DenseScores.whole(found)


def _marks(columns: Sequence[Indices], width: int) -> Csr:
    """Indicator of the given columns of each row, csr float32 (n_rows, width)."""
    rows = np.repeat(np.arange(len(columns)), [len(each) for each in columns])
    places = np.concatenate([np.zeros(0, dtype=np.int64), *columns])
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, places)), shape=(len(columns), width))
