"""Train the model of answers on the shop's own past, measure it on the newest questions, and promote what is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from socialrec import tracking
from socialrec.answers.assessment import AnswersDecision, Outcome, decide, outcome_of, split_by_time
from socialrec.answers.generator import Generator
from socialrec.answers.generator_training import train_generator
from socialrec.answers.material import own_pairs, phrasings
from socialrec.answers.model import (
    CHAMPION_BEFORE,
    FILES,
    GATE,
    PROMOTED,
    REASONS,
    REFUSED,
    AnswersModel,
    digest_of,
    load_answers,
)
from socialrec.answers.pairs import JudgedQuestions, with_wrong_passages
from socialrec.answers.past import PastQuestions, Questions
from socialrec.answers.phrasing import PhrasingTest, compare_phrasings
from socialrec.answers.tables import PAIRS
from socialrec.answers.training import fit_answers
from socialrec.contracts.gold import PASSAGES
from socialrec.contracts.runs import UNTRAINED
from socialrec.contracts.silver import SILVER_ANSWERS, SILVER_QUESTIONS
from socialrec.contracts.vocabulary import Entity
from socialrec.display.visible import plain_markdown
from socialrec.encoders.encoder import load_saved
from socialrec.runtime import job
from socialrec.settings.paths import require_below
from socialrec.tracking import ANSWERS, ANSWERS_TRAINING

NAME = "fit_answers"
FOLDER = "answers"
Rows = list[dict[str, Any]]
STEPS_A_LINE, GENERATOR_STEPS_A_LINE = 50, 10


def main(argv: list[str] | None = None) -> int:
    """Train, measure, register and decide. Exit code 3 means that the candidate was refused; sampling does not apply.

    The newest `evaluate.test_share` of the answered questions are not learned from until the figures are known; the
    registered model is trained on all of them.
    """
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        pins = job.receipt(run.settings, run.run_id, "pin_answers")
        encoder = load_saved(require_below(run.settings.models, Path(pins["encoder_folder"])), run.settings.text)
        is_shared = Entity.QUESTIONS in run.settings.etl.shared_ids
        past = PastQuestions.read(run.lake, run.ds, encoder, is_shared=is_shared)
        older, newer = split_by_time(past.questions, run.settings.evaluate.test_share)
        rows, least = judged(run, past), run.settings.answers.min_calibration_questions
        n_known = JudgedQuestions.of(pa.Table.from_pylist(of_questions(rows, older), PAIRS)).n_answerable
        if n_known < least:
            said = (
                f"Nothing to learn from yet: for {n_known:,} of {len(older):,} answered questions a passage says what "
                f"their answer says, {least:,} (answers.min_calibration_questions) are needed."
            )
            run.log.info(said)
            run.done(status="nothing_to_learn", counts={"questions": len(past.questions)}, note=said)
            return 0
        tracker = tracking.connect(run.settings)
        params = {f"answers.{name}": value for name, value in run.settings.answers.model_dump(mode="json").items()}
        tags = {"ds": run.ds, "run_id": run.run_id}
        mlflow_run = tracker.start_training(f"{run.ds} · answers", params, tags, ANSWERS_TRAINING)
        with tracker.failing(mlflow_run):
            run.link(mlflow_url=tracker.run_page(mlflow_run))
            versions = {table.name: run.lake.version(table) for table in (SILVER_QUESTIONS, SILVER_ANSWERS, PASSAGES)}
            tracker.log_tables(mlflow_run, versions, run.settings.lake, "training")
            return train(run, tracker, mlflow_run, JudgedPast(past, older, newer, rows))


@dataclass(frozen=True)
class JudgedPast:
    """Past questions, the older and the newer ones of them, and the judged passages of all (rows of PAIRS)."""

    past: PastQuestions
    older: Questions
    newer: Questions
    rows: Rows


def train(run: job.Run, tracker: tracking.Tracker, mlflow_run: str, found: JudgedPast) -> int:
    """Measure the recipe beside the model in use, train on everything, register and decide; returns the exit code."""
    past, older, newer, rows = found.past, found.older, found.newer, found.rows
    pins = job.receipt(run.settings, run.run_id, "pin_answers")
    answers_folder = require_below(run.settings.models, Path(pins["answers_folder"]))
    in_use = load_answers(answers_folder, past.encoder.version, run.settings.text)
    ours, theirs = (measured(run, past, newer, model) for model in (fitted(run, past, older, rows), in_use))
    decision = decide(ours, theirs, run.settings.answers, run.settings.evaluate)
    model = fitted(run, past, past.questions, rows)
    figures = {**ours.figures("test/"), **theirs.figures("test/in_use_"), **model.figures}
    if run.settings.answers.generator:
        generator, comparison = phrased(run, past, of_questions(rows, older), of_questions(rows, newer))
        model, figures = replace(model, generator=generator), figures | comparison.figures()
        decision = replace(decision, reasons=(*decision.reasons, comparison.sentence))
    figures |= {f"test/{name}": value for name, value in decision.test.document().items() if np.isfinite(value)}
    tracker.log(mlflow_run, metrics=figures)
    status = "dry_run" if run.args.dry_run else PROMOTED if decision.promote else REFUSED
    version = None if run.args.dry_run else register(run, tracker, mlflow_run, model, decision)
    tracker.finish(mlflow_run)
    if version is not None:
        # The last calls to the server, so that an earlier failure moves no alias.
        tracker.nominate(ANSWERS, version)
        if decision.promote:
            tracker.promote(ANSWERS, version)
    page, which = tracker.run_page(mlflow_run), f"Version {version}" if version else "The candidate"
    run.done(
        status=status,
        counts={"questions": len(past.questions), "tested": len(newer)},
        note=f"{plain_markdown(f'{which} {status}: ' + '; '.join(decision.reasons) + '.')} [Training]({page})",
        reasons=list(decision.reasons),
        answers_version=version,
        mlflow_url=page,
        model_url=tracker.version_page(ANSWERS, version) if version else "",
    )
    return job.EXIT_REFUSED if status == REFUSED else 0


def fitted(run: job.Run, past: PastQuestions, questions: Questions, rows: Rows) -> AnswersModel:
    """Train on some of the past questions: on the passages that a night finds, and on the answers that were given."""
    settings = run.settings.answers
    more = with_wrong_passages(own_pairs(questions, past.answers), settings.max_wrong_passages, settings.seed)
    pairs = pa.Table.from_pylist(of_questions(rows, questions), PAIRS)
    text = run.settings.text.model_copy(update={"model": past.encoder.base.name})
    return fit_answers(pairs, past.encoder, settings, text, noting(run, "scorer of pairs", STEPS_A_LINE), more=more)


def judged(run: job.Run, past: PastQuestions) -> Rows:
    """Judge the passages that a night finds for each of the past questions: rows of PAIRS."""
    settings = run.settings.answers
    return [
        row
        for asked, index in past.blocks(past.questions)
        for row in asked.pairs(index, settings.top_k, other_products=settings.other_products)
    ]


def of_questions(rows: Rows, questions: Questions) -> Rows:
    """Rows about some of the questions."""
    wanted = {one["question_id"] for one in questions}
    return [row for row in rows if row["question_id"] in wanted]


def phrased(run: job.Run, past: PastQuestions, older: Rows, newer: Rows) -> tuple[Generator | None, PhrasingTest]:
    """Train the generator on answers to the older questions, and compare its words with the passages' own on the newer
    ones; None where those are better.
    """
    given, held_out = (phrasings(rows, past.answers) for rows in (older, newer))
    run.log.info(f"generator: {len(given):,} past answers with a passage that says the same")
    note = noting(run, "generator", GENERATOR_STEPS_A_LINE)
    generator = train_generator(given, run.settings.answers, run.settings.text, note)
    found = compare_phrasings(held_out, generator.phrase)
    run.log.info(found.sentence)
    return generator if found.is_better else None, found


def noting(run: job.Run, trained: str, every: int) -> Callable[[int, float], None]:
    """Make a function that logs every so many steps of a training."""

    def note(step: int, loss: float) -> None:
        if step % every == 0:
            run.log.info(f"{trained}: step {step}, loss {loss:.4f}")

    return note


def measured(run: job.Run, past: PastQuestions, questions: Questions, model: AnswersModel) -> Outcome:
    """Answer the newest questions from what was known when the first of them was asked."""
    times = [one["asked_ts"] for one in questions if one["asked_ts"] is not None]
    blocks = past.blocks(questions, min(times, default=None))
    return Outcome.together([outcome_of(asked, index, model, run.settings.answers) for asked, index in blocks])


def register(
    run: job.Run, tracker: tracking.Tracker, mlflow_run: str, model: AnswersModel, decision: AnswersDecision
) -> str:
    """Log the model with its run, and register it with the decision; returns its version."""
    pins = job.receipt(run.settings, run.run_id, "pin_answers")
    folder = run.settings.candidate(mlflow_run) / FOLDER
    model.save(folder)
    tracker.log_folder(mlflow_run, folder, FOLDER)
    gate, reasons = PROMOTED if decision.promote else REFUSED, "; ".join(decision.reasons)
    champion = tracker.champion(ANSWERS)
    tags = {name: pins[name] for name in ("encoder_version", "encoder_model_version")}
    tags |= {"ds": run.ds, GATE: gate, REASONS: reasons, FILES: digest_of(folder)}
    tags |= {CHAMPION_BEFORE: champion.version if champion else UNTRAINED}
    version = tracker.register(mlflow_run, FOLDER, ANSWERS, tags, f"**{gate.capitalize()}**: {reasons}.")
    tracker.log(mlflow_run, tags={"model": f"version {version}", "decision": gate})
    tracker.rename(mlflow_run, f"{run.ds} · version {version} {gate}")
    return version


if __name__ == "__main__":
    job.end(main)
