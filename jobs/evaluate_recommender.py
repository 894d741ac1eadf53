"""Measure the candidate, popularity and the champion's recipe on the same held-out test window."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from socialrec import job, tracking
from socialrec.errors import UserError
from socialrec.evaluate.comparison import CANDIDATE, EVERYONE, TABLE_COLUMNS, main_figures
from socialrec.evaluate.metrics import PER_USER
from socialrec.evaluate.metrics.hits import Ranked
from socialrec.evaluate.plots import metrics_figure
from socialrec.evaluate.split import Split, make_split
from socialrec.recommend.assessment import Assessment, assess, try_recipe
from socialrec.recommend.candidate import find_faults
from socialrec.recommend.inputs import Inputs, n_texts_missing, read_inputs
from socialrec.recommend.model import ModelInfo, read_document
from socialrec.recommend.sample_lists import COLUMNS as SAMPLE_COLUMNS
from socialrec.recommend.training import settings_of_recipe
from socialrec.tracking import RECOMMENDER

NAME = "evaluate_recommender"
DEMO = "demo"
DISCLAIMER = "demo world: these figures prove plumbing, never quality"


@dataclass(frozen=True)
class Champion:
    """The champion's lists for the same held-out users, if there is a champion, and how they came about."""

    ranked: Ranked | None
    facts: dict[str, str | None]


def main(argv: list[str] | None = None) -> int:
    """Refit both recipes before the test window, measure, and keep evaluation.json. Sampling does not apply."""
    parser = job.parser(__doc__)
    parser.add_argument("--mlflow-run", required=True, help="the training run, from finetune_encoder")
    parser.add_argument("--encoder-version", required=True, help="whose vectors the candidate uses")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run, tracking.connect(run.settings).failing(args.mlflow_run) as tracker:
        candidate = run.settings.candidate(args.mlflow_run)
        folder = candidate / "recommender"
        inputs = read_inputs(run.lake, run.ds, args.encoder_version, seen_versions(folder))
        split = make_split(inputs.interactions, run.settings.evaluate)
        label = f"{split.label}; {DISCLAIMER}" if DEMO in inputs.platforms else split.label
        evaluation: dict[str, Any] = {"label": label, "split_kind": split.kind, "champion": None}
        evaluation["faults"] = find_faults(folder, inputs.products, run.ds, split.label)
        assessment = None
        if not evaluation["faults"]:
            document = read_document(folder)
            settings = settings_of_recipe(run.settings, document["info"]["settings"])
            trial = try_recipe(inputs, split, settings, document["weights"])
            champion = try_champion(run, tracker, inputs, split)
            assessment = assess(trial, champion.ranked, inputs, split, settings)
            evaluation |= {**champion.facts, **assessment.document()}
        run.log.info(
            "evaluated", **{name: evaluation.get(name) for name in ("label", "faults", "candidate", "champion")}
        )
        if not args.dry_run:
            candidate.mkdir(parents=True, exist_ok=True)
            (candidate / "evaluation.json").write_text(json.dumps(evaluation, indent=1), encoding="utf-8")
            log(run, tracker, evaluation, assessment)
        status = "dry_run" if args.dry_run else "written"
        run.done(status=status, mlflow_url=tracker.run_page(args.mlflow_run), **evaluation)
    return 0


def seen_versions(folder: Path) -> dict[str, int | None] | None:
    """The table versions that the candidate was fitted on; None (the newest) where its document is not there."""
    try:
        return ModelInfo(**read_document(folder)["info"]).lake_versions
    except UserError:
        return None


def try_champion(run: job.Run, tracker: tracking.Tracker, inputs: Inputs, split: Split) -> Champion:
    """Lists of the champion's recipe refitted on the same cut, and what was done about its vectors."""
    champion = tracker.champion(RECOMMENDER)
    if champion is None:
        return Champion(None, {"champion_version": None, "champion_ds": None, "note": "there is no champion yet"})
    document = read_document(tracker.fetch(RECOMMENDER, champion.version))
    info = ModelInfo(**document["info"])
    note = f"champion {champion.version} refitted on the same cut with its own vectors"
    if info.encoder_version != run.args.encoder_version:
        # Vectors of the champion's encoder are there only while its encoder has seen all texts of the day.
        try:
            own = read_inputs(run.lake, run.ds, info.encoder_version, inputs.versions)
        except UserError:
            own = None
        if own is None or n_texts_missing(own):
            note = f"champion {champion.version} refitted on the same cut with the candidate's vectors"
        else:
            inputs = own
    trial = try_recipe(inputs, split, settings_of_recipe(run.settings, info.settings), document["weights"])
    facts = {"champion_version": champion.version, "champion_ds": champion.tags.get("ds"), "note": note}
    return Champion(trial.lists.ranked, facts)


def log(run: job.Run, tracker: tracking.Tracker, evaluation: dict[str, Any], assessment: Assessment | None) -> None:
    """Figures, a table of all of them, sample lists, a plot and the whole evaluation, in the training run."""
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
    sys.exit(job.guarded(main))
