"""Remove old records of runs from the databases of this home's own Airflow and MLflow."""

from __future__ import annotations

from socialrec import tracking
from socialrec.local_stack.databases import clean_airflow, clean_mlflow
from socialrec.runtime import job

NAME = "clean_databases"


def main(argv: list[str] | None = None) -> int:
    """Clean both. Sampling does not apply."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        mlflow = clean_mlflow(run.settings, tracking.connect(run.settings), dry_run=args.dry_run)
        airflow = clean_airflow(run.settings, dry_run=args.dry_run)
        run.done(status="dry_run" if args.dry_run else "cleaned", airflow=airflow, mlflow=mlflow)
    return 0


if __name__ == "__main__":
    job.end(main)
