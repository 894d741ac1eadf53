"""Encode the pictures of products that the picture encoder has not encoded yet."""

from __future__ import annotations

from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.etl.gold.picture_embedding import PictureVectorBuilder
from socialrec.runtime import job

NAME = "embed_images"


def main(argv: list[str] | None = None) -> int:
    """Append the missing vectors of all pictures of the day's products."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        if run.ds not in run.lake.partitions(SILVER_PRODUCTS):
            raise UserError(f"silver.products has no snapshot of {run.ds}: run build_silver of that day first")
        PictureVectorBuilder(run).embed()
    return 0


if __name__ == "__main__":
    job.end(main)
