"""One fine-tuned encoder that predicts one or several labels of the same texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from socialrec.bench.progress import to_standard_error
from socialrec.bench.text.tasks import Examples, SplitTask
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import Ints, Labelled, Output, labelled
from socialrec.text.training.finetune import FineTuned, fine_tune

HEAD = "labels"


@dataclass(frozen=True)
class TextModel:
    """Trained encoder with the outputs of its one head: one per task, in the tasks' order."""

    made: FineTuned
    outputs: tuple[Output, ...]

    @classmethod
    def train(cls, tasks: Sequence[SplitTask], settings: TextSettings) -> Self:
        """Fine-tune on all labels of the tasks' texts as the settings say, and report progress."""
        outputs = tuple(map(known_classes, tasks))
        training, validation = (
            together([getattr(task, part) for task in tasks], outputs) for part in ("training", "validation")
        )

        def progress(step: int, loss: float) -> None:
            if step % settings.validate_every == 0:
                to_standard_error(f"step {step} of {settings.train_steps}: loss {loss:.3f}")

        made = fine_tune([training], settings, progress, [validation])
        to_standard_error("validation losses: " + ", ".join(f"{loss:.4f} at {step}" for step, loss in made.validations))
        return cls(made, outputs)

    def classes(self, place: int, texts: Sequence[str]) -> Ints:
        """Predicted class numbers for the task at this place, int64 (n,)."""
        return self.made.heads[HEAD].predict(self.made.encoder.encode(texts))[:, place]

    def labels(self, place: int, texts: Sequence[str]) -> list[str]:
        """Predicted class names for the task at this place."""
        return [self.outputs[place].classes[number] for number in self.classes(place, texts)]


def known_classes(task: SplitTask) -> Output:
    """Classes of the task with at least two training examples."""
    counts = Counter(task.training.labels)
    return Output(task.name, tuple(sorted(label for label, count in counts.items() if count > 1)))


def together(parts: Sequence[Examples], outputs: Sequence[Output]) -> Labelled:
    """Distinct texts of one part, each with its label in every task; empty where a task has none."""
    texts = list(dict.fromkeys(text for part in parts for text in part.texts))
    said = [dict(zip(part.texts, part.labels, strict=True)) for part in parts]
    values = {
        output.name: [labels.get(text, "") for text in texts] for output, labels in zip(outputs, said, strict=True)
    }
    return labelled(HEAD, texts, values, outputs)
