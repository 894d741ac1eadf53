"""Gate: register the candidate as challenger, and make it champion only if the figures allow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from socialrec import tracking
from socialrec.contracts.vocabulary import ModelKind
from socialrec.display.visible import plain_markdown
from socialrec.errors import UserError
from socialrec.evaluate.gate import Decision, decide
from socialrec.privacy.erasure.trainings import require_nobody_erased_since
from socialrec.recommend.decisions import baseline_row, gate_row, record_decision
from socialrec.recommend.model import read_document
from socialrec.recommend.model_files import hash_files
from socialrec.recommend.training.baseline import FOLDER as BASELINE_FOLDER
from socialrec.recommend.training.baseline import what_is_missing
from socialrec.recommend.training.candidate import FOLDER as CANDIDATE_FOLDER
from socialrec.recommend.training.steps import decision_key, forget_steps, training_key
from socialrec.report.cards import baseline_card, version_card
from socialrec.runtime import job
from socialrec.tracking import ENCODER, RECOMMENDER

NAME = "promote_model"
ENCODER_FOLDER = "encoder"


def main(argv: list[str] | None = None) -> int:
    """Decide, record the decision, and close the training run. Exit code 3 means that the candidate was refused.

    Where no trained model serves and the candidate may not either, the baseline becomes champion. Sampling does not
    apply.
    """
    parser = job.parser(__doc__)
    parser.add_argument("--mlflow-run", required=True, help="the training run, from finetune_encoder")
    parser.add_argument("--encoder-version", required=True, help="encoder whose vectors the candidate uses")
    parser.add_argument("--encoder-model-version", required=True, help="the encoder's registered version")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run, tracking.connect(run.settings).failing(args.mlflow_run) as tracker:
        return promote(run, tracker)


def promote(run: job.Run, tracker: tracking.Tracker) -> int:
    """Register, decide and act; returns the exit code."""
    args, folder = run.args, run.settings.candidate(run.args.mlflow_run)
    require_nobody_erased_since(run.settings, tracker, args.mlflow_run)
    evaluation = read_evaluation(folder)
    # The same recipe on newer data ties with itself; newer data then suffices.
    champion_ds = evaluation.get("champion_ds")
    is_fresher = champion_ds is not None and (champion_ds < run.ds or learned_of_erased(tracker, evaluation))
    decision = decide(evaluation, run.settings.evaluate, is_fresher=is_fresher)
    version: str | None = None
    baseline: Baseline | None = None
    if not args.dry_run:
        version = record(run, tracker, decision, evaluation) if (folder / CANDIDATE_FOLDER).exists() else None
        baseline = None if decision.promote else stand_in(run, tracker, evaluation)
        if version is None and baseline is not None:
            name_run(run, tracker, baseline.version, "baseline")
    run.log.info("decided", promote=decision.promote, reasons=decision.reasons)
    status = "dry_run" if args.dry_run else "promoted" if decision.promote else "refused"
    pages: dict[str, Any] = {"mlflow_url": tracker.run_page(args.mlflow_run)}
    if version is not None:
        pages["model_url"] = tracker.version_page(RECOMMENDER, version)
    tracker.finish(args.mlflow_run)
    # The last call to the server, so that an earlier failure moves no alias.
    move_aliases(run, tracker, version, decision, baseline)
    if decision.promote and not args.dry_run:
        forget_steps(folder)
    run.done(
        status=status,
        note=note_of(status, version, decision, baseline, pages["mlflow_url"]),
        recommender_version=version,
        baseline_version=baseline.version if baseline else None,
        missing=baseline.missing if baseline else "",
        encoder_version=args.encoder_version,
        encoder_model_version=args.encoder_model_version,
        label=evaluation["label"],
        **pages,
        **decision.document(),
    )
    return job.EXIT_REFUSED if status == "refused" else 0


def note_of(status: str, version: str | None, decision: Decision, baseline: Baseline | None, training: str) -> str:
    """Decision in a few words, for the run's page."""
    said = [f"Version {version}" if version else "The candidate", f"{status}: {'; '.join(decision.reasons)}."]
    if baseline:
        said.append(
            f"The baseline (version {baseline.version}) serves; needed for a trained model: {baseline.missing}."
        )
    if decision.warnings:
        said.append(f"Warnings: {'; '.join(decision.warning_lines)}.")
    return " ".join([*map(plain_markdown, said), f"[Training]({training})"])


@dataclass(frozen=True)
class Baseline:
    """Registered baseline, and the requirements for a trained model."""

    version: str
    missing: str


