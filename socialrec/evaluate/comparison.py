"""A candidate beside its rivals on the same held-out users: figures, slices and paired tests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from socialrec.evaluate.measure import Figures, HeldOutSet, Measurement, measure_slices, measure_whole
from socialrec.evaluate.metrics.hits import Ranked
from socialrec.evaluate.paired import PairedTest, paired_test
from socialrec.settings import EvaluateSettings

CANDIDATE = "candidate"
EVERYONE = "everyone"
MAIN_METRICS = ("ndcg", "recall", "coverage")
"""Metrics that are shown first."""
TABLE_COLUMNS = ("who", "slice", "metric", "value", "low", "high", "n_users")


@dataclass(frozen=True)
class Comparison:
    """Measured lists by model and by slice (`everyone` first), and paired tests by rival and slice."""

    measured: dict[str, dict[str, Measurement]]
    paired: dict[str, dict[str, PairedTest]]

    def document(self) -> dict[str, Any]:
        """Plain data: figures by model, then `intervals`, `slices` and `paired` by model or rival and slice.

        NaN and infinity become None.
        """
        intervals = {who: parts[EVERYONE].intervals for who, parts in self.measured.items()}
        slices = {
            who: {name: part.figures for name, part in parts.items() if name != EVERYONE}
            for who, parts in self.measured.items()
        }
        paired = {who: {name: test.document() for name, test in parts.items()} for who, parts in self.paired.items()}
        models = {who: parts[EVERYONE].figures for who, parts in self.measured.items()}
        document = {**models, "intervals": intervals, "slices": slices, "paired": paired}
        return cast("dict[str, Any]", _without_nan(document))

    def metrics(self) -> Figures:
        """All numbers by flat names: `test/…`, `slice/…` and `paired/…`, the rivals' with a prefix."""
        flat: Figures = {}
        for who, name, part in self._parts():
            prefix = "" if who == CANDIDATE else f"{who}_"
            where = "test" if name == EVERYONE else f"slice/{name}"
            flat |= {f"{where}/{prefix}{metric}": value for metric, value in part.figures.items()}
        for rival, tests in self.paired.items():
            flat |= {f"paired/{rival}/{name}": value for name, value in tests[EVERYONE].document().items()}
        return {name: value for name, value in flat.items() if math.isfinite(value)}

    def rows(self) -> list[tuple[str | float, ...]]:
        """Table of every figure with its interval; columns are TABLE_COLUMNS."""
        return [
            (who, name, metric, value, *part.intervals.get(metric, ("", "")), part.figures["n_users"])
            for who, name, part in self._parts()
            for metric, value in part.figures.items()
            if metric != "n_users"
        ]

    def _parts(self) -> Iterator[tuple[str, str, Measurement]]:
        for who, parts in self.measured.items():
            for name, part in parts.items():
                yield who, name, part


def main_figures(figures: Mapping[str, float]) -> Figures:
    """Main metrics of a model by their bare names, from figures with cutoffs such as `ndcg_at_10`."""
    bare = {name.rpartition("_at_")[0]: value for name, value in figures.items()}
    return {name: bare[name] for name in MAIN_METRICS if name in bare and math.isfinite(bare[name])}


def compare(
    candidate: Ranked, rivals: Mapping[str, Ranked], held: HeldOutSet, settings: EvaluateSettings
) -> Comparison:
    """Measure all lists, int64 (n_users, at least cutoff) each, and test the candidate's NDCG against each rival's."""
    measured = {
        who: {EVERYONE: measure_whole(ranked, held, settings), **measure_slices(ranked, held, settings)}
        for who, ranked in {CANDIDATE: candidate, **rivals}.items()
    }
    ours = measured[CANDIDATE]
    paired = {
        rival: {
            name: paired_test(part.ndcg, measured[rival][name].ndcg, settings.n_resamples, settings.seed)
            for name, part in ours.items()
        }
        for rival in rivals
    }
    return Comparison(measured, paired)


def _without_nan(value: Any) -> Any:
    """Replace NaN and infinity, which JSON lacks, by None."""
    if isinstance(value, Mapping):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_without_nan(inner) for inner in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None
