"""Erase the users whom a file names from everything in this home, and prove it."""

from __future__ import annotations

from socialrec import tracking
from socialrec.privacy.erasure.erase import JOB, erase
from socialrec.privacy.erasure.plan import people_to_erase
from socialrec.runtime import job
from socialrec.settings.paths import below


def main(argv: list[str] | None = None) -> int:
    """Erase the users. Ids come only from a file: arguments end in logs and in Airflow's database. Sampling does not
    apply.
    """
    parser = job.parser(__doc__)
    parser.add_argument("--users-file", required=True, help="name of a file in <home>/erasure, one user id per line")
    parser.add_argument("--reason", required=True, help="reason, for the record; do not name anybody")
    args = parser.parse_args(argv)
    with job.run(JOB, args) as run:
        ids, request = people_to_erase(run.settings, [], below(run.settings.requests, args.users_file))
        tracker = tracking.connect(run.settings)
        done = erase(run.settings, run.lake, tracker, ids, args.reason, request=request, dry_run=args.dry_run)
        run.done(
            status="dry_run" if args.dry_run else "erased",
            counts=done.counts(),
            models_to_train_again=list(done.models),
            rendered_days=list(done.rendered_days),
        )
    return 0


if __name__ == "__main__":
    job.end(main)
