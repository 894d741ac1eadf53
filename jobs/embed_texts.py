"""Encode the texts that this encoder has not encoded yet, under Spark or in one process; all others are reused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from socialrec.contracts.gold import TEXT_EMBEDDINGS, TEXTS
from socialrec.errors import UserError
from socialrec.lake import Stage
from socialrec.runtime import job
from socialrec.settings.text import Engine

NAME = "embed_texts"


def main(argv: list[str] | None = None) -> int:
    """Append the missing vectors. They are a cache by content that nobody sees, so a dry run keeps them too."""
    parser = job.parser(__doc__)
    parser.add_argument("--encoder-folder", required=True, type=Path, help="the encoder, from pin_models")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        days = [day for day in run.lake.partitions(TEXTS) if day <= run.ds]
        if not days:
            raise UserError(f"gold.texts has nothing up to {run.ds}: run build_gold of that day first")
        folder = args.encoder_folder
        version = read_version(folder)
        fingerprint = run.lake.fingerprint({TEXTS: days}, version)
        if run.lake.up_to_date(TEXT_EMBEDDINGS, [version], fingerprint):
            texts = run.lake.dataset(TEXTS, days).count_rows()
            run.done(status="up_to_date", counts={"encoded": 0, "reused": texts}, encoder_version=version)
            return 0
        counts = encode(run, folder, version, days, fingerprint)
        run.done(status="written", counts=counts, encoder_version=version)
    return 0


def read_version(folder: Path) -> str:
    """Read the version of an encoder's folder; UserError where it has none."""
    document = folder / "encoder.json"
    if not document.exists():
        raise UserError(f"{folder} holds no encoder: run pin_models, in a training finetune_encoder, of this run again")
    return str(json.loads(document.read_text(encoding="utf-8"))["version"])


def encode(run: job.Run, folder: Path, version: str, days: list[str], fingerprint: str) -> dict[str, int]:
    """Encode texts without vector under this version; returns the numbers of encoded and reused texts."""
    text = run.settings.text
    n_texts, n_known = (run.lake.dataset(*part).count_rows() for part in ((TEXTS, days), (TEXT_EMBEDDINGS, [version])))
    is_for_spark = text.encode_with is Engine.SPARK and n_texts - n_known > text.few_texts
    stage_vectors = stage_by_spark if is_for_spark else stage_by_process
    with run.lake.stage(TEXT_EMBEDDINGS, job=NAME, partitions=[version], append=True) as stage:
        encoded = stage_vectors(run, stage, folder, version, days)
        stage.commit(fingerprint=fingerprint, counts={"published": encoded})
    return {"encoded": encoded, "reused": n_texts - encoded}


def stage_by_spark(run: job.Run, stage: Stage, folder: Path, version: str, days: list[str]) -> int:
    """Stage the missing vectors, one task per core; returns their number."""
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from pyspark.sql import functions as F

    from socialrec.encoders.encoding import encoder_of
    from socialrec.etl.schemas import spark_schema
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import count_staged, read_table, write_stage

    with spark_session(NAME, run.settings) as spark:
        texts = read_table(spark, run.lake, TEXTS, days).select("text_hash", "text").dropDuplicates(["text_hash"])
        known = read_table(spark, run.lake, TEXT_EMBEDDINGS, [version]).select("text_hash")
        slots = spark.sparkContext.defaultParallelism
        fresh = texts.join(known, "text_hash", "left_anti").repartition(slots, F.col("text_hash"))
        threads = int(spark.conf.get("spark.task.cpus", "1") or 1)
        vectors = fresh.sortWithinPartitions("text_hash").mapInArrow(
            encoder_of(folder, run.settings.text, threads), spark_schema(TEXT_EMBEDDINGS)
        )
        write_stage(vectors, stage)
        return count_staged(stage)


def stage_by_process(run: job.Run, stage: Stage, folder: Path, version: str, days: list[str]) -> int:
    """Stage the missing vectors in this process; returns their number."""
    from socialrec.encoders.encoder import load_saved
    from socialrec.encoders.encoding import encode_batches, without_known

    known = set(run.lake.read(TEXT_EMBEDDINGS, [version], ["text_hash"])["text_hash"].to_pylist())
    texts = run.lake.dataset(TEXTS, days).to_batches(columns=["text_hash", "text"])
    encoded = 0
    for vectors in encode_batches(load_saved(folder, run.settings.text), without_known(texts, known)):
        stage.write([vectors])
        encoded += vectors.num_rows
    return encoded


if __name__ == "__main__":
    sys.exit(job.guarded(main))
