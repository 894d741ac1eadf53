"""Sum up a night: what came in, what was made of it, by which models, and how good those were."""

from __future__ import annotations

import json
import sys

from socialrec import job, tracking
from socialrec.contracts.runs import training_of
from socialrec.recommend.summary import read_receipts, rows_of, summarise
from socialrec.report.facts import read_facts
from socialrec.report.page import render, write_page

NAME = "report_run"


def main(argv: list[str] | None = None) -> int:
    """Write `reports/<ds>/summary.json` and `report.html`, and record the night with MLflow."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        receipts = read_receipts(run.settings.runs / run.run_id, leave_out=(NAME,))
        training = read_receipts(run.settings.runs / training_of(run.run_id))
        tracker = tracking.connect(run.settings)
        trained = receipts.get("pin_models", {}).get("trained_run")
        figures = tracker.metrics(trained) if trained else {}
        rows = rows_of(run.lake, run.ds)
        summary = summarise(run.ds, run.run_id, receipts, training=training, rows=rows, figures=figures)
        if args.dry_run or args.sample < 1:
            run.done(status="dry_run" if args.dry_run else "sample", summary=summary)
            return 0
        folder = run.settings.reports / run.ds
        write_page(folder / "summary.json", json.dumps(summary, indent=1))
        write_page(folder / "report.html", render(summary, read_facts(run.lake, run.ds)))
        tags = {"ds": run.ds, "run_id": run.run_id}
        name = f"{run.ds} {run.run_id}"
        run_id = tracker.log_nightly(name, summary["models"], summary["metrics"], tags, folder)
        run.done(status="written", report=str(folder / "report.html"), mlflow_run_id=run_id, rows=summary["rows"])
    return 0


if __name__ == "__main__":
    sys.exit(job.guarded(main))
