"""Updates: training continues from the champion on new data, with a replay of some old data."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from socialrec.encoders.body import load_trained, tunable
from socialrec.encoders.encoder import DOCUMENT, Encoder
from socialrec.encoders.weights import load_weights
from socialrec.errors import UserError
from socialrec.evaluate.split import Split
from socialrec.settings.text import TaskName, TextSettings, Tuning
from socialrec.text.conversations import Conversations
from socialrec.text.material import like_trained, make_tasks
from socialrec.text.tasks import Labelled, Task, TextPairs
from socialrec.text.training.feeds import feed_of, mean_loss
from socialrec.text.understanding.heads import Heads

MAX_REMEMBERED = 256
"""Most old examples per task with which forgetting is measured."""


@dataclass(frozen=True)
class Start:
    """Saved encoder to start from, and the first moment that it has not learned from."""

    folder: Path
    since: datetime


@dataclass(frozen=True)
class Update:
    """Data of an update: training, validation for early stopping, and old examples that are left out for measuring."""

    training: list[Task]
    validation: list[Task]
    remembered: list[Task]


def why_not_from(folder: Path, settings: TextSettings) -> str | None:
    """Reason why training cannot start from a saved encoder under these settings; None where it can."""
    document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    base = load_weights(settings.model)
    if document["base_sha256"] != base.sha256:
        return f"it was made from base model {document['base']!r}, and text.model is {settings.model!r}"
    if document["max_tokens"] != settings.max_tokens:
        return f"it reads {document['max_tokens']} tokens, and text.max_tokens is {settings.max_tokens}"
    if settings.tuning is Tuning.ADALORA:
        return "the importance of AdaLoRA's ranks is not saved"
    try:
        load_trained(tunable(base, settings), folder)
    except UserError as error:
        return str(error)
    return None


def old_and_new(
    names: Sequence[TaskName],
    split: Split,
    since: datetime,
    *,
    comments: pa.Table,
    products: pa.Table,
    interactions: pa.Table,
    conversations: Conversations | None = None,
) -> tuple[list[Task], list[Task]]:
    """Make the named tasks from before `since`, and from then to the validation cut of a split by time.

    Attributes have no time and count as new, so that an update learns all of them.
    """
    assert split.validation_cut is not None
    earlier = replace(split, validation_cut=min(since, split.validation_cut), test_cut=split.validation_cut)
    old, new = make_tasks(
        names,
        earlier,
        comments=comments,
        products=products,
        interactions=interactions,
        conversations=conversations,
    )
    pairs = [(a.take([]), a) if a.name == TaskName.ATTRIBUTES else (a, b) for a, b in zip(old, new, strict=True)]
    return [before for before, _ in pairs], [after for _, after in pairs]


def make_update(
    old: Sequence[Task], new: Sequence[Task], validation: Sequence[Task], known: Heads, settings: TextSettings
) -> Update:
    """Combine the new examples with old ones, drawn by the seed, that make up `text.replay_share` of a task.

    Every tenth of the old examples, by the hash of its text, is not replayed, and at most MAX_REMEMBERED of them are
    there to measure on. Labels are those of the known heads; other values are unknown. Tasks without new examples stay
    as they are.
    """
    made = Update([], [], [])
    later = {task.name: task for task in validation}
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        older, newer = as_known(before, known), as_known(after, known)
        is_kept_out = np.array([zlib.crc32(text.encode("utf-8", "replace")) % 10 == 0 for text in _texts(older)], bool)
        rng = np.random.default_rng([settings.seed, number])
        drawn = rng.permutation(np.flatnonzero(~is_kept_out))
        n_replayed = round(len(newer) * settings.replay_share / (1 - settings.replay_share))
        is_known = isinstance(older, TextPairs) or older.name in known
        if len(newer):
            made.training.append(joined(newer, older.take(drawn[:n_replayed])))
        if is_known or len(newer):
            made.validation.append(like_trained(later[older.name], older))
        if is_known and is_kept_out.any():
            made.remembered.append(older.take(rng.permutation(np.flatnonzero(is_kept_out))[:MAX_REMEMBERED]))
    return made


def as_known(task: Task, known: Heads) -> Task:
    """Convert a task to the classes of its known head, where it has one."""
    if isinstance(task, TextPairs) or task.name not in known:
        return task
    outputs = known[task.name].outputs
    return like_trained(task, Labelled(task.name, [], outputs, np.zeros((0, len(outputs)), np.int64)))


def joined(first: Task, second: Task) -> Task:
    """Join two tasks of one kind and the same classes. Products of the same text are one product."""
    if isinstance(first, TextPairs) and isinstance(second, TextPairs):
        products = [*first.products, *second.products]
        number = {text: place for place, text in enumerate(dict.fromkeys(products))}
        ids = np.array([number[text] for text in products], np.int64)
        return TextPairs([*first.comments, *second.comments], products, ids, first.name)
    assert isinstance(first, Labelled) and isinstance(second, Labelled) and first.outputs == second.outputs
    labels = np.concatenate([first.labels, second.labels])
    return Labelled(first.name, [*first.texts, *second.texts], first.outputs, labels)


def losses_on(tasks: Sequence[Task], encoder: Encoder, heads: Heads, settings: TextSettings) -> dict[str, float]:
    """Compute the loss of each task over all its examples, as training does, without dropout."""
    encoder.body.network.eval()
    heads.to(encoder.base.model.device).eval()
    feeds = [feed_of(task, heads, encoder, settings, number) for number, task in enumerate(tasks)]
    return {feed.name: mean_loss(feed, settings.train_tokens) for feed in feeds}


def forgetting(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Figures of forgetting in an update: losses on old examples before and after it, and their increase."""
    named = {"old_loss_before": before, "old_loss": after}
    figures = {f"val/{what}_{task}": loss for what, losses in named.items() for task, loss in losses.items()}
    return figures | {f"val/forgetting_{task}": after[task] - loss for task, loss in before.items()}


def _texts(task: Task) -> Sequence[str]:
    return task.comments if isinstance(task, TextPairs) else task.texts
