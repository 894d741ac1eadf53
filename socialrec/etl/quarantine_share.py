"""Limit on quarantine: the share of an entity's records that may break its contract before the night stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.dataset as pds

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.errors import UserError

_N_REASONS = 3
_COLUMNS = ["reason", "detail", "source_file", "source_line"]


@dataclass(frozen=True)
class Intake:
    """Number of records of one entity, and of those that went to quarantine."""

    n_in: int
    n_quarantined: int
    n_erased: int = 0
    """Quarantined records that were refused because their user was erased."""

    @property
    def share(self) -> float:
        """Share of records that break the contract, 0 where there are none."""
        return (self.n_quarantined - self.n_erased) / self.n_in if self.n_in else 0.0


def shared_id_question(entity: Entity) -> str:
    """Question to a deliverer of events whose lines contradict each other under one id."""
    spec = ENTITIES[entity]
    assert spec.revisions is not None, f"{entity} has no lines that contradict each other"
    name = spec.key[0]
    article = "an" if name[0] in "aeiou" else "a"
    return f"several lines share {article} {name}: is this the {spec.revisions.mistaken_for}'s id?"


def check_share(intakes: Mapping[Entity, Intake], quarantined: Mapping[Entity, Sequence[str]], limit: float) -> None:
    """Raise UserError for the entity with the largest rejected share, where that is above the limit.

    quarantined: by entity the Parquet files of the rejected records.
    """
    worst = max(intakes, key=lambda entity: intakes[entity].share)
    intake = intakes[worst]
    if intake.share <= limit:
        return
    rows = pds.dataset(list(quarantined[worst]), format="parquet").to_table(columns=_COLUMNS)
    rows = rows.filter(pc.field("reason") != QuarantineReason.ERASED_USER.value)
    counts = pc.value_counts(rows["reason"]).to_pylist()
    top = sorted(counts, key=lambda count: (-count["counts"], count["values"]))[:_N_REASONS]
    reasons = ", ".join(f"{count['values']} {count['counts']}" for count in top)
    first = rows.filter(pc.field("reason") == top[0]["values"]).sort_by(
        [("source_file", "ascending"), ("source_line", "ascending")]
    )
    example = first.slice(0, 1).to_pylist()[0]
    question = ""
    if QuarantineReason.CONFLICTING_ID in {count["values"] for count in top}:
        question = f"; {shared_id_question(worst)}"
    raise UserError(
        f"{worst}: {rows.num_rows} of {intake.n_in} records ({intake.share:.1%}) break their contract, more "
        f"than etl.max_quarantine_share = {limit:.1%} ({reasons}; such as {example['source_file']}:"
        f"{example['source_line']}, {example['detail']}){question}; correct the files or raise the setting, then run "
        "again"
    )
