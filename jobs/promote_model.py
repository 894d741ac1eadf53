"""The gate: register the candidate as challenger, and make it champion only where the figures say so."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from socialrec import job, tracking
from socialrec.erasure.trainings import require_nobody_erased_since
from socialrec.errors import UserError
from socialrec.evaluate.gate import Decision, decide
from socialrec.recommend.decisions import gate_row, record_decision
from socialrec.recommend.model import read_document
from socialrec.report.cards import version_card
from socialrec.tracking import ENCODER, RECOMMENDER

NAME = "promote_model"


def main(argv: list[str] | None = None) -> int:
    """Decide, record the decision, and close the training run whatever comes. Sampling does not apply."""
    parser = job.parser(__doc__)
    parser.add_argument("--mlflow-run", required=True, help="the training run, from finetune_encoder")
    parser.add_argument("--encoder-version", required=True, help="whose vectors the candidate uses")
    parser.add_argument("--encoder-model-version", required=True, help="the encoder's registered version")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run, tracking.connect(run.settings).failing(args.mlflow_run) as tracker:
        promote(run, tracker)
    return 0


def promote(run: job.Run, tracker: tracking.Tracker) -> None:
    """Register, decide and act."""
    args = run.args
    require_nobody_erased_since(run.settings, tracker, args.mlflow_run)
    evaluation = read_evaluation(run.settings.candidate(args.mlflow_run))
    # The same recipe on newer data ties with itself; newer data is then reason enough.
    champion_ds = evaluation.get("champion_ds")
    is_fresher = champion_ds is not None and (champion_ds < run.ds or learned_of_erased(tracker, evaluation))
    decision = decide(evaluation, run.settings.evaluate, is_fresher=is_fresher)
    version = None
    if not args.dry_run:
        version = record(run, tracker, decision, evaluation)
    run.log.info("decided", promote=decision.promote, reasons=decision.reasons)
    status = "dry_run" if args.dry_run else "promoted" if decision.promote else "refused"
    pages: dict[str, Any] = {"mlflow_url": tracker.run_page(args.mlflow_run)}
    if version is not None:
        pages["model_url"] = tracker.version_page(RECOMMENDER, version)
    tracker.finish(args.mlflow_run)
    if version is not None:
        # The last that is asked of the server: where it fails before, no alias has moved.
        move_aliases(run, tracker, version, is_champion=decision.promote)
    run.done(
        status=status,
        note=f"Version {version or 'to come'} {status}: {'; '.join(decision.reasons)}",
        recommender_version=version,
        encoder_version=args.encoder_version,
        encoder_model_version=args.encoder_model_version,
        label=evaluation["label"],
        **pages,
        **decision.document(),
    )


def learned_of_erased(tracker: tracking.Tracker, evaluation: dict[str, Any]) -> bool:
    """Whether the champion was trained on users who were erased since: one as good that was not takes its place."""
    return tracking.ERASED in tracker.model(RECOMMENDER, evaluation["champion_version"]).tags


def record(run: job.Run, tracker: tracking.Tracker, decision: Decision, evaluation: dict[str, Any]) -> str:
    """Register the candidate, and keep the decision with its version, its run and the lake."""
    args = run.args
    gate = "promoted" if decision.promote else "refused"
    tags = {
        "encoder_version": args.encoder_version,
        "encoder_model_version": args.encoder_model_version,
        "split_kind": evaluation["split_kind"],
        "label": evaluation["label"],
        "ds": run.ds,
        "gate": gate,
        "gate_reasons": "; ".join(decision.reasons),
    }
    card = version_card(decision, evaluation, read_candidate(run), tracker.run_page(args.mlflow_run))
    version = tracker.register(args.mlflow_run, "recommender", RECOMMENDER, tags, card)
    tracker.describe(args.mlflow_run, card)
    tracker.log_dict(args.mlflow_run, decision.document(), "gate.json")
    shown = {"model": f"version {version}", "decision": gate}
    tracker.log(args.mlflow_run, tags={"gate": gate, "gate_reasons": tags["gate_reasons"], **shown})
    tracker.rename(args.mlflow_run, f"{run.ds} · version {version} {gate}")
    row = gate_row(
        decision,
        tracker.metrics(args.mlflow_run),
        recommender_version=version,
        champion_version=evaluation.get("champion_version"),
        encoder_version=args.encoder_version,
        label=evaluation["label"],
        mlflow_run=args.mlflow_run,
        ds=run.ds,
    )
    # The record comes before the act: a champion that no row explains must not be.
    record_decision(run.lake, row, NAME)
    return version


def move_aliases(run: job.Run, tracker: tracking.Tracker, version: str, *, is_champion: bool) -> None:
    """Make the candidate challenger and, with its encoder, champion where it passed."""
    tracker.nominate(RECOMMENDER, version)
    if is_champion:
        tracker.promote(ENCODER, run.args.encoder_model_version)
        tracker.promote(RECOMMENDER, version)


def read_candidate(run: job.Run) -> dict[str, Any]:
    """The candidate's model.json; empty where it cannot be read, which the gate has seen already."""
    try:
        return read_document(run.settings.candidate(run.args.mlflow_run) / "recommender")
    except UserError:
        return {}


def read_evaluation(folder: Path) -> dict[str, Any]:
    """What evaluate_recommender found; UserError where it has not run."""
    file = folder / "evaluation.json"
    if not file.exists():
        raise UserError(f"no {file}: run evaluate_recommender first, with the same --mlflow-run")
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


if __name__ == "__main__":
    sys.exit(job.guarded(main))
