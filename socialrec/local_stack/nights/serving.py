"""Serving model and its history, the gate's decision on the newest candidate, and the next steps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.contracts.vocabulary import DecisionKind
from socialrec.lake import Lake
from socialrec.local_stack.home.commands import RunCommand
from socialrec.local_stack.nights.night import GATE, PINNING, REFUSED
from socialrec.recommend.decisions import newest_decision
from socialrec.report.summary import BROKEN
from socialrec.settings import Settings

BASELINE, PERSON = "baseline", "person"
DECIDED = ("promoted", REFUSED)
_NAMED_SETTING = re.compile(r"\b[a-z]+\.[a-z_]+ = [\w.\"]*\w\"?")


@dataclass(frozen=True)
class Candidate:
    """Decision of the gate on a candidate: `reasons` and, of a refused one, a remedy by failed check.

    `version` is None where the data were too few to fit one. `is_broken` says that it cannot serve at all. Where no
    trained champion serves either, `baseline_version` does and `missing` states in words the requirements of a trained
    model.
    """

    ds: str
    version: str | None
    is_refused: bool
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    is_broken: bool
    baseline_version: str | None
    missing: str


@dataclass(frozen=True)
class Serving:
    """Model behind a day's lists. `kind` is trained or baseline; `gate` promoted, refused or baseline.

    `by_person` says that a person chose this version, by name or by a rollback, whose reason is `rollback_reason`.
    Unknown facts of older nights are empty.
    """

    version: str
    kind: str
    missing: str
    gate: str
    gate_reasons: str
    warnings: tuple[str, ...]
    by_person: bool
    rollback_reason: str

    @property
    def sentence(self) -> str:
        """Version of the model and the reason why it serves."""
        if self.rollback_reason:
            return f"version {self.version}, chosen by a person in a rollback: {self.rollback_reason}"
        if self.by_person:
            refused = f"; the gate had refused it: {self.gate_reasons}" if self.gate == REFUSED else ""
            return f"version {self.version}, chosen by a person{refused}"
        if self.kind == BASELINE:
            lacks = f"; missing for a trained model: {self.missing}" if self.missing else ""
            return f"version {self.version}, the baseline (popularity by what is known of each user){lacks}"
        return f"version {self.version}" + (", promoted by the gate" if self.gate == "promoted" else "")


@dataclass(frozen=True)
class NextStep:
    """Next step for a person: in words, with the command to type, empty where there is none."""

    what: str
    command: str = ""


def serving(settings: Settings, lake: Lake, ds: str, version: str) -> Serving:
    """Model of a day's lists, from the receipt that pinned it and from the recorded decisions."""
    pins = [
        found
        for found in _receipts(settings.runs, PINNING)
        if (found["ds"], found.get("recommender_version")) == (ds, version)
    ]
    pinned: Mapping[str, Any] = pins[-1] if pins else {}
    decision = newest_decision(lake.read(MODEL_DECISIONS), version) if lake.partitions(MODEL_DECISIONS) else None
    is_rollback = decision is not None and decision["kind"] == DecisionKind.ROLLBACK
    chosen_by_name = pinned.get("chosen_by") == PERSON
    return Serving(
        version=version,
        kind=pinned.get("model_kind", ""),
        missing=pinned.get("missing", ""),
        gate=pinned.get("gate", ""),
        gate_reasons=pinned.get("gate_reasons", ""),
        warnings=tuple(pinned.get("gate_warnings", ())),
        by_person=chosen_by_name or is_rollback,
        rollback_reason="; ".join(decision["reasons"]) if decision and is_rollback and not chosen_by_name else "",
    )


def newest_candidate(settings: Settings) -> Candidate | None:
    """Newest candidate that a gate of this home decided on, None where there was none."""
    decided = [found for found in _receipts(settings.runs, GATE) if found["status"] in DECIDED]
    return _candidate(decided[-1]) if decided else None


def candidate_of(settings: Settings, run_id: str) -> Candidate | None:
    """Candidate of one training, by the name of its folder of receipts; None where no gate decided."""
    file = settings.run_folder(run_id) / f"{GATE}.json"
    if not file.exists():
        return None
    receipt = _read(file)
    return _candidate(receipt) if receipt["status"] in DECIDED else None


def next_steps(candidate: Candidate, model: Serving | None, command: RunCommand, settings: Settings) -> list[NextStep]:
    """Options after a refusal: take the version anyway, change a setting, train again.

    A broken candidate is not offered. `model` is the model that serves meanwhile, None where none does.
    """
    steps = []
    if candidate.version is not None and not candidate.is_broken:
        what = f"Take version {candidate.version} anyway, for this run alone"
        steps.append(NextStep(what, command.text(model=candidate.version)))
    # While a trained champion serves, a night trains nothing.
    trains = model is None or not model.version or model.kind == BASELINE or model.version == candidate.version
    again, by_hand = (command.text(), "") if trains else ("", ": trigger socialrec_train in Airflow")
    named = [" or ".join(found) for remedy in candidate.remedies if (found := _NAMED_SETTING.findall(remedy))]
    if named:
        into = f"Put {' and '.join(named)} into {settings.home / 'settings.toml'}"
        steps.append(NextStep(f"{into}, then train again{by_hand}", again))
    steps.append(NextStep(f"Train again when records or settings have changed{by_hand}", again))
    return steps


def _candidate(receipt: Mapping[str, Any]) -> Candidate:
    failed = [check for check in receipt.get("checks", ()) if check.get("decides", True) and not check["is_passed"]]
    is_refused = receipt["status"] == REFUSED
    return Candidate(
        ds=receipt["ds"],
        version=receipt["recommender_version"],
        is_refused=is_refused,
        reasons=tuple(receipt.get("reasons", ())),
        remedies=tuple(check["remedy"] for check in failed if check.get("remedy")),
        is_broken=is_refused and any(check["name"] in BROKEN for check in failed),
        baseline_version=receipt.get("baseline_version"),
        missing=receipt.get("missing", ""),
    )


def _receipts(runs: Path, job: str) -> list[dict[str, Any]]:
    """Receipts of a job in all runs, oldest first."""
    files = sorted(runs.glob(f"*/{job}.json"), key=lambda file: (file.stat().st_mtime, file.parent.name))
    return [_read(file) for file in files]


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content
