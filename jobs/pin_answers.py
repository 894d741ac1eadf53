"""Resolve the model of answers and its encoder once, so that all answers of a run carry the same versions."""

from __future__ import annotations

from socialrec import tracking
from socialrec.contracts.runs import UNTRAINED
from socialrec.local_stack.nights.asking import pin_answers
from socialrec.runtime import job
from socialrec.tracking import ANSWERS

NAME = "pin_answers"


def main(argv: list[str] | None = None) -> int:
    """Pin the champion of the models of answers with its encoder, or else the untrained model."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        tracker = tracking.connect(run.settings)
        pins = pin_answers(run.settings, tracker)
        is_trained = pins.answers_version != UNTRAINED
        if not is_trained:
            run.log.info("no model of answers is trained yet: only passages that are close to a question answer it")
        if run.settings.answers.generator and not pins.generator_version:
            run.log.info("answers.generator phrases nothing: no training found it better than the passages' own words")
        run.done(
            status="pinned",
            answers_version=pins.answers_version,
            answers_folder=str(pins.answers_folder),
            encoder_version=pins.encoder_version,
            encoder_model_version=pins.encoder_model_version,
            encoder_folder=str(pins.encoder_folder),
            generator_version=pins.generator_version,
            model_url=tracker.version_page(ANSWERS, pins.answers_version) if is_trained else "",
        )
    return 0


if __name__ == "__main__":
    job.end(main)
