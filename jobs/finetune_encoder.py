"""Fine-tune the encoder on the tasks of `text.tasks`, from before the validation cut, and register it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from socialrec import job, tracking
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.evaluate.plots import confusion_figure
from socialrec.evaluate.split import Split, make_split
from socialrec.settings import load_settings
from socialrec.text import material
from socialrec.text.classification import Classified, calibrate
from socialrec.text.continual import Start, forgetting, losses_on, make_update, old_and_new, why_not_from
from socialrec.text.encoder import Encoder, load_encoder, load_saved
from socialrec.text.finetune import FineTuned, Progress, fine_tune
from socialrec.text.heads import Heads, heads_beside
from socialrec.text.perturbation import flips
from socialrec.text.processes import first_goes_first, is_launched, launch, own_rank, process_group
from socialrec.text.recall import recall_at
from socialrec.text.tasks import Pairs, Task, why_unlearnable
from socialrec.text.tokens import coverage
from socialrec.text_settings import StartFrom
from socialrec.tracking import ENCODER

NAME = "finetune_encoder"
MAX_CHECKED = 256
MAX_DISTURBED = 64
"""Texts of a task that are disturbed: each is read once more for every kind of disturbance."""
RECALL_CUTOFF = 10
LEARNED_UNTIL = "learned_until"
"""Tag of a registered encoder: the first moment that it has not learned from."""


@dataclass(frozen=True)
class Material:
    """Tasks to learn from, the same of the validation window, how they were split, and the tables' versions.

    Of an update also the champion that it starts from, and old examples that tell what it forgets.
    """

    training: list[Task]
    validation: list[Task]
    split: Split
    versions: dict[str, int | None]
    start: Start | None = None
    remembered: Sequence[Task] = ()

    @property
    def n_training(self) -> int:
        """Examples to learn from, of all tasks."""
        return sum(map(len, self.training))


def main(argv: list[str] | None = None) -> int:
    """Open the training run that the rest of the chain adds to. Sampling and dry runs do not apply here.

    In several processes all of them train; the first alone writes to MLflow and to files, and reports.
    """
    arguments = sys.argv[1:] if argv is None else argv
    args = job.parser(__doc__).parse_args(arguments)
    if (n := load_settings(args.home).text.processes) > 1 and not is_launched():
        return launch(__file__, arguments, n)
    with job.run(NAME, args) as run, process_group():
        tracker = tracking.connect(run.settings)
        with first_goes_first():
            found = read_material(run, tracker)
        if own_rank():
            if found.n_training:
                learn(run, found, lambda step, loss: None)
            return 0
        params = {f"text.{name}": value for name, value in run.settings.text.model_dump(mode="json").items()}
        params |= {f"table.{name}": version for name, version in found.versions.items()}
        params |= {"examples": found.n_training, "starts_from": found.start.folder.name if found.start else "base"}
        mlflow_run = tracker.start_training(f"{run.ds} {run.run_id}", params, {"ds": run.ds, "run_id": run.run_id})
        with tracker.failing(mlflow_run):
            version, encoder = train(run, tracker, mlflow_run, found)
        run.done(
            status="trained" if found.n_training else "no_examples",
            counts={"examples": found.n_training, "validation_examples": sum(map(len, found.validation))},
            mlflow_run_id=mlflow_run,
            encoder_version=encoder.version,
            encoder_model_version=version,
            split_kind=found.split.kind,
        )
    return 0


def find_start(run: job.Run, tracker: tracking.Tracker, split: Split) -> Start | None:
    """The champion, where the settings say so and training can go on from it; None is the base model."""
    champion = None if run.settings.text.start_from is StartFrom.BASE else tracker.champion(ENCODER)
    if champion is None:
        return None
    folder, until = tracker.fetch(ENCODER, champion.version), champion.tags.get(LEARNED_UNTIL)
    if split.kind == "time" and until:
        why = why_not_from(folder, run.settings.text)
        if why is None:
            return Start(folder, datetime.fromisoformat(until))
    else:
        why = "without times nothing tells what is new since then"
    run.log.warning("training starts from the base model, not from the champion", champion=champion.version, why=why)
    return None


def read_material(run: job.Run, tracker: tracking.Tracker) -> Material:
    """The tasks, of an update what is new and a replay; what came after the validation cut is only ever measured on."""
    tables = (SILVER_INTERACTIONS, SILVER_COMMENTS, SILVER_PRODUCTS)
    versions = {table.name: run.lake.version(table) for table in tables}
    days = {table: [day for day in run.lake.partitions(table) if day <= run.ds] for table in tables}
    if missing := [table.name for table in tables[::2] if not days[table]]:
        raise UserError(f"{' and '.join(missing)} has nothing up to {run.ds}: run the ETL of that day first")
    interactions = run.lake.read(SILVER_INTERACTIONS, days[SILVER_INTERACTIONS], material.EVENT_COLUMNS)
    comments = run.lake.read(SILVER_COMMENTS, days[SILVER_COMMENTS], material.COMMENT_COLUMNS)
    products = run.lake.read(SILVER_PRODUCTS, days[SILVER_PRODUCTS][-1:], material.PRODUCT_COLUMNS)
    split = make_split(interactions, run.settings.evaluate)
    names, read = run.settings.text.tasks, {"comments": comments, "products": products, "interactions": interactions}
    training, validation = material.make_tasks(names, split, **read)
    start = find_start(run, tracker, split)
    if start is None:
        return learnable(run, Material(training, validation, split, versions), Heads({}))
    old, new = old_and_new(names, split, start.since, **read)
    known = heads_beside(start.folder)
    update = make_update(old, new, validation, known, run.settings.text)
    return learnable(
        run, Material(update.training, update.validation, split, versions, start, update.remembered), known
    )


def learnable(run: job.Run, found: Material, known: Heads) -> Material:
    """The same without tasks that this shop holds nothing for, such as topics that nobody stated."""
    asked = [task for task in found.training if task.name not in known]
    left_out = {task.name: why for task in asked if (why := why_unlearnable(task))}
    for name, why in left_out.items():
        run.log.warning("a task is left out", task=name, why=why)
    kept = [[task for task in tasks if task.name not in left_out] for tasks in (found.training, found.validation)]
    return replace(found, training=kept[0], validation=kept[1])


def train(run: job.Run, tracker: tracking.Tracker, mlflow_run: str, found: Material) -> tuple[str, Encoder]:
    """Train, measure before and after on the validation window, log and register; the version and the encoder."""
    settings, start = run.settings.text, found.start.folder if found.start else None
    encoder = load_saved(start, settings) if start else load_encoder(settings.model, settings)
    heads = heads_beside(start) if start else Heads({})
    figures = {"text/unknown_token_share": unknown_share(run, encoder, found.training)}
    checked = some_of(found.validation, settings.seed)
    pairs = next((task for task in checked if isinstance(task, Pairs)), None)
    if pairs is not None:
        figures["val/pair_recall_at_10_before"] = recall_at(encoder, pairs, RECALL_CUTOFF)
    if found.n_training:
        old_losses = losses_on(found.remembered, encoder, heads, settings)
        made = tune(run, tracker, mlflow_run, found)
        encoder, heads = made.encoder, made.heads
        if pairs is not None:
            figures["val/pair_recall_at_10"] = recall_at(encoder, pairs, RECALL_CUTOFF)
        figures |= forgetting(old_losses, losses_on(found.remembered, encoder, heads, settings))
        for classified in calibrate(encoder, heads, checked):
            figures |= log_classified(tracker, mlflow_run, classified)
        disturbed = [task.take(range(min(len(task), MAX_DISTURBED))) for task in checked]
        figures |= {f"val/{name}": share for name, share in flips(encoder, heads, disturbed, settings.seed).items()}
    else:
        kept = "the champion's encoder" if start else "the base model"
        run.log.warning(f"nothing new to learn from before the validation cut: {kept} is used as it is")
    folder = run.settings.models / "candidates" / mlflow_run / "encoder"
    encoder.save(folder)
    heads.save(folder)
    tracker.log(mlflow_run, metrics=figures, params={"encoder_version": encoder.version})
    tracker.log_folder(mlflow_run, folder, "encoder")
    run.log.info("trained", encoder_version=encoder.version, **figures)
    cut = found.split.cut("validation")
    tags = {"encoder_version": encoder.version, "ds": run.ds, "split_kind": found.split.kind}
    tags |= {LEARNED_UNTIL: cut.isoformat()} if cut else {}
    return tracker.register(mlflow_run, "encoder", ENCODER, tags), encoder


def tune(run: job.Run, tracker: tracking.Tracker, mlflow_run: str, found: Material) -> FineTuned:
    """Fine-tune, and log the losses."""

    def progress(step: int, loss: float) -> None:
        tracker.log(mlflow_run, metrics={"train/loss": loss}, step=step)
        if step % 10 == 0 or step == run.settings.text.train_steps:
            run.log.info("training", step=f"{step}/{run.settings.text.train_steps}", loss=round(loss, 4))

    made = learn(run, found, progress)
    shutil.rmtree(checkpoints(run), ignore_errors=True)
    for step, loss in made.validations:
        tracker.log(mlflow_run, metrics={"val/loss": loss}, step=step)
    return made


def learn(run: job.Run, found: Material, progress: Progress) -> FineTuned:
    """What all processes do alike; a run that was killed goes on where its last checkpoint stands."""
    settings, start = run.settings.text, found.start.folder if found.start else None
    checked = some_of(found.validation, settings.seed)
    return fine_tune(found.training, settings, progress, checked, checkpoints(run), start=start)


def checkpoints(run: job.Run) -> Path:
    """Where a run that is killed is gone on from."""
    return run.settings.models / "checkpoints" / run.run_id


def some_of(tasks: list[Task], seed: int) -> list[Task]:
    """As many examples of each task as are checked during training."""
    rng = np.random.default_rng(seed)
    return [task.take(rng.permutation(len(task))[:MAX_CHECKED]) for task in tasks if len(task)]


def log_classified(tracker: tracking.Tracker, mlflow_run: str, found: Classified) -> dict[str, float]:
    """Keep what was taken for what, as a table and as a figure; returns the figures under their names."""
    file = f"confusion/{found.name}"
    tracker.log_table(mlflow_run, ("is", "told", "n"), found.cells, f"{file}.csv")
    tracker.log_figure(mlflow_run, confusion_figure(found.confusion, found.output.classes, found.name), f"{file}.png")
    return {f"val/{found.name}_{name}": value for name, value in found.figures.items()}


def unknown_share(run: job.Run, encoder: Encoder, tasks: list[Task]) -> float:
    """Share of the texts' tokens that the model does not know; a warning where it is too much."""
    texts = sorted({text for task in tasks for text in task.all_texts})
    seen = coverage(encoder.base, encoder.tokenize(texts))
    if warning := seen.warning(encoder.base.name):
        run.log.warning(warning)
    return seen.unknown_share


if __name__ == "__main__":
    sys.exit(job.guarded(main))
