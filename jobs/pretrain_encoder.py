"""Pre-train the base model on the shop's own texts, from before the validation cut, and register it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from socialrec import tracking
from socialrec.contracts.gold import SOCIAL_TIES, TEXTS
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.encoders.weights import load_weights
from socialrec.errors import UserError
from socialrec.evaluate.split import make_split
from socialrec.privacy.erasure.trainings import erased_before, require_nobody_erased_since
from socialrec.privacy.user_order import HAPPENED, NamedTables
from socialrec.report.cards import base_card
from socialrec.runtime import job
from socialrec.settings.text import PretrainSettings
from socialrec.text import corpus, material
from socialrec.text.base_model import with_base_model
from socialrec.text.pretraining.pretrain import PreTrained, pretrain
from socialrec.text.pretraining.retrieval import Retrieval, measure_retrieval
from socialrec.text.tasks import TextPairs
from socialrec.tracking import BASE

NAME = "pretrain_encoder"


def main(argv: list[str] | None = None) -> int:
    """Train, measure before and after on held-out texts and pairs, and store the model where a setting can name it."""
    parser = job.parser(__doc__)
    parser.add_argument("--from-scratch", action="store_true", help="make a new model instead of starting from one")
    parser.add_argument("--steps", type=int, help="steps at most (default: pretrain.train_steps)")
    args = parser.parse_args(argv)
    if args.steps is not None and args.steps < 1:
        raise UserError(f"--steps {args.steps} must be at least 1")
    with job.run(NAME, args) as run:
        settings = asked_for(run)
        run.settings, choice = with_base_model(run.settings, run.lake, run.ds)
        run.log.info("base model", model=choice.model, why=choice.why)
        erased = erased_before(run.settings)
        found = read_texts(run)
        tracker = tracking.connect(run.settings)
        params = {f"pretrain.{name}": value for name, value in settings.model_dump(mode="json").items()}
        params |= {"text.model": run.settings.text.model, "split": found.split}
        params |= {f"table.{name}": version for name, version in found.versions.items()}
        tags = {"ds": run.ds, "run_id": run.run_id, **erased}
        mlflow_run = tracker.start_training(f"{run.ds} · pre-training", params, tags, tracking.PRETRAINING)
        with tracker.failing(mlflow_run):
            run.link(mlflow_url=tracker.run_page(mlflow_run))
            tracker.log_tables(mlflow_run, found.versions, run.settings.lake, "training")
            made = train(run, tracker, mlflow_run, settings, found.texts)
            require_nobody_erased_since(run.settings, tracker, mlflow_run)
            kept = keep(run, tracker, mlflow_run, made, found.pairs)
            page = tracker.run_page(mlflow_run)
            tracker.finish(mlflow_run)
            if "folder" in kept:
                # The last call to the server, so that an earlier failure moves no alias.
                tracker.nominate(BASE, str(kept["base_model_version"]))
        run.done(
            status="dry_run" if args.dry_run else "written",
            counts={"texts": made.n_texts, "held_out": made.n_held_out, "steps": len(made.losses)},
            mlflow_run_id=mlflow_run,
            mlflow_url=page,
            perplexity_before=made.perplexity_before,
            perplexity=made.perplexity,
            **kept,
        )
    return 0


def asked_for(run: job.Run) -> PretrainSettings:
    """Settings with this run's arguments."""
    asked = {"from_scratch": True} if run.args.from_scratch else {}
    steps = {"train_steps": run.args.steps} if run.args.steps else {}
    return run.settings.pretrain.model_copy(update={**asked, **steps})


@dataclass(frozen=True)
class Corpus:
    """Texts to learn from, later pairs of comments and products to measure on, table versions, and the split."""

    texts: list[str]
    pairs: TextPairs
    versions: dict[str, int | None]
    split: str


def read_texts(run: job.Run) -> Corpus:
    """Read texts from before the validation cut, and pairs of the validation window."""
    tables = (TEXTS, SILVER_INTERACTIONS, SILVER_COMMENTS, SILVER_PRODUCTS, SOCIAL_TIES)
    days = {table: [day for day in run.lake.partitions(table) if day <= run.ds] for table in tables}
    if missing := [table.name for table in tables[:2] if not days[table]]:
        raise UserError(f"{' and '.join(missing)} has nothing up to {run.ds}: run the ETL of that day first")
    texts = run.lake.read(TEXTS, days[TEXTS], corpus.TEXT_COLUMNS)
    named = NamedTables.of(
        run.lake.read(SILVER_INTERACTIONS, days[SILVER_INTERACTIONS], material.EVENT_COLUMNS, HAPPENED),
        run.lake.read(SILVER_COMMENTS, days[SILVER_COMMENTS], material.COMMENT_COLUMNS),
        run.lake.read(SOCIAL_TIES, days[SOCIAL_TIES][-1:]),
    )
    products = run.lake.read(SILVER_PRODUCTS, days[SILVER_PRODUCTS][-1:], material.PRODUCT_COLUMNS)
    split = make_split(named.interactions, run.settings.evaluate)
    versions = {table.name: run.lake.version(table) for table in tables}
    pairs = material.pairs(material.validation_window(split, named.comments), products)
    return Corpus(corpus.known_texts(split, texts, named.comments), pairs, versions, split.label)