def stand_in(run: job.Run, tracker: tracking.Tracker, evaluation: dict[str, Any]) -> Baseline | None:
    """Register the baseline of this training where no trained model serves; its version becomes champion."""
    champion = tracker.champion(RECOMMENDER)
    if champion is not None and champion.tags.get("kind") != ModelKind.BASELINE:
        return None
    args, missing = run.args, what_is_missing(evaluation, run.settings.evaluate)
    tags = {
        **common_tags(run, evaluation),
        "kind": ModelKind.BASELINE.value,
        "missing": missing,
        "gate": "baseline",
        "gate_reasons": f"no trained model is sound yet; needed: {missing}",
        "training_key": training_key(run.lake, run.ds, run.settings),
        "decision_key": decision_key(run.settings),
    }
    card = baseline_card(missing, tracker.run_page(args.mlflow_run))
    version = tracker.register(args.mlflow_run, BASELINE_FOLDER, RECOMMENDER, tags, card)
    row = baseline_row(
        missing,
        hash_files(folder_of(run, BASELINE_FOLDER), folder_of(run, ENCODER_FOLDER)),
        recommender_version=version,
        champion_version=champion.version if champion else None,
        encoder_version=args.encoder_version,
        label=evaluation["label"],
        mlflow_run=args.mlflow_run,
        ds=run.ds,
    )
    record_decision(run.lake, row, NAME)
    return Baseline(version, missing)


def name_run(run: job.Run, tracker: tracking.Tracker, version: str, decision: str) -> None:
    """Name the training in MLflow by its day, its version and the decision about it."""
    tracker.log(run.args.mlflow_run, tags={"model": f"version {version}", "decision": decision})
    tracker.rename(run.args.mlflow_run, f"{run.ds} · version {version} {decision}")


def common_tags(run: job.Run, evaluation: dict[str, Any]) -> dict[str, str]:
    """Tags of every version that a training registers."""
    return {
        "encoder_version": run.args.encoder_version,
        "encoder_model_version": run.args.encoder_model_version,
        "split_kind": evaluation["split_kind"],
        "label": evaluation["label"],
        "ds": run.ds,
    }


def learned_of_erased(tracker: tracking.Tracker, evaluation: dict[str, Any]) -> bool:
    """Check if the champion was trained on users who were erased since; then an equally good candidate replaces it."""
    return tracking.ERASED in tracker.model(RECOMMENDER, evaluation["champion_version"]).tags


def record(run: job.Run, tracker: tracking.Tracker, decision: Decision, evaluation: dict[str, Any]) -> str:
    """Register the candidate, and record the decision with its version, its run and the lake."""
    args = run.args
    gate = "promoted" if decision.promote else "refused"
    champion = tracker.champion(RECOMMENDER)
    tags = {
        **common_tags(run, evaluation),
        "kind": ModelKind.TRAINED.value,
        "gate": gate,
        "gate_reasons": "; ".join(decision.reasons),
        "gate_warnings": json.dumps(decision.warning_lines),
    }
    card = version_card(decision, evaluation, read_candidate(run), tracker.run_page(args.mlflow_run))
    version = tracker.register(args.mlflow_run, CANDIDATE_FOLDER, RECOMMENDER, tags, card)
    tracker.describe(args.mlflow_run, card)
    tracker.log_dict(args.mlflow_run, decision.document(), "gate.json")
    tracker.log(args.mlflow_run, tags={"gate": gate, "gate_reasons": tags["gate_reasons"]})
    name_run(run, tracker, version, gate)
    row = gate_row(
        decision,
        tracker.metrics(args.mlflow_run),
        hash_files(folder_of(run, CANDIDATE_FOLDER), folder_of(run, ENCODER_FOLDER)),
        recommender_version=version,
        champion_version=champion.version if champion and champion.version != version else None,
        encoder_version=args.encoder_version,
        label=evaluation["label"],
        mlflow_run=args.mlflow_run,
        ds=run.ds,
    )
    # Record first: there must be no champion without a recorded decision.
    record_decision(run.lake, row, NAME)
    return version


def move_aliases(
    run: job.Run, tracker: tracking.Tracker, version: str | None, decision: Decision, baseline: Baseline | None
) -> None:
    """Make the candidate challenger; it or the baseline becomes champion, with its encoder."""
    if version is not None:
        tracker.nominate(RECOMMENDER, version)
    champion = version if decision.promote else baseline.version if baseline else None
    if champion is not None:
        tracker.promote(ENCODER, run.args.encoder_model_version)
        tracker.promote(RECOMMENDER, champion)


def folder_of(run: job.Run, name: str) -> Path:
    """Folder of this training's candidate, with the same content as in MLflow."""
    return run.settings.candidate(run.args.mlflow_run) / name


def read_candidate(run: job.Run) -> dict[str, Any]:
    """Read the candidate's model.json; empty where it cannot be read, which the gate has already found."""
    try:
        return read_document(folder_of(run, CANDIDATE_FOLDER))
    except UserError:
        return {}


def read_evaluation(folder: Path) -> dict[str, Any]:
    """Read the result of evaluate_recommender; UserError where it has not run."""
    file = folder / "evaluation.json"
    if not file.exists():
        raise UserError(f"no {file}: run evaluate_recommender first, with the same --mlflow-run")
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


if __name__ == "__main__":
    job.end(main)
