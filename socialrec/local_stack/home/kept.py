"""Data of the champion and of the one before it, which a rollback needs complete."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.lake import Lake
from socialrec.recommend.decisions import champions
from socialrec.recommend.model import read_document
from socialrec.tracking import ENCODER, RECOMMENDER, Tracker


@dataclass(frozen=True)
class RetainedModels:
    """Local copies of models, and the versions of tables they were fitted on, by table name."""

    copies: frozenset[Path] = frozenset()
    table_versions: dict[str, set[int]] = field(default_factory=dict)


def kept_models(tracker: Tracker, lake: Lake) -> RetainedModels:
    """Find the champion and the one before it, each with its encoder; models without a local copy are fetched."""
    champion = tracker.champion(RECOMMENDER)
    if champion is None:
        return RetainedModels()
    copies = set()
    versions: dict[str, set[int]] = defaultdict(set)
    for version in champions(lake.read(MODEL_DECISIONS), champion.version):
        model = tracker.model(RECOMMENDER, version)
        folder = tracker.fetch(RECOMMENDER, version)
        copies |= {folder, tracker.copy_of(ENCODER, model.tags["encoder_model_version"])}
        for table, seen in read_document(folder)["info"]["lake_versions"].items():
            if seen is not None:
                versions[table].add(seen)
    return RetainedModels(frozenset(copies), dict(versions))