def train(
    run: job.Run, tracker: tracking.Tracker, mlflow_run: str, settings: PretrainSettings, texts: list[str]
) -> PreTrained:
    """Pre-train and log; a killed run resumes from its last checkpoint."""

    note = run.progress("pre-training", settings.train_steps)

    def progress(step: int, loss: float) -> None:
        tracker.log(mlflow_run, metrics={"train/loss": loss}, step=step)
        note(step, loss)

    checkpoints = run.settings.models / "checkpoints" / f"{run.run_id}-{NAME}"
    made = pretrain(texts, settings, run.settings.text, progress, checkpoints)
    shutil.rmtree(checkpoints, ignore_errors=True)
    if made.head_is_new:
        run.log.warning("the language head is new: the first perplexity is that of a head that has learned nothing")
    if warning := made.coverage.warning(made.base.name):
        run.log.warning(warning)
    for step, loss in made.validations:
        tracker.log(mlflow_run, metrics={"val/loss": loss}, step=step)
    figures = {
        "val/perplexity_before": made.perplexity_before,
        "val/perplexity": made.perplexity,
        "text/unknown_token_share": made.coverage.unknown_share,
    }
    counts = {"texts": made.n_texts, "held_out_texts": made.n_held_out, "head_is_new": made.head_is_new}
    tracker.log(mlflow_run, metrics=figures, params=counts)
    run.log.info("pre-trained", **figures, **counts)
    return made


def keep(
    run: job.Run, tracker: tracking.Tracker, mlflow_run: str, made: PreTrained, pairs: TextPairs
) -> Mapping[str, str | float]:
    """Measure retrieval, register the model, and store it at its final place atomically; returns facts for the receipt.

    A model whose retrieval fell is registered, but has no place that a setting can name. A dry run only measures.
    """
    home = run.settings.models / "base"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".made-") as scratch:
        new = Path(scratch) / "base"
        made.save(new)
        # Loading proves that it can be used, and gives its name by content.
        sha256 = load_weights(str(new)).sha256
        retrieval = measure_retrieval(str(new), pairs, run.settings.text)
        figures = report_retrieval(run, tracker, mlflow_run, retrieval)
        if run.args.dry_run:
            return figures
        tracker.log_folder(mlflow_run, new, "base")
        place = {}
        if retrieval is None or not retrieval.has_fallen:
            folder = run.settings.base_model(sha256)
            place = {"folder": str(folder)}
            if not folder.exists():
                new.rename(folder)
    card = base_card(
        {"val/perplexity_before": made.perplexity_before, "val/perplexity": made.perplexity} | figures,
        run.ds,
        tracker.run_page(mlflow_run),
        is_worse="folder" not in place,
    )
    version = tracker.register(mlflow_run, "base", BASE, {"sha256": sha256, "ds": run.ds, **place}, card)
    if place:
        run.log.info("to use it, set text.model to its folder and run socialrec_train", **place)
    page = tracker.version_page(BASE, version)
    return {"base_model_version": version, "model_url": page, **place, **figures}


def report_retrieval(
    run: job.Run, tracker: tracking.Tracker, mlflow_run: str, found: Retrieval | None
) -> dict[str, float]:
    """Log retrieval before and after; returns its figures, none where there are no later pairs."""
    if found is None:
        run.log.warning("retrieval is not measured: there are no comments on products after the validation cut")
        return {}
    tracker.log(
        mlflow_run,
        metrics=found.figures,
        params={"retrieval_pairs": found.n_pairs},
        tags={"retrieval": "fell" if found.has_fallen else "kept"},
    )
    run.log.info("retrieval", pairs=found.n_pairs, **found.figures)
    if found.has_fallen:
        run.log.warning(
            f"the pre-trained model finds fewer products than {run.settings.text.model} (recall at 10 "
            f"{found.after:.3f}, before {found.before:.3f}): it does not become the base; try fewer steps or a lower "
            "pretrain.learning_rate"
        )
    return found.figures


if __name__ == "__main__":
    job.end(main)
