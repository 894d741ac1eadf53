"""Close the MLflow run of a training that ended without closing it, such as one that was killed."""

from __future__ import annotations

from socialrec import tracking
from socialrec.runtime import job

NAME = "close_training"


def main(argv: list[str] | None = None) -> int:
    """Close as FAILED the runs that this training left open in MLflow; a finished training has closed its run itself.

    It leaves no receipt, because receipts show the progress of a training.
    """
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        left_open = tracking.connect(run.settings).close_unfinished({"run_id": run.run_id})
        run.log.info("closed as FAILED" if left_open else "nothing was left open", mlflow_runs=left_open)
    return 0


if __name__ == "__main__":
    job.end(main)
