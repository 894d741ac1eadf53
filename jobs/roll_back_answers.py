"""Roll back to an earlier model of answers: a person's decision, recorded with the version that it replaces."""

from __future__ import annotations

from socialrec import tracking
from socialrec.answers.model import CHAMPION_BEFORE, GATE, PROMOTED, REASONS
from socialrec.contracts.runs import UNTRAINED
from socialrec.display.visible import plain_markdown
from socialrec.evaluate.rollback import PastDecision
from socialrec.local_stack.home.going_back import GoingBack, add_arguments
from socialrec.local_stack.nights.asking import fetch_answers
from socialrec.runtime import job
from socialrec.tracking import ANSWERS

NAME = "roll_back_answers"


def main(argv: list[str] | None = None) -> int:
    """Make the requested version, or else the champion before this one, champion again; before the first champion there
    was the untrained model. Sampling does not apply.
    """
    parser = job.parser(__doc__)
    add_arguments(parser)
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        tracker = tracking.connect(run.settings)
        found = GoingBack.find(tracker, ANSWERS, history(tracker), args.model_version, args.reason)
        champion, version = found.champion, found.version
        if version != UNTRAINED:
            fetch_answers(tracker, tracker.model(ANSWERS, version))
        if not args.dry_run:
            tracker.tag(ANSWERS, champion.version, {"rolled_back_to": version, "rollback_reason": args.reason})
            # The last call to the server, because a second try would go back one champion further.
            if version == UNTRAINED:
                tracker.depose(ANSWERS)
            else:
                tracker.promote(ANSWERS, version)
        run.log.info("went back", from_=champion.version, to=version, reason=args.reason)
        which = "The untrained model" if version == UNTRAINED else f"Version {version}"
        run.done(
            status="dry_run" if args.dry_run else "rolled_back",
            note=f"{which} in place of version {champion.version}: {plain_markdown(args.reason)}",
            answers_version=version,
            previous_version=champion.version,
            reason=args.reason,
            model_url=tracker.version_page(ANSWERS, champion.version if version == UNTRAINED else version),
        )
    return 0


def history(tracker: tracking.Tracker) -> list[PastDecision]:
    """Decisions of the gate, which stand in the tags of the versions, oldest first."""
    return [
        PastDecision(one.version, one.tags[GATE] == PROMOTED, one.tags.get(CHAMPION_BEFORE), [one.tags[REASONS]])
        for one in tracker.versions(ANSWERS)
        if GATE in one.tags
    ]


if __name__ == "__main__":
    job.end(main)
