"""Encode the texts of products, comments and profiles that this encoder has not encoded yet, and align pictures."""

from __future__ import annotations

from pathlib import Path

from socialrec.contracts.gold import TEXTS
from socialrec.encoders.prompts import Role
from socialrec.errors import UserError
from socialrec.etl.gold.embedding import embed
from socialrec.etl.gold.picture_alignment import align
from socialrec.runtime import job

NAME = "embed_texts"


def main(argv: list[str] | None = None) -> int:
    """Append the missing vectors of all texts up to the day; directions of pictures, where the encoder has any."""
    parser = job.parser(__doc__)
    parser.add_argument("--encoder-folder", required=True, type=Path, help="the encoder, from pin_models")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        days = [day for day in run.lake.partitions(TEXTS) if day <= run.ds]
        if not days:
            raise UserError(f"gold.texts has nothing up to {run.ds}: run build_gold of that day first")
        align(run, args.encoder_folder)
        embed(run, args.encoder_folder, {Role.QUERY: {TEXTS: days}})
    return 0


if __name__ == "__main__":
    job.end(main)
