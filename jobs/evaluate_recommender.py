"""Measure the candidate, popularity and the champion's recipe on the same held-out test window."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from socialrec import tracking
from socialrec.contracts.vocabulary import ModelKind
from socialrec.errors import UserError
from socialrec.evaluate.comparison import CANDIDATE, EVERYONE, TABLE_COLUMNS, main_figures
from socialrec.evaluate.metrics import PER_USER
from socialrec.evaluate.plots import metrics_figure
from socialrec.evaluate.split import Split, make_split
from socialrec.features.inputs import Inputs, n_texts_missing, read_inputs
from socialrec.recommend.assessment.sample_lists import COLUMNS as SAMPLE_COLUMNS
from socialrec.recommend.assessment.test_window import Assessment, Trial, assess, try_recipe
from socialrec.recommend.model import ModelInfo, read_document
from socialrec.recommend.training.candidate import FOLDER, find_faults
from socialrec.recommend.training.fits import settings_of_recipe
from socialrec.recommend.training.steps import evaluation_key, note_step, read_step
from socialrec.runtime import job
from socialrec.tracking import RECOMMENDER

NAME = "evaluate_recommender"
DEMO = "demo"
DISCLAIMER = "demo world: these figures prove plumbing, never quality"


@dataclass(frozen=True)
class Champion:
    """Recipe of the champion on the same split, if there is a trained champion, and notes on its vectors."""

    trial: Trial | None
    facts: dict[str, str | None]


def main(argv: list[str] | None = None) -> int:
    """Refit both recipes before the test window, measure, and keep evaluation.json. Sampling does not apply."""
    parser = job.parser(__doc__)
    parser.add_argument("--mlflow-run", required=True, help="the training run, from finetune_encoder")
    parser.add_argument("--encoder-version", required=True, help="encoder whose vectors the candidate uses")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run, tracking.connect(run.settings).failing(args.mlflow_run) as tracker:
        candidate = run.settings.candidate(args.mlflow_run)
        folder, page = candidate / FOLDER, tracker.run_page(args.mlflow_run)
        champion = trained_champion(tracker)
        key = evaluation_key(fit_key(candidate), run.settings, champion.version if champion else None)
        done = read_step(candidate, NAME)
        if done and done.key == key:
            run.done(status="up_to_date", mlflow_url=page)
            return 0
        most = run.settings.recommend.max_fit_users
        inputs = read_inputs(run.lake, run.ds, args.encoder_version, seen_versions(folder), max_users=most)
        split = make_split(inputs.interactions, run.settings.evaluate)
        label = f"{split.label}; {DISCLAIMER}" if DEMO in inputs.platforms else split.label
        evaluation: dict[str, Any] = {"label": label, "split_kind": split.kind, "champion": None}
        evaluation |= {"n_tested": n_testable(inputs, split), "faults": []}
        assessment = None
        # With too few tested users, figures would be chance, and the gate needs none.
        if evaluation["n_tested"] >= run.settings.evaluate.min_tested_users:
            evaluation["faults"] = find_faults(folder, inputs.products, run.ds, split.label)
            if not evaluation["faults"]:
                facts, assessment = measure(run, tracker, inputs, split)
                evaluation |= {**facts, **assessment.document()}
        run.log.info(
            "evaluated", **{name: evaluation.get(name) for name in ("label", "faults", "candidate", "champion")}
        )
        if not args.dry_run:
            candidate.mkdir(parents=True, exist_ok=True)
            (candidate / "evaluation.json").write_text(json.dumps(evaluation, indent=1), encoding="utf-8")
            log(run, tracker, evaluation, assessment)
            note_step(candidate, NAME, key)
        status = "dry_run" if args.dry_run else "written"
        run.done(status=status, mlflow_url=page, **evaluation)
    return 0


def fit_key(candidate: Path) -> str:
    """Key of the candidate's fit; UserError where fit_recommender has not run."""
    fitted = read_step(candidate, "fit_recommender")
    if fitted is None:
        raise UserError(f"no fit in {candidate}: run fit_recommender first, with the same --mlflow-run")
    return fitted.key


