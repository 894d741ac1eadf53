"""Measure the candidate, popularity and the champion's recipe on the same held-out test window."""

from __future__ import annotations

import json
import sys
from typing import Any

from socialrec import job, tracking
from socialrec.errors import UserError
from socialrec.evaluate.plots import metrics_figure
from socialrec.evaluate.split import Split, make_split
from socialrec.recommend.inputs import Inputs, n_texts_missing, read_inputs
from socialrec.recommend.model import ModelInfo, read_document
from socialrec.recommend.training import Tested, measure_recipe, settings_of_recipe
from socialrec.tracking import RECOMMENDER

NAME = "evaluate_recommender"
DEMO = "demo"
DISCLAIMER = "demo world: these figures prove plumbing, never quality"


def main(argv: list[str] | None = None) -> int:
    """Refit both recipes before the test window, measure, and keep evaluation.json. Sampling does not apply."""
    parser = job.parser(__doc__)
    parser.add_argument("--mlflow-run", required=True, help="the training run, from finetune_encoder")
    parser.add_argument("--encoder-version", required=True, help="whose vectors the candidate uses")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        folder = run.settings.models / "candidates" / args.mlflow_run
        document = read_document(folder)
        pinned = ModelInfo(**document["info"]).lake_versions
        inputs = read_inputs(run.lake, run.ds, args.encoder_version, pinned)
        split = make_split(inputs.interactions, run.settings.evaluate)
        tested = measure_recipe(inputs, split, run.settings, document["weights"])
        tracker = tracking.connect(run.settings)
        champion = measure_champion(run, tracker, inputs, split)
        label = f"{split.label}; {DISCLAIMER}" if DEMO in inputs.platforms else split.label
        evaluation = {
            "label": label,
            "split_kind": split.kind,
            "candidate": tested.figures,
            "popularity": tested.popularity,
            "constant_share": tested.constant_share,
            **champion,
        }
        run.log.info("measured", split=label, candidate=tested.figures, popularity=tested.popularity, **champion)
        if not args.dry_run:
            (folder / "evaluation.json").write_text(json.dumps(evaluation, indent=1), encoding="utf-8")
            log(tracker, args.mlflow_run, evaluation)
        run.done(status="dry_run" if args.dry_run else "written", **evaluation)
    return 0


def measure_champion(run: job.Run, tracker: tracking.Tracker, inputs: Inputs, split: Split) -> dict[str, Any]:
    """Figures of the champion's recipe refitted on the same cut, and what was done about its vectors."""
    champion = tracker.champion(RECOMMENDER)
    if champion is None:
        return {"champion": None, "champion_version": None, "champion_ds": None, "note": "there is no champion yet"}
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
    settings = settings_of_recipe(run.settings, info.settings)
    tested: Tested = measure_recipe(inputs, split, settings, document["weights"])
    return {
        "champion": tested.figures,
        "champion_version": champion.version,
        "champion_ds": champion.tags.get("ds"),
        "note": note,
    }


def log(tracker: tracking.Tracker, run_id: str, evaluation: dict[str, Any]) -> None:
    """Metrics, plot and document of the evaluation."""
    measured = {who: evaluation[who] for who in ("candidate", "popularity", "champion") if evaluation[who]}
    prefixes = {"candidate": "", "popularity": "popularity_", "champion": "champion_"}
    figures = {
        f"test/{prefixes[who]}{name}": value for who, values in measured.items() for name, value in values.items()
    }
    tracker.log(run_id, metrics=figures, tags={"figures": evaluation["label"]})
    tracker.log_figure(run_id, metrics_figure(measured, f"test, {evaluation['label']}"), "plots/test.png")
    tracker.log_dict(run_id, evaluation, "evaluation.json")


if __name__ == "__main__":
    sys.exit(job.guarded(main))
