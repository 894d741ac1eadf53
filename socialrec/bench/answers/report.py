"""Figures that the parts of the benchmark add up, and those of the peers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from socialrec.bench.answers.pools import Rankings
from socialrec.bench.answers.scores import decision_scores, ranking_scores
from socialrec.bench.progress import to_standard_error

BM25, VECTORS, ALWAYS = "bm25", "untrained-encoder", "always-answering"
COVERAGE = 0.4
"""Share of all questions at which the right share of the answered ones is measured."""
_DECIMALS = 4
Figures = dict[str, float]


@dataclass
class AnswerFigures:
    """Figures of the parts so far, those of the peers by name, seconds by stage, and what was chosen or skipped."""

    metrics: Figures = field(default_factory=dict)
    peers: dict[str, Figures] = field(default_factory=lambda: {BM25: {}, VECTORS: {}, ALWAYS: {}})
    seconds: Figures = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block."""
        to_standard_error(f"{name} …")
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 1)

    def add(self, figures: Figures) -> None:
        """Add rounded figures of ours."""
        self.metrics |= {name: round(value, _DECIMALS) for name, value in figures.items()}

    def add_ranking(self, name: str, found: Rankings) -> None:
        """Add MAP and P@1 of a test set, and those of the peers."""
        self.add({f"{name}_{key}": value for key, value in ranking_scores(found.is_right).items()})
        for peer, order in ((BM25, found.by("bm25")), (VECTORS, found.by("cosines"))):
            for key, value in ranking_scores(order).items():
                self.peers[peer][f"{name}_{key}"] = round(value, _DECIMALS)

    def add_decision(self, found: Rankings, prefix: str = "") -> None:
        """Add the right share of the answered questions, and how many unanswerable ones are answered."""
        columns = found.confidences, found.first_right, found.is_answerable
        self.add({f"{prefix}{key}": value for key, value in decision_scores(*columns, COVERAGE).items()})
        for key, value in decision_scores(*columns, 1.0).items():
            self.peers[ALWAYS][f"{prefix}{key}"] = round(value, _DECIMALS)
