"""Drift of a distribution from the one that a model was trained on: the population stability index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

N_BINS = 10
LEAST_SHARE = 1e-4
"""Lower bound of shares: an empty bin would make the index infinite."""

Histogram = dict[str, Any]
"""Histogram as plain data: inner `edges` of numbers, or `names` of kinds; `counts` by bin, unknown kinds last."""
Values = npt.NDArray[np.float64] | npt.NDArray[np.str_]


def stability_index(expected: npt.NDArray[Any], observed: npt.NDArray[Any]) -> float:
    """Population stability index: sum((o - e) ln(o / e)) over the shares of the same bins, from counts (n_bins,) each.

    Below 0.1 is commonly read as no change, above 0.25 as a shift (Siddiqi, "Credit Risk Scorecards", 2006). NaN where
    either side is empty.
    """
    if not expected.sum() or not observed.sum():
        return float("nan")
    e, o = (np.maximum(counts / counts.sum(), LEAST_SHARE) for counts in (expected, observed))
    return float(((o - e) * np.log(o / e)).sum())


def histogram(values: Values) -> Histogram:
    """Histogram of numbers by deciles (equal values share a bin), of words by word."""
    if values.dtype.kind == "U":
        names = sorted(set(values.tolist()))
        return {"names": names, "counts": _count(values, {"names": names}).tolist()}
    numbers, tenths = values.astype(np.float64), np.arange(1, N_BINS) / N_BINS
    edges = np.unique(np.quantile(numbers, tenths, method="inverted_cdf")).tolist() if len(numbers) else []
    return {"edges": edges, "counts": _count(values, {"edges": edges}).tolist()}


def drift(reference: Mapping[str, Histogram], night: Mapping[str, Values]) -> dict[str, float]:
    """Stability index of each distribution that both sides have; others are left out."""
    found = {
        name: stability_index(np.array(known["counts"]), _count(night[name], known))
        for name, known in reference.items()
        if name in night
    }
    return {name: index for name, index in found.items() if np.isfinite(index)}


def _count(values: Values, bins: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """Count values by bin; the last bin is for words that the other side lacks."""
    if "edges" in bins:
        places = np.searchsorted(np.asarray(bins["edges"], dtype=np.float64), values.astype(np.float64), side="left")
        return np.bincount(places, minlength=len(bins["edges"]) + 1).astype(np.int64)
    counts = Counter(values.tolist())
    known = [counts[name] for name in bins["names"]]
    return np.array([*known, counts.total() - sum(known)], dtype=np.int64)
