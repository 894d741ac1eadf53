"""Roll back to an earlier champion: a person's decision, recorded beside the gate's."""

from __future__ import annotations

from socialrec import tracking
from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.display.visible import plain_markdown
from socialrec.local_stack.home.going_back import GoingBack, add_arguments
from socialrec.recommend.decisions import history, record_decision, rollback_row
from socialrec.recommend.model_files import require_unchanged
from socialrec.runtime import job
from socialrec.tracking import ENCODER, RECOMMENDER

NAME = "roll_back_model"


def main(argv: list[str] | None = None) -> int:
    """Make the requested version, or else the champion before this one, champion again. Sampling does not apply."""
    parser = job.parser(__doc__)
    add_arguments(parser)
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        tracker, decisions = tracking.connect(run.settings), run.lake.read(MODEL_DECISIONS)
        found = GoingBack.find(tracker, RECOMMENDER, history(decisions), args.model_version, args.reason)
        champion, target = found.champion, tracker.model(RECOMMENDER, found.version)
        encoder = target.tags["encoder_model_version"]
        folders = tracker.fetch(RECOMMENDER, target.version), tracker.fetch(ENCODER, encoder)
        require_unchanged(decisions, target.version, *folders)
        page = tracker.run_page(target.run_id)
        if not args.dry_run:
            row = rollback_row(
                args.reason,
                recommender_version=target.version,
                champion_version=champion.version,
                encoder_version=target.tags["encoder_version"],
                label=target.tags.get("label", ""),
                mlflow_run=target.run_id,
                ds=run.ds,
            )
            record_decision(run.lake, row, NAME)
            # The last call to the server, because a second try would go back one champion further.
            tracker.promote(ENCODER, encoder)
            tracker.promote(RECOMMENDER, target.version)
        run.log.info("went back", from_=champion.version, to=target.version, reason=args.reason)
        run.done(
            status="dry_run" if args.dry_run else "rolled_back",
            note=f"Version {target.version} in place of {champion.version}: {plain_markdown(args.reason)}",
            recommender_version=target.version,
            previous_version=champion.version,
            reason=args.reason,
            mlflow_url=page,
            model_url=tracker.version_page(RECOMMENDER, target.version),
        )
    return 0


if __name__ == "__main__":
    job.end(main)
