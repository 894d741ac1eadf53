"""Fit the recommender: learn its blend on the validation window, then fit it on everything."""

from __future__ import annotations

import math
from typing import Any

from socialrec import tracking
from socialrec.errors import UserError
from socialrec.evaluate.plots import metrics_figure, weights_figure
from socialrec.evaluate.split import Split, make_split
from socialrec.features.inputs import Inputs, n_texts_missing, read_inputs
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.ablation import BLEND, COLUMNS
from socialrec.recommend.training.baseline import FOLDER as BASELINE_FOLDER
from socialrec.recommend.training.baseline import fit_baseline
from socialrec.recommend.training.candidate import FOLDER as CANDIDATE_FOLDER
from socialrec.recommend.training.fits import Blend, fit_blend, fit_everything, recipe_settings, tuned
from socialrec.recommend.training.reference import make_reference, save_reference
from socialrec.recommend.training.search import SearchTrial
from socialrec.recommend.training.steps import key_of, note_step, read_step, training_key
from socialrec.runtime import job
from socialrec.settings import Settings

NAME = "fit_recommender"


def main(argv: list[str] | None = None) -> int:
    """Fit on a day's lake and store the candidate with its training run. Sampling does not apply."""
    parser = job.parser(__doc__)
    parser.add_argument("--mlflow-run", required=True, help="the training run, from finetune_encoder")
    parser.add_argument("--encoder-version", required=True, help="encoder whose vectors to use")
    parser.add_argument("--tuning-trials", type=int, help="settings to try on validation (default: as settings say)")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run, tracking.connect(run.settings).failing(args.mlflow_run) as tracker:
        candidate = run.settings.candidate(args.mlflow_run)
        key = key_of(training_key(run.lake, run.ds, run.settings), args.encoder_version, n_trials_of(run))
        done = read_step(candidate, NAME)
        if done and done.key == key:
            run.done(status="up_to_date", mlflow_url=tracker.run_page(args.mlflow_run), **done.values)
            return 0
        most = run.settings.recommend.max_fit_users
        inputs = read_inputs(run.lake, run.ds, args.encoder_version, max_users=most)
        split = make_split(inputs.interactions, run.settings.evaluate)
        if missing := n_texts_missing(inputs):
            run.log.warning("texts without a vector", n=missing, encoder_version=args.encoder_version)
        if not args.dry_run:
            baseline = fit_baseline(inputs, split, run.settings, args.encoder_version)
            keep_model(run, tracker, baseline, run.settings, BASELINE_FOLDER)
        values: dict[str, Any] = {"split_label": split.label}
        if inputs.interactions.num_rows:
            values |= fit(run, tracker, inputs, split)
        counts = {"interactions": inputs.interactions.num_rows, "products": inputs.products.num_rows}
        if not args.dry_run:
            note_step(candidate, NAME, key, values)
        status = "dry_run" if args.dry_run else "written" if inputs.interactions.num_rows else "nothing_to_learn"
        run.done(status=status, counts=counts, mlflow_url=tracker.run_page(args.mlflow_run), **values)
    return 0


def fit(run: job.Run, tracker: tracking.Tracker, inputs: Inputs, split: Split) -> dict[str, Any]:
    """Learn the blend, fit on everything and store the candidate; returns facts for the receipt."""
    blend = fit_blend(inputs, split, settings_to_use(run, tracker, inputs, split))
    settings = blend.settings
    ndcg = blend.figures[BLEND][f"ndcg_at_{settings.evaluate.cutoff}"]
    run.log.info("learned the blend", split=split.label, val_ndcg=round(ndcg, 4), **blend.weights)
    if not run.args.dry_run:
        recommender = fit_everything(inputs, split, settings, blend.weights, run.args.encoder_version)
        keep(run, tracker, recommender, blend, settings)
    return {"weights": blend.weights, "val_ndcg": ndcg if math.isfinite(ndcg) else None}


def n_trials_of(run: job.Run) -> int:
    """Number of tuning trials from the argument or the settings. Raises UserError below 0."""
    asked: int | None = run.args.tuning_trials
    n_trials = run.settings.recommend.tuning_trials if asked is None else asked
    if n_trials < 0:
        raise UserError(f"--tuning-trials {n_trials} must be 0 or more")
    return n_trials


def settings_to_use(run: job.Run, tracker: tracking.Tracker, inputs: Inputs, split: Split) -> Settings:
    """The settings as they are, or as a search finds them best where it is asked for; each trial is a nested run."""
    parent, n_trials = run.args.mlflow_run, n_trials_of(run)

    def report(trial: SearchTrial) -> None:
        run.log.info("tried", trial=trial.number, signal=trial.signal, val_ndcg=round(trial.ndcg, 4), **trial.values)
        if not run.args.dry_run:
            figures = {f"val/ndcg_at_{run.settings.evaluate.cutoff}": trial.ndcg}
            params = {f"recommend.{name}": value for name, value in trial.values.items()}
            tracker.log_nested(parent, f"trial {trial.number} {trial.signal}", params, figures)

    return tuned(inputs, split, run.settings, n_trials, report) if n_trials else run.settings


def keep(run: job.Run, tracker: tracking.Tracker, recommender: Recommender, blend: Blend, settings: Settings) -> None:
    """Save the candidate, and log it with everything needed to refit it."""
    args, info = run.args, recommender.info
    keep_model(run, tracker, recommender, settings, CANDIDATE_FOLDER)
    prefixes = {who: "" if who == BLEND else f"{who}_" for who in blend.figures}
    figures = {
        f"val/{prefixes[who]}{name}": value
        for who, values in blend.figures.items()
        for name, value in values.items()
        if math.isfinite(value)
    }
    weights = {f"blend/{name}": weight for name, weight in blend.weights.items()}
    # MLflow sorts sections of charts by name: these come last, below the figures that matter more.
    weights |= {
        f"worth/{row.signal}_{name}": value
        for row in blend.ablation
        for name in COLUMNS[2:]
        if math.isfinite(value := getattr(row, name))
    }
    params = {f"recommend.{name}": value for name, value in settings.recommend.model_dump(mode="json").items()}
    params |= {"split": info.split_label, "ds": run.ds, "encoder_version": args.encoder_version}
    tracker.log(args.mlflow_run, params=params, metrics=figures | weights, tags={"split": info.split_label})
    tracker.log_tables(args.mlflow_run, info.lake_versions, run.settings.lake, "training")
    recipe = {
        "settings": recipe_settings(settings),
        "weights": blend.weights,
        "lake_versions": info.lake_versions,
        "split": info.split_label,
        "encoder_version": args.encoder_version,
    }
    tracker.log_dict(args.mlflow_run, recipe, "recipe.json")
    tracker.log_table(args.mlflow_run, COLUMNS, [row.row() for row in blend.ablation], "tables/ablation.csv")
    title = f"validation, {info.split_label}"
    tracker.log_figure(args.mlflow_run, metrics_figure(blend.figures, title), "plots/validation.png")
    tracker.log_figure(args.mlflow_run, weights_figure(blend.weights, f"blend, {title}"), "plots/blend.png")


def keep_model(
    run: job.Run, tracker: tracking.Tracker, recommender: Recommender, settings: Settings, name: str
) -> None:
    """Save a model below the candidate's folder, with the reference distributions of a night, and log it."""
    folder = run.settings.candidate(run.args.mlflow_run) / name
    recommender.save(folder)
    save_reference(make_reference(run.lake, run.ds, recommender, settings), folder)
    tracker.log_folder(run.args.mlflow_run, folder, name)


if __name__ == "__main__":
    job.end(main)
