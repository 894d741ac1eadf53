"""Training data of one day: tasks from the lake's tables; for an update new examples and a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from socialrec.contracts.gold import SOCIAL_TIES
from socialrec.contracts.silver import (
    SILVER_ANSWERS,
    SILVER_COMMENTS,
    SILVER_INTERACTIONS,
    SILVER_PRODUCTS,
    SILVER_QUESTIONS,
    SILVER_TEMPLATES,
)
from socialrec.errors import UserError
from socialrec.evaluate.split import Split, make_split
from socialrec.lake import Lake
from socialrec.privacy.user_order import HAPPENED, NamedTables
from socialrec.settings import EvaluateSettings
from socialrec.settings.text import TextSettings
from socialrec.text.conversations import ANSWER_COLUMNS, QUESTION_COLUMNS, Conversations
from socialrec.text.material import COMMENT_COLUMNS, EVENT_COLUMNS, PRODUCT_COLUMNS, make_tasks
from socialrec.text.tasks import Task, why_unlearnable
from socialrec.text.training.continual import Start, make_update, old_and_new
from socialrec.text.understanding.heads import Heads, heads_beside

MAX_CHECKED = 256
CONVERSATION_TABLES = (SILVER_QUESTIONS, SILVER_ANSWERS, SILVER_TEMPLATES)


@dataclass(frozen=True)
class TextTables:
    """Silver up to a day, its split, and the versions of its tables; users by names that depend on content.

    conversations: None in a shop that nobody asked anything.
    """

    comments: pa.Table
    products: pa.Table
    interactions: pa.Table
    conversations: Conversations | None
    split: Split
    versions: dict[str, int | None]


@dataclass(frozen=True)
class TrainingSet:
    """Tasks to learn from, the same of the validation window, and the reasons why others were left out, by name.

    For an update also the champion that it starts from, and old examples to measure forgetting.
    """

    training: list[Task]
    validation: list[Task]
    start: Start | None = None
    remembered: Sequence[Task] = ()
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def n_training(self) -> int:
        """Number of training examples of all tasks."""
        return sum(map(len, self.training))

    def checked(self, seed: int) -> list[Task]:
        """Draw `n` validation examples of each task by the seed, to check during training."""
        rng = np.random.default_rng(seed)
        return [task.take(rng.permutation(len(task))[:MAX_CHECKED]) for task in self.validation if len(task)]


def read_evidence(lake: Lake, ds: str, settings: EvaluateSettings) -> TextTables:
    """Read silver up to `ds`. Raises UserError where there are no products until then."""
    tables = (SILVER_INTERACTIONS, SILVER_COMMENTS, SILVER_PRODUCTS, SOCIAL_TIES)
    days = {table: [day for day in lake.partitions(table) if day <= ds] for table in tables}
    if not days[SILVER_PRODUCTS]:
        raise UserError(f"silver.products has nothing up to {ds}: land the catalogue, then run the ETL of that day")
    named = NamedTables.of(
        lake.read(SILVER_INTERACTIONS, days[SILVER_INTERACTIONS], EVENT_COLUMNS, HAPPENED),
        lake.read(SILVER_COMMENTS, days[SILVER_COMMENTS], COMMENT_COLUMNS),
        lake.read(SOCIAL_TIES, days[SOCIAL_TIES][-1:]),
    )
    return TextTables(
        comments=named.comments,
        products=lake.read(SILVER_PRODUCTS, days[SILVER_PRODUCTS][-1:], PRODUCT_COLUMNS),
        interactions=named.interactions,
        conversations=read_conversations(lake, ds),
        split=make_split(named.interactions, settings),
        versions={table.name: lake.version(table) for table in (*tables, *CONVERSATION_TABLES)},
    )


def read_conversations(lake: Lake, ds: str) -> Conversations | None:
    """Read questions, answers and templates up to `ds`; None without questions."""
    days = {table: [day for day in lake.partitions(table) if day <= ds] for table in CONVERSATION_TABLES}
    questions = lake.read(SILVER_QUESTIONS, days[SILVER_QUESTIONS], QUESTION_COLUMNS)
    if not questions.num_rows:
        return None
    answers = lake.read(SILVER_ANSWERS, days[SILVER_ANSWERS], ANSWER_COLUMNS)
    templates = lake.read(SILVER_TEMPLATES, days[SILVER_TEMPLATES][-1:], ("intent", "text"))
    return Conversations(questions, answers, templates)


def gather(found: TextTables, settings: TextSettings, start: Start | None) -> TrainingSet:
    """Make the tasks of the settings; data after the validation cut is only measured on.

    With a start, make an update of it: new data since then, and a replay. Tasks without data in this shop, such as
    topics that nobody stated, are left out.
    """
    tables = {"comments": found.comments, "products": found.products, "interactions": found.interactions}
    asked = found.conversations
    training, validation = make_tasks(settings.tasks, found.split, **tables, conversations=asked)
    if start is None:
        return _learnable(TrainingSet(training, validation), Heads({}))
    known = heads_beside(start.folder)
    old, new = old_and_new(settings.tasks, found.split, start.since, **tables, conversations=asked)
    update = make_update(old, new, validation, known, settings)
    return _learnable(TrainingSet(update.training, update.validation, start, update.remembered), known)


def _learnable(found: TrainingSet, known: Heads) -> TrainingSet:
    asked = [task for task in found.training if task.name not in known]
    left_out = {task.name: why for task in asked if (why := why_unlearnable(task))}
    kept = [[task for task in tasks if task.name not in left_out] for tasks in (found.training, found.validation)]
    return replace(found, training=kept[0], validation=kept[1], left_out=left_out)
