"""Fine-tune the encoder on the tasks of `text.tasks`, from before the validation cut, and register it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec import tracking
from socialrec.encoders.encoder import Encoder, load_encoder, load_saved
from socialrec.encoders.shipped.choice import ModelChoice
from socialrec.encoders.tokens import coverage
from socialrec.evaluate.plots import confusion_figure
from socialrec.evaluate.split import Split
from socialrec.features.pictures import mean_pictures, picture_version, read_pictures
from socialrec.privacy.erasure.trainings import erased_before, require_nobody_erased_since
from socialrec.recommend.training.steps import find_candidate, note_step, read_step, training_key
from socialrec.report.cards import encoder_card
from socialrec.runtime import job
from socialrec.settings import load_settings
from socialrec.settings.text import StartFrom, TaskName, TextSettings
from socialrec.text.base_model import with_base_model
from socialrec.text.tasks import MISSING, Labelled, Task, TextPairs
from socialrec.text.training.alignment import learn_alignment
from socialrec.text.training.continual import Start, forgetting, losses_on, why_not_from
from socialrec.text.training.finetune import FineTuned, Progress, fine_tune
from socialrec.text.training.gathering import TextTables, TrainingSet, gather, read_evidence
from socialrec.text.training.processes import first_goes_first, is_launched, launch, own_rank, process_group
from socialrec.text.understanding.aspect_learning import learn_aspects, save_aspects
from socialrec.text.understanding.classification import Classified, calibrate
from socialrec.text.understanding.heads import Heads, heads_beside
from socialrec.text.understanding.intent_bound import IntentBound
from socialrec.text.understanding.perturbation import flips
from socialrec.text.understanding.picture_heads import fit_picture_heads
from socialrec.text.understanding.recall import recall_at
from socialrec.tracking import ENCODER, ERASED

NAME = "finetune_encoder"
MAX_VALIDATED = 96
"""Validation examples of a task that are checked during training; all of them are measured at its end."""
MAX_DISTURBED = 32
"""Texts of a task that are perturbed: each is read once more for every kind of perturbation."""
RECALL_CUTOFF = 10
RECALLED = {TaskName.RETRIEVAL: "pair", TaskName.NEXT_PRODUCT: "next_product"}
"""Tasks whose products are looked for among those of their validation examples, and the names of these figures."""
MAX_PARAM = 500
"""Characters of a value that MLflow keeps."""
LEARNED_UNTIL = "learned_until"
"""Tag of a registered encoder: the first moment that it has not learned from."""


def main(argv: list[str] | None = None) -> int:
    """Open the training run that the later jobs add to. Sampling and dry runs do not apply.

    All processes train; only the first writes to MLflow and to files, and reports.
    """
    arguments = sys.argv[1:] if argv is None else argv
    args = job.parser(__doc__).parse_args(arguments)
    if (n := load_settings(args.home).text.processes) > 1 and not is_launched():
        return launch(__file__, arguments, n)
    with job.run(NAME, args) as run, process_group():
        tracker = tracking.connect(run.settings)
        with first_goes_first():
            run.settings, choice = with_base_model(run.settings, run.lake, run.ds)
        run.log.info("base model", model=choice.model, why=choice.why)
        erased = erased_before(run.settings)
        key = training_key(run.lake, run.ds, run.settings, start_version(run, tracker))
        if take_up(run, tracker, key):
            return 0
        with first_goes_first():
            evidence, found = read_material(run, tracker)
        if own_rank():
            if found.n_training:
                learn(run, found, lambda step, loss: None)
            return 0
        params = {
            f"{section}.{name}": value
            for section, values in (("text", run.settings.text), ("evaluate", run.settings.evaluate))
            for name, value in values.model_dump(mode="json").items()
        }
        params |= {f"table.{name}": version for name, version in evidence.versions.items()}
        params |= {"text_model_chosen": choice.why[:MAX_PARAM]}
        params |= {"examples": found.n_training, "starts_from": found.start.folder.name if found.start else "base"}
        tags = {"ds": run.ds, "run_id": run.run_id, **erased}
        mlflow_run = tracker.start_training(f"{run.ds} · training", params, tags)
        with tracker.failing(mlflow_run):
            run.link(mlflow_url=tracker.run_page(mlflow_run))
            tracker.log_tables(mlflow_run, evidence.versions, run.settings.lake, "training")
            version, encoder = train(run, tracker, mlflow_run, found, evidence, choice=choice)
            page = tracker.run_page(mlflow_run)
            # The last call to the server, so that an earlier failure moves no alias.
            tracker.nominate(ENCODER, version)
        values = {
            "mlflow_run_id": mlflow_run,
            "mlflow_url": page,
            "model_url": tracker.version_page(ENCODER, version),
            "encoder_version": encoder.version,
            "encoder_model_version": version,
            "encoder_folder": str(folder_of(run, mlflow_run)),
            "split_kind": evidence.split.kind,
        }
        note_step(run.settings.candidate(mlflow_run), NAME, key, values)
        run.done(
            status="trained" if found.n_training else "no_examples",
            counts={"examples": found.n_training, "validation_examples": sum(map(len, found.validation))},
            **values,
        )
    return 0


def start_version(run: job.Run, tracker: tracking.Tracker) -> str:
    """Version of the encoder that training starts from, and True if it may; empty for the base model."""
    champion = None if run.settings.text.start_from is StartFrom.BASE else tracker.champion(ENCODER)
    return f"{champion.version} {ERASED in champion.tags}" if champion else ""


def take_up(run: job.Run, tracker: tracking.Tracker, key: str) -> bool:
    """Resume the newest training of the same inputs and settings that was not promoted; True where there is one."""
    candidate = find_candidate(run.settings.candidates, NAME, key)
    step = read_step(candidate, NAME) if candidate else None
    if step is None or not Path(step.values["encoder_folder"]).exists():
        return False
    if own_rank() == 0:
        if not tracker.reopen(step.values["mlflow_run_id"]):
            return False
        # close_training finds it by this tag, if this run is killed.
        tracker.log(step.values["mlflow_run_id"], tags={"run_id": run.run_id})
        run.log.info("inputs and settings are those of an earlier training: it is resumed", **step.values)
        run.done(status="up_to_date", counts={"examples": 0}, **step.values)
    return True


def find_start(run: job.Run, tracker: tracking.Tracker, split: Split) -> Start | None:
    """Find the champion, if the settings ask for it and training can start from it; None is the base model."""
    champion = None if run.settings.text.start_from is StartFrom.BASE else tracker.champion(ENCODER)
    if champion is None:
        return None
    folder, until = tracker.fetch(ENCODER, champion.version), champion.tags.get(LEARNED_UNTIL)
    why: str | None
    if ERASED in champion.tags:
        why = "it was trained on users who were erased since"
    elif split.kind == "time" and until:
        why = why_not_from(folder, run.settings.text)
        if why is None:
            return Start(folder, datetime.fromisoformat(until))
    else:
        why = "without event times new examples cannot be selected"
    run.log.warning("training starts from the base model, not from the champion", champion=champion.version, why=why)
    return None


def read_material(run: job.Run, tracker: tracking.Tracker) -> tuple[TextTables, TrainingSet]:
    """Read the tables and the training data from them."""
    evidence = read_evidence(run.lake, run.ds, run.settings.evaluate)
    found = gather(evidence, run.settings.text, find_start(run, tracker, evidence.split))
    for name, why in found.left_out.items():
        run.log.info("a task is left out", task=name, why=why)
    return evidence, found


def train(
    run: job.Run,
    tracker: tracking.Tracker,
    mlflow_run: str,
    found: TrainingSet,
    evidence: TextTables,
    *,
    choice: ModelChoice,
) -> tuple[str, Encoder]:
    """Train, measure before and after on the validation window, log and register; returns the version and the
    encoder.
    """
    settings, start = run.settings.text, found.start.folder if found.start else None
    encoder = load_saved(start, settings) if start else load_encoder(settings.model, settings)
    heads = heads_beside(start) if start else Heads({})
    sizes = {task.name: len(task) for task in found.training}
    run.log.info("the encoder is measured before training, and heads start from its vectors", examples=sizes)
    figures = {"text/unknown_token_share": unknown_share(run, encoder, found.training)}
    checked = found.checked(settings.seed)
    figures |= {f"{name}_before": recall for name, recall in recalls(encoder, checked).items()}
    if found.n_training:
        old_losses = losses_on(found.remembered, encoder, heads, settings)
        made = tune(run, tracker, mlflow_run, found)
        encoder, heads = made.encoder, made.heads
        figures |= course(made)
        figures |= recalls(encoder, checked)
        figures |= forgetting(old_losses, losses_on(found.remembered, encoder, heads, settings))
        for classified in calibrate(encoder, heads, checked):
            figures |= log_classified(tracker, mlflow_run, classified)
        disturbed = [task.take(range(min(len(task), MAX_DISTURBED))) for task in checked]
        figures |= {f"val/{name}": share for name, share in flips(encoder, heads, disturbed, settings.seed).items()}
    else:
        kept = "the champion's encoder" if start else "the base model"
        run.log.warning(f"nothing new to learn from before the validation cut: {kept} is used as it is")
    require_nobody_erased_since(run.settings, tracker, mlflow_run)
    folder = folder_of(run, mlflow_run)
    encoder.save(folder)
    heads.save(folder)
    save_intent_bound(run, encoder, heads, found, folder)
    save_aspects(learned := aspects_of(evidence, settings), folder)
    run.log.info("aspects beyond the lists", learned=", ".join(learned) or "none")
    figures["text/learned_aspects"] = float(len(learned))
    figures |= save_pictures(run, encoder, heads, evidence.products, folder)
    tracker.log(mlflow_run, metrics=figures, params={"encoder_version": encoder.version})
    tracker.log_folder(mlflow_run, folder, "encoder")
    run.log.info("trained", encoder_version=encoder.version, **figures)
    cut = evidence.split.cut("validation")
    tags = {"encoder_version": encoder.version, "ds": run.ds, "split_kind": evidence.split.kind}
    tags |= {LEARNED_UNTIL: cut.isoformat()} if cut else {}
    base = f"`{choice.model}`: {choice.why}"
    card = encoder_card(figures, run.ds, found.n_training, base, tracker.run_page(mlflow_run))
    return tracker.register(mlflow_run, "encoder", ENCODER, tags, card), encoder


def save_pictures(run: job.Run, encoder: Encoder, heads: Heads, products: pa.Table, folder: Path) -> dict[str, float]:
    """Learn what pictures say beside the texts, where there are any: of attributes, and as directions among the texts.
    Returns the figures.
    """
    version, vectors = picture_version(run.lake), read_pictures(run.lake, products)
    if version is None or not vectors.num_rows:
        return {}
    products = products.sort_by("product_id")
    pictures = mean_pictures(products["product_id"].combine_chunks(), products, vectors)
    aligned, figures = learn_alignment(encoder, products, pictures, version, run.settings.text.seed)
    if aligned is not None:
        aligned.save(folder)
    if TaskName.ATTRIBUTES in heads:
        found, accuracies = fit_picture_heads(heads[TaskName.ATTRIBUTES], encoder, products, pictures, version)
        found.save(folder)
        figures |= {f"attributes_{name}": value for name, value in accuracies.items()}
    return {f"val/{name}": value for name, value in figures.items()}


def save_intent_bound(run: job.Run, encoder: Encoder, heads: Heads, found: TrainingSet, folder: Path) -> None:
    """Set the bound of the scope by the questions of the validation window, where there are some."""
    for task in found.validation:
        if task.name == TaskName.INTENT and isinstance(task, Labelled) and len(task) and task.name in heads:
            known = task.take(np.flatnonzero(task.labels[:, 0] != MISSING))
            logits = heads[task.name].logits(encoder.encode(known.texts))[0]
            IntentBound.fit(logits, known.labels[:, 0], run.settings.answers.max_scope_loss).save(folder)


def aspects_of(evidence: TextTables, settings: TextSettings) -> dict[str, tuple[str, ...]]:
    """Learn aspects from the comments before the validation cut."""
    comments, products = evidence.split.training_comments(evidence.comments), evidence.products
    own = products["text"].take(pc.index_in(comments["product_id"], products["product_id"].combine_chunks()))
    texts = (
        (text or "", product or "") for text, product in zip(comments["text"].to_pylist(), own.to_pylist(), strict=True)
    )
    return learn_aspects(texts, settings.aspects, settings.learned_aspects)


def folder_of(run: job.Run, mlflow_run: str) -> Path:
    """Folder of the trained encoder for the rest of the training."""
    return run.settings.candidate(mlflow_run) / "encoder"


def tune(run: job.Run, tracker: tracking.Tracker, mlflow_run: str, found: TrainingSet) -> FineTuned:
    """Fine-tune, and log the losses."""

    note = run.progress("training", run.settings.text.train_steps)

    def progress(step: int, loss: float) -> None:
        tracker.log(mlflow_run, metrics={"train/loss": loss}, step=step)
        note(step, loss)

    made = learn(run, found, progress)
    shutil.rmtree(checkpoints(run), ignore_errors=True)
    for step, loss in made.validations:
        tracker.log(mlflow_run, metrics={"val/loss": loss}, step=step)
    names = [f"train/loss_{name}" for name in made.task_losses]
    for step, losses in enumerate(zip(*made.task_losses.values(), strict=True), 1):
        tracker.log(mlflow_run, metrics=dict(zip(names, losses, strict=True)), step=step)
    tracker.log(mlflow_run, params={"resumed_after_step": made.resumed_after})
    return made


def course(made: FineTuned) -> dict[str, float]:
    """Figures of the training's course: the share of trained weights, and each task's weight and loss at its end."""
    weights = {f"train/weight_{name}": weight for name, weight in made.task_weights.items()}
    losses = {f"train/last_loss_{name}": losses[-1] for name, losses in made.task_losses.items() if losses}
    return {"train/trained_share": made.trained_share, **weights, **losses}


def recalls(encoder: Encoder, checked: Sequence[Task]) -> dict[str, float]:
    """Share of the validation examples whose product is found, of each task that has products."""
    return {
        f"val/{RECALLED[TaskName(task.name)]}_recall_at_{RECALL_CUTOFF}": recall_at(encoder, task, RECALL_CUTOFF)
        for task in checked
        if isinstance(task, TextPairs) and task.name in RECALLED
    }


def learn(run: job.Run, found: TrainingSet, progress: Progress) -> FineTuned:
    """Train, in all processes alike; a killed run resumes from its last checkpoint."""
    settings, start = run.settings.text, found.start.folder if found.start else None
    checked = [task.take(range(min(len(task), MAX_VALIDATED))) for task in found.checked(settings.seed)]
    return fine_tune(found.training, settings, progress, checked, checkpoints(run), start=start)


def checkpoints(run: job.Run) -> Path:
    """Folder of the checkpoints from which a killed run resumes."""
    return run.settings.models / "checkpoints" / run.run_id


def log_classified(tracker: tracking.Tracker, mlflow_run: str, found: Classified) -> dict[str, float]:
    """Log the confusion matrix as a table and as a figure, and confidence by bins; returns the figures under their
    names.
    """
    file = f"confusion/{found.name}"
    tracker.log_table(mlflow_run, ("actual", "predicted", "count"), found.cells, f"{file}.csv")
    tracker.log_figure(mlflow_run, confusion_figure(found.confusion, found.output.classes, found.name), f"{file}.png")
    bins = ((one.lower, one.n, one.confidence, one.accuracy) for one in found.bins)
    tracker.log_table(
        mlflow_run, ("confidence_from", "count", "confidence", "accuracy"), bins, f"calibration/{found.name}.csv"
    )
    return {f"val/{found.name}_{name}": value for name, value in found.figures.items()}


def unknown_share(run: job.Run, encoder: Encoder, tasks: list[Task]) -> float:
    """Share of the texts' tokens that the model does not know, with a warning where it is too large."""
    texts = sorted({text for task in tasks for text in task.all_texts})
    seen = coverage(encoder.base, encoder.tokenize(texts))
    if warning := seen.warning(encoder.base.name):
        run.log.warning(warning)
    return seen.unknown_share


if __name__ == "__main__":
    job.end(main)
