"""Resolve the models of this run once, so that all its rows carry the same versions."""

from __future__ import annotations

import sys

from socialrec import job, tracking
from socialrec.errors import UserError
from socialrec.tracking import ENCODER, RECOMMENDER, ModelRef

NAME = "pin_models"


def main(argv: list[str] | None = None) -> int:
    """Pin the champion, or the version asked for, and fetch it with its encoder."""
    parser = job.parser(__doc__)
    parser.add_argument("--model-version", help="registered version of the recommender (default: the champion)")
    parser.add_argument("--check", action="store_true", help="only say whether there is a model to pin")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        tracker = tracking.connect(run.settings)
        model = tracker.model(RECOMMENDER, args.model_version) if args.model_version else tracker.champion(RECOMMENDER)
        if args.check:
            run.done(status="checked", has_champion=model is not None)
            return 0
        if model is None:
            raise UserError(f"there is no champion model: {why_none(tracker)}")
        encoder_model_version = model.tags["encoder_model_version"]
        recommender_folder = tracker.fetch(RECOMMENDER, model.version)
        encoder_folder = tracker.fetch(ENCODER, encoder_model_version)
        run.done(
            status="pinned",
            has_champion=True,
            recommender_version=model.version,
            encoder_version=model.tags["encoder_version"],
            encoder_model_version=encoder_model_version,
            recommender_folder=str(recommender_folder),
            encoder_folder=str(encoder_folder),
            trained_run=model.run_id,
            mlflow_url=tracker.run_page(model.run_id),
            model_url=tracker.version_page(RECOMMENDER, model.version),
            evaluation_label=model.tags.get("label", ""),
        )
    return 0


def why_none(tracker: tracking.Tracker) -> str:
    """What the gate said about the newest candidate, if there ever was one."""
    newest: ModelRef | None = tracker.newest_version(RECOMMENDER)
    if newest is None:
        return "none was ever trained; run the socialrec_train DAG"
    reasons = newest.tags.get("gate_reasons", "the gate has not decided on it")
    return f"version {newest.version} was not promoted ({reasons}); train again, or name a version with --model-version"


if __name__ == "__main__":
    sys.exit(job.guarded(main))
