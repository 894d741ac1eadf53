"""Resolve the model of answers and its encoder once, so that all answers of a run carry the same versions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from socialrec import tracking
from socialrec.answers.model import AnswersModel
from socialrec.contracts.runs import UNTRAINED
from socialrec.encoders.encoder import DOCUMENT
from socialrec.errors import UserError
from socialrec.runtime import job
from socialrec.settings.paths import below
from socialrec.tracking import ANSWERS, ENCODER

NAME = "pin_answers"


def main(argv: list[str] | None = None) -> int:
    """Pin the champion of the models of answers with the encoder that it was trained on, and fetch both.

    Without a champion the untrained model answers, with the encoder of the nights.
    """
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        tracker = tracking.connect(run.settings)
        champion, encoder = tracker.champion(ANSWERS), tracker.champion(ENCODER)
        if encoder is None:
            raise UserError("there is no encoder yet: run the socialrec_nightly DAG, whose first night trains one")
        encoder_model_version = champion.tags["encoder_model_version"] if champion else encoder.version
        encoder_folder = tracker.fetch(ENCODER, encoder_model_version)
        encoder_version = str(json.loads((encoder_folder / DOCUMENT).read_text(encoding="utf-8"))["version"])
        if champion is None:
            version, folder = UNTRAINED, untrained_model(run, encoder_version)
            run.log.info("no model of answers is trained yet: words and vectors decide, and only close passages answer")
        else:
            version, folder = champion.version, tracker.fetch(ANSWERS, champion.version)
        run.done(
            status="pinned",
            answers_version=version,
            answers_folder=str(folder),
            encoder_version=encoder_version,
            encoder_model_version=encoder_model_version,
            encoder_folder=str(encoder_folder),
            model_url=tracker.version_page(ANSWERS, version) if champion else "",
        )
    return 0


def untrained_model(run: job.Run, encoder_version: str) -> Path:
    """Folder of the untrained model for an encoder, made where it is missing."""
    folder = below(run.settings.models, ANSWERS, f"{UNTRAINED}-{encoder_version}")
    AnswersModel.untrained(encoder_version, run.settings.answers).save(folder)
    return folder


if __name__ == "__main__":
    sys.exit(job.guarded(main))
