"""Encode the passages of the day, and the open questions, that this encoder has not encoded yet."""

from __future__ import annotations

from pathlib import Path

from socialrec.answers.days import open_days
from socialrec.contracts.gold import PASSAGES
from socialrec.contracts.silver import SILVER_QUESTIONS
from socialrec.encoders.prompts import Role
from socialrec.errors import UserError
from socialrec.etl.gold.embedding import embed
from socialrec.runtime import job

NAME = "embed_passages"


def main(argv: list[str] | None = None) -> int:
    """Append the missing vectors of the day's passages and of the questions that may still be open."""
    parser = job.parser(__doc__)
    parser.add_argument("--encoder-folder", required=True, type=Path, help="the encoder, from pin_answers")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        if run.ds not in run.lake.partitions(PASSAGES):
            raise UserError(f"gold.passages has no snapshot of {run.ds}: run build_passages of that day first")
        asked = open_days(run.lake.partitions(SILVER_QUESTIONS), run.ds, run.settings.answers.open_days)
        sources = {Role.PASSAGE: {PASSAGES: [run.ds]}, Role.QUERY: {SILVER_QUESTIONS: asked}}
        embed(run, args.encoder_folder, sources)
    return 0


if __name__ == "__main__":
    job.end(main)
