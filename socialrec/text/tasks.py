"""Training tasks of an encoder: pairs that belong together, and texts with labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socialrec.display.visible import named
from socialrec.errors import UserError

Ints = npt.NDArray[np.int64]
MISSING = -1
"""Label of a text whose class for this output is unknown."""
MIN_EXAMPLES = 2
RETRIEVAL = "retrieval"


@dataclass(frozen=True)
class TextPairs:
    """Pairs of comments and the products they are about: one text each, and the product's number."""

    comments: Sequence[str]
    products: Sequence[str]
    product_ids: Ints
    name: str = RETRIEVAL

    def __len__(self) -> int:
        return len(self.comments)

    @property
    def all_texts(self) -> list[str]:
        """Texts of all pairs, comments first."""
        return [*self.comments, *self.products]

    def take(self, places: Sequence[int] | Ints) -> TextPairs:
        """Take these pairs, in this order."""
        chosen = [int(place) for place in places]
        comments, products = ([texts[place] for place in chosen] for texts in (self.comments, self.products))
        return TextPairs(comments, products, self.product_ids[chosen], self.name)


@dataclass(frozen=True)
class Output:
    """Output to predict from a text, such as its sentiment or its colour, and its possible values."""

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Labelled:
    """Texts with the classes of one or several outputs: `labels` is int64 (n, n_outputs), MISSING where unknown.

    Sentiment, feedback topic and next action have one output, product attributes many.
    """

    name: str
    texts: Sequence[str]
    outputs: tuple[Output, ...]
    labels: Ints

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def all_texts(self) -> list[str]:
        """Every text that is read."""
        return list(self.texts)

    def take(self, places: Sequence[int] | Ints) -> Labelled:
        """Take these texts, in this order."""
        chosen = [int(place) for place in places]
        return Labelled(self.name, [self.texts[place] for place in chosen], self.outputs, self.labels[chosen])

    def counts(self, output: int) -> Ints:
        """Number of texts of each class of an output."""
        labels = self.labels[:, output]
        return np.bincount(labels[labels != MISSING], minlength=len(self.outputs[output].classes))


Task = TextPairs | Labelled


def labelled(
    name: str, texts: Sequence[str], values: Mapping[str, Sequence[str]], classes: Sequence[Output] = ()
) -> Labelled:
    """Make a task from the values of its outputs, an empty string where unknown.

    The classes are those that occur, sorted, or those given; a value outside the given ones is MISSING.
    """
    outputs = tuple(classes) or tuple(Output(key, tuple(sorted(set(said) - {""}))) for key, said in values.items())
    columns = []
    for output in outputs:
        number = {value: place for place, value in enumerate(output.classes)}
        columns.append([number.get(value, MISSING) for value in values[output.name]])
    return Labelled(name, texts, outputs, np.array(columns, dtype=np.int64).T.reshape(len(texts), len(outputs)))


def require_learnable(tasks: Sequence[Task]) -> None:
    """Raise UserError, before any training, where a task has nothing to learn from."""
    if not tasks:
        raise UserError("no task to train on: give pairs or labelled texts")
    if repeated := {task.name for task in tasks if sum(other.name == task.name for other in tasks) > 1}:
        raise UserError(f"task {', '.join(sorted(repeated))} is given twice")
    for task in tasks:
        if why := why_unlearnable(task):
            raise UserError(f"task {task.name}: {why}")


def why_unlearnable(task: Task) -> str | None:
    """Reason why a task has nothing to learn from; None where it has."""
    if isinstance(task, TextPairs):
        return None if len(task) else "there are no pairs"
    if not task.outputs:
        return f"nothing is stated that has two values or more, of {MIN_EXAMPLES} examples each"
    for place, output in enumerate(task.outputs):
        counts = task.counts(place)
        if not counts.sum():
            return f"no text has a label for {output.name}"
        rare = [name for name, count in zip(output.classes, counts, strict=True) if count < MIN_EXAMPLES]
        if rare or len(counts) < 2:
            return (
                f"{output.name} needs two classes or more, of {MIN_EXAMPLES} examples each; too few for "
                f"{named(rare, 5) or 'a second class'}: leave such values empty, or bring more"
            )
    return None
