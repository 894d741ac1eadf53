"""Report of a night: inputs, results, models, and their quality."""

from __future__ import annotations

from typing import Any

from socialrec import tracking
from socialrec.contracts import TABLES
from socialrec.contracts.runs import training_of
from socialrec.display.visible import plain_markdown
from socialrec.evaluate.comparison import main_figures
from socialrec.report.cards import night_card
from socialrec.report.facts import NightFacts, read_facts
from socialrec.report.page import PAGE, write_report
from socialrec.report.summary import TEST_PREFIX, headline, read_receipts, rows_of, summarise
from socialrec.runtime import job

NAME = "report_run"


def main(argv: list[str] | None = None) -> int:
    """Write the files of `reports/<ds>/`, and record the night with MLflow."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        receipts = read_receipts(run.settings.run_folder(run.run_id), leave_out=(NAME,))
        training = read_receipts(run.settings.run_folder(training_of(run.run_id)))
        tracker = tracking.connect(run.settings)
        trained = receipts.get("pin_models", {}).get("trained_run")
        figures = tracker.metrics(trained) if trained else {}
        rows = rows_of(run.lake, run.ds)
        summary = summarise(run.ds, run.run_id, receipts, training=training, rows=rows, figures=figures)
        if args.dry_run or args.sample < 1:
            run.done(status="dry_run" if args.dry_run else "sample", summary=summary)
            return 0
        folder, facts = run.settings.reports / run.ds, read_facts(run.lake, run.ds, run.settings.lists.language)
        write_report(folder, summary, facts)
        run_id = log(run, tracker, summary, facts)
        report_url = tracker.artifact_page(run_id, f"report/{PAGE}")
        run.done(
            status="written",
            note=f"{plain_markdown(headline(summary))} [Report]({report_url})",
            report=str(folder / PAGE),
            report_url=report_url,
            mlflow_run_id=run_id,
            mlflow_url=tracker.run_page(run_id),
            rows=summary["rows"],
        )
    return 0


def log(run: job.Run, tracker: tracking.Tracker, summary: dict[str, Any], facts: NightFacts) -> str:
    """Record the night with MLflow: its description, the versions of the tables, and the files of its report."""
    versions = {name: v for name, table in TABLES.items() if (v := run.lake.version(table)) is not None}
    params = summary["models"] | {f"table.{name}": version for name, version in versions.items()}
    model = f"version {summary['models']['recommender_version']}"
    tags = {"ds": run.ds, "run_id": run.run_id, "model": model, "split": summary["evaluation_label"] or ""}
    tags["decision"] = decision_words(facts)
    folder = run.settings.reports / run.ds
    tested = {name.removeprefix(TEST_PREFIX): value for name, value in summary["evaluation"].items()}
    main = {f"{tracking.AT_A_GLANCE}{name}": value for name, value in main_figures(tested).items()}
    metrics = main | summary["metrics"]
    run_id = tracker.log_nightly(f"{run.ds} · {model}", params, metrics, tags, folder)
    tracker.describe(run_id, night_card(summary, facts, versions))
    tracker.log_tables(run_id, versions, run.settings.lake, "night")
    return run_id


def decision_words(facts: NightFacts) -> str:
    """Newest decision about the night's model, in two words: its author, and the result."""
    if facts.decision is None:
        return "none"
    return f"{facts.decision['kind']}: {'champion' if facts.decision['is_champion'] else 'refused'}"


if __name__ == "__main__":
    job.end(main)
