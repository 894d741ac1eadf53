"""Fine-tune the encoder on (comment, product) pairs from before the validation cut, and register it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec import job, tracking
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.evaluate.split import Split, make_split
from socialrec.text.encoder import Encoder, load_encoder
from socialrec.text.finetune import fine_tune
from socialrec.text.recall import recall_at
from socialrec.text.tasks import Pairs
from socialrec.text.tokens import coverage
from socialrec.tracking import ENCODER

NAME = "finetune_encoder"
MAX_CHECKED = 256
RECALL_CUTOFF = 10


@dataclass(frozen=True)
class Material:
    """Pairs to learn from, pairs of the validation window, how they were split, and the tables' versions."""

    training: Pairs
    validation: Pairs
    split: Split
    versions: dict[str, int | None]


def main(argv: list[str] | None = None) -> int:
    """Open the training run that the rest of the chain adds to. Sampling and dry runs do not apply here."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        material = read_material(run)
        tracker = tracking.connect(run.settings)
        params = {f"text.{name}": value for name, value in run.settings.text.model_dump(mode="json").items()}
        params |= {f"table.{name}": version for name, version in material.versions.items()}
        params |= {"pairs": len(material.training)}
        mlflow_run = tracker.start_training(f"{run.ds} {run.run_id}", params, {"ds": run.ds, "run_id": run.run_id})
        try:
            version, encoder = train(run, tracker, mlflow_run, material)
        except BaseException:
            tracker.finish(mlflow_run, "FAILED")
            raise
        run.done(
            status="trained" if len(material.training) else "no_pairs",
            counts={"pairs": len(material.training), "validation_pairs": len(material.validation)},
            mlflow_run_id=mlflow_run,
            encoder_version=encoder.version,
            encoder_model_version=version,
            split_kind=material.split.kind,
        )
    return 0


def read_material(run: job.Run) -> Material:
    """Comments with the text of their product; those after the validation cut are only ever measured on."""
    tables = (SILVER_INTERACTIONS, SILVER_COMMENTS, SILVER_PRODUCTS)
    versions = {table.name: run.lake.version(table) for table in tables}
    days = {table: [day for day in run.lake.partitions(table) if day <= run.ds] for table in tables}
    if missing := [table.name for table in tables[::2] if not days[table]]:
        raise UserError(f"{' and '.join(missing)} has nothing up to {run.ds}: run the ETL of that day first")
    interactions = run.lake.read(
        SILVER_INTERACTIONS, days[SILVER_INTERACTIONS], ["user_key", "product_id", "event_type", "event_ts"]
    )
    comments = run.lake.read(
        SILVER_COMMENTS, days[SILVER_COMMENTS], ["comment_id", "user_key", "product_id", "text", "created_ts"]
    )
    products = run.lake.read(SILVER_PRODUCTS, days[SILVER_PRODUCTS][-1:], ["product_id", "text"])
    split = make_split(interactions, run.settings.evaluate)
    training = split.training_comments(comments, "validation")
    until_test = split.training_comments(comments, "test")
    known = pc.is_in(until_test["comment_id"], training["comment_id"].combine_chunks())
    validation = until_test.filter(pc.invert(known))
    return Material(pairs(training, products), pairs(validation, products), split, versions)


def pairs(comments: pa.Table, products: pa.Table) -> Pairs:
    """Pairs in the order of comment ids, so that the order of files does not matter."""
    described = products.rename_columns(["product_id", "product_text"])
    joined = comments.join(described, "product_id", join_type="inner").sort_by("comment_id")
    joined = joined.filter((pc.field("text") != "") & (pc.field("product_text") != ""))
    numbers = np.unique(np.asarray(joined["product_id"].to_pylist(), dtype=object).astype(str), return_inverse=True)[1]
    return Pairs(joined["text"].to_pylist(), joined["product_text"].to_pylist(), numbers.astype(np.int64))


def train(run: job.Run, tracker: tracking.Tracker, mlflow_run: str, material: Material) -> tuple[str, Encoder]:
    """Train, measure before and after on the validation window, log and register; the version and the encoder."""
    settings = run.settings.text
    encoder = load_encoder(settings.model, settings)
    figures = {"text/unknown_token_share": unknown_share(run, encoder, material)}
    rng = np.random.default_rng(settings.seed)
    checked = material.validation.take(rng.permutation(len(material.validation))[:MAX_CHECKED])
    if len(checked):
        figures["val/pair_recall_at_10_before"] = recall_at(encoder, checked, RECALL_CUTOFF)
    if len(material.training):

        def progress(step: int, loss: float) -> None:
            tracker.log(mlflow_run, metrics={"train/loss": loss}, step=step)
            if step % 10 == 0 or step == settings.train_steps:
                run.log.info("training", step=f"{step}/{settings.train_steps}", loss=round(loss, 4))

        checkpoints = run.settings.models / "checkpoints" / run.run_id
        encoder = fine_tune([material.training], settings, progress, [checked], checkpoints).encoder
        shutil.rmtree(checkpoints, ignore_errors=True)
        if len(checked):
            figures["val/pair_recall_at_10"] = recall_at(encoder, checked, RECALL_CUTOFF)
    else:
        run.log.warning("no comment on a described product before the validation cut: the base model is used as it is")
    folder = run.settings.models / "candidates" / mlflow_run / "encoder"
    encoder.save(folder)
    tracker.log(mlflow_run, metrics=figures, params={"encoder_version": encoder.version})
    tracker.log_folder(mlflow_run, folder, "encoder")
    run.log.info("trained", encoder_version=encoder.version, **figures)
    tags = {"encoder_version": encoder.version, "ds": run.ds, "split_kind": material.split.kind}
    return tracker.register(mlflow_run, "encoder", ENCODER, tags), encoder


def unknown_share(run: job.Run, encoder: Encoder, material: Material) -> float:
    """Share of the texts' tokens that the model does not know; a warning where it is too much."""
    texts = {text for pairs in (material.training, material.validation) for text in (*pairs.comments, *pairs.products)}
    seen = coverage(encoder.base, encoder.tokenize(sorted(texts)))
    if warning := seen.warning(encoder.base.name):
        run.log.warning(warning)
    return seen.unknown_share


if __name__ == "__main__":
    sys.exit(job.guarded(main))