def n_testable(inputs: Inputs, split: Split) -> int:
    """Number of users with held-out pairs of products that the shop has."""
    pairs = split.test_pairs(inputs.interactions)
    known = pc.is_in(pairs["product_id"], value_set=inputs.products["product_id"].combine_chunks())
    return len(pc.unique(pairs.filter(known)["user_key"]))


def trained_champion(tracker: tracking.Tracker) -> tracking.ModelRef | None:
    """Find the champion, if it is a trained model: a baseline is no rival."""
    champion = tracker.champion(RECOMMENDER)
    return None if champion is None or champion.tags.get("kind") == ModelKind.BASELINE else champion


def measure(
    run: job.Run, tracker: tracking.Tracker, inputs: Inputs, split: Split
) -> tuple[dict[str, str | None], Assessment]:
    """Refit the candidate's recipe and the champion's before the test window, and measure both."""
    document = read_document(run.settings.candidate(run.args.mlflow_run) / FOLDER)
    settings = settings_of_recipe(run.settings, document["info"]["settings"])
    trial = try_recipe(inputs, split, settings, document["weights"])
    champion = try_champion(run, tracker, inputs, split)
    return champion.facts, assess(trial, champion.trial, inputs, split, settings)


def seen_versions(folder: Path) -> dict[str, int | None] | None:
    """Versions of the tables that the candidate was fitted on; None (the newest) where its document is missing."""
    try:
        return ModelInfo(**read_document(folder)["info"]).lake_versions
    except UserError:
        return None


def try_champion(run: job.Run, tracker: tracking.Tracker, inputs: Inputs, split: Split) -> Champion:
    """Refit the champion's recipe on the same cut, with a note on the vectors used."""
    champion = trained_champion(tracker)
    if champion is None:
        return Champion(
            None, {"champion_version": None, "champion_ds": None, "note": "there is no trained champion yet"}
        )
    document = read_document(tracker.fetch(RECOMMENDER, champion.version))
    info = ModelInfo(**document["info"])
    note = f"champion {champion.version} refitted on the same cut with its own vectors"
    if info.encoder_version != run.args.encoder_version:
        # Vectors of the champion's encoder can be used only if it has encoded all texts of the day.
        try:
            most = run.settings.recommend.max_fit_users
            own = read_inputs(run.lake, run.ds, info.encoder_version, inputs.versions, max_users=most)
        except UserError:
            own = None
        if own is None or n_texts_missing(own):
            note = f"champion {champion.version} refitted on the same cut with the candidate's vectors"
        else:
            inputs = own
    trial = try_recipe(inputs, split, settings_of_recipe(run.settings, info.settings), document["weights"])
    facts = {"champion_version": champion.version, "champion_ds": champion.tags.get("ds"), "note": note}
    return Champion(trial, facts)


def log(run: job.Run, tracker: tracking.Tracker, evaluation: dict[str, Any], assessment: Assessment | None) -> None:
    """Log figures, a table of all of them, sample lists, a plot and the whole evaluation to the training run."""
    run_id, label = run.args.mlflow_run, evaluation["label"]
    tracker.log_dict(run_id, evaluation, "evaluation.json")
    if assessment is None:
        return
    comparison = assessment.comparison
    main = main_figures(comparison.measured[CANDIDATE][EVERYONE].figures)
    metrics = {f"{tracking.AT_A_GLANCE}{name}": value for name, value in main.items()} | assessment.metrics()
    tracker.log(run_id, metrics=metrics, tags={"figures": label})
    drawn = [f"{name}_at_{run.settings.evaluate.cutoff}" for name in PER_USER]
    tracker.log_table(run_id, TABLE_COLUMNS, comparison.rows(), "tables/evaluation.csv")
    tracker.log_table(run_id, SAMPLE_COLUMNS, assessment.samples, "tables/samples.csv")
    bars = {who: {name: evaluation[who][name] for name in drawn} for who in comparison.measured}
    tracker.log_figure(run_id, metrics_figure(bars, f"test, {label}"), "plots/test.png")


if __name__ == "__main__":
    job.end(main)
