"""Text classification on public data: file and column of each task, its fixed split, and tasks of the same data."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from socialrec.bench.text.tables import read_columns
from socialrec.errors import UserError

SPLIT_SEED = 20260103
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1
"""Share of the examples that are not for testing."""
MIN_BRAND_PRODUCTS = 20
MIN_COLOUR_PRODUCTS = 100
"""Minimum products per colour in the published figure; rarer colours have too few test texts."""
_SENTIMENT = {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"}


@dataclass(frozen=True)
class Examples:
    """Texts and their labels, aligned."""

    texts: list[str]
    labels: list[str]

    @property
    def sha256(self) -> str:
        """Hash of the texts, in any order: it names a split that others can make again."""
        return hashlib.sha256("\n".join(sorted(self.texts)).encode()).hexdigest()

    def take(self, places: Sequence[int]) -> Examples:
        """Take these examples, in this order."""
        return Examples([self.texts[place] for place in places], [self.labels[place] for place in places])


@dataclass(frozen=True)
class SplitTask:
    """One task: choices are made on `validation`, `test` is read once."""

    name: str
    metric: str
    """Metric, `accuracy` or `macro_f1`."""
    training: Examples
    validation: Examples
    test: Examples

    @property
    def is_spaced(self) -> bool:
        """False where the task's language puts no spaces between words."""
        return not self.name.startswith("zh-")


def load_task(name: str, data: Path) -> SplitTask:
    """Load a task by name, from the folder that holds the data sets' folders. Raises UserError on unknown names."""
    if name == "sst2":
        parts = (_sst2(data / "sst2" / f"{part}.tsv.gz") for part in ("train", "dev", "test"))
        return SplitTask(name, _metric(name), *parts)
    if name not in _READERS:
        raise UserError(f"no task {name!r}; there are sst2, {', '.join(_READERS)}")
    rest, test = _split(_READERS[name](data), TEST_SHARE)
    return SplitTask(name, _metric(name), *_split(rest, VALIDATION_SHARE), test)


def load_beside(task: SplitTask, names: Sequence[str], data: Path) -> list[SplitTask]:
    """Load tasks of the same data set to learn beside one: a text is in the part that the task's split gives it.

    Texts that the task lacks are for training. Raises UserError on unknown names and those of another data set.
    """
    _require_one_data_set([task.name, *names])
    return [_split_task(name, _READERS[name](data), set(task.validation.texts), set(task.test.texts)) for name in names]


def load_together(names: Sequence[str], data: Path) -> list[SplitTask]:
    """Load tasks whose labels are of the same texts, under one split: a text is in the same part for every task.

    The split is stratified by the labels of the task with most classes; texts without one are for training. Raises
    UserError on unknown names, and where the tasks are not of one data set.
    """
    _require_one_data_set(names)
    found = {name: _READERS[name](data) for name in names}
    rest, test = _split(max(found.values(), key=lambda examples: len(set(examples.labels))), TEST_SHARE)
    _, validation = _split(rest, VALIDATION_SHARE)
    held = [set(validation.texts), set(test.texts)]
    return [_split_task(name, examples, *held) for name, examples in found.items()]


def _require_one_data_set(names: Sequence[str]) -> None:
    if unknown := [name for name in names if name not in _READERS]:
        raise UserError(f"no task {unknown[0]!r} to train beside others; there are {', '.join(_READERS)}")
    if len({name.partition("-")[0] for name in names}) > 1:
        raise UserError(f"{', '.join(names)}: tasks that are trained together must be of one data set")
    if repeated := [name for name in set(names) if names.count(name) > 1]:
        raise UserError(f"{repeated[0]} is named twice")


def _split_task(name: str, examples: Examples, validation: set[str], test: set[str]) -> SplitTask:
    part = [2 if text in test else int(text in validation) for text in examples.texts]
    parts = (examples.take([place for place, own in enumerate(part) if own == wanted]) for wanted in range(3))
    return SplitTask(name, _metric(name), *parts)


def _metric(name: str) -> str:
    return "accuracy" if name in {"sst2", "myntra-brand", "zh-sentiment"} else "macro_f1"


def load_files(train: Path, test: Path) -> SplitTask:
    """Load a custom task from two tab-separated files with the header `text label`."""
    rest, scored = (Examples(*read_columns(file, ["text", "label"])) for file in (train, test))
    return SplitTask(train.stem, "macro_f1", *_split(rest, VALIDATION_SHARE), scored)


def _split(examples: Examples, share: float) -> tuple[Examples, Examples]:
    """Two stratified parts; a class with one example stays in the first."""
    count = {label: examples.labels.count(label) for label in set(examples.labels)}
    places = [place for place, label in enumerate(examples.labels) if count[label] > 1]
    single = [place for place, label in enumerate(examples.labels) if count[label] == 1]
    labels = [examples.labels[place] for place in places]
    try:
        first, second = train_test_split(places, test_size=share, random_state=SPLIT_SEED, stratify=labels)
    except ValueError as error:
        raise UserError(f"too few examples to split: {error}") from None
    return examples.take([*first, *single]), examples.take(second)


def _distinct(texts: Sequence[str], labels: Sequence[str]) -> Examples:
    """Remove repeated texts, so that no test text was trained on, and examples without text or label."""
    first = {text: label for text, label in zip(reversed(texts), reversed(labels), strict=True) if text and label}
    ordered = [text for text in dict.fromkeys(texts) if text in first]
    return Examples(ordered, [first[text] for text in ordered])


def _sst2(file: Path) -> Examples:
    return Examples(*read_columns(file, ["sentence", "label"]))


def _womens(column: str, names: dict[str, str] | None = None) -> Callable[[Path], Examples]:
    """Text of a review: its title, where it has one, and its body. Repeated texts count as one."""

    def read(data: Path) -> Examples:
        file = data / "womens-clothing" / "womens_clothing_reviews.csv.gz"
        titles, texts, labels = read_columns(file, ["Title", "Review Text", column])
        texts = [text.strip() for text in texts]
        examples = _distinct(texts, [(names or {}).get(label, label) for label in labels])
        title_of = dict(zip(reversed(texts), reversed(titles), strict=True))
        written = [f"{title_of[text].strip()}. {text}" if title_of[text].strip() else text for text in examples.texts]
        return Examples(written, examples.labels)

    return read


def _myntra(column: str, at_least: int = 1) -> Callable[[Path], Examples]:
    def read(data: Path) -> Examples:
        file = data / "myntra" / "myntra_products_catalog.csv.gz"
        texts, labels = read_columns(file, ["Description", column])
        examples = _distinct([re.sub(r"\s+", " ", text).strip() for text in texts], [label.strip() for label in labels])
        names, counts = np.unique(examples.labels, return_counts=True)
        common = set(names[counts >= at_least])
        return examples.take([place for place, label in enumerate(examples.labels) if label in common])

    return read


def _zh_shopping(column: str, names: dict[str, str] | None = None) -> Callable[[Path], Examples]:
    """Reviews of ten kinds of products and hotels, in Chinese. Repeated texts count as one; those that have two labels
    are left out.
    """

    def read(data: Path) -> Examples:
        file = data / "zh-shopping" / "online_shopping_10_cats.zip"
        texts, labels = read_columns(file, ["review", column])
        texts, said = [text.strip("\ufeff \t\r\n") for text in texts], defaultdict(set)
        for text, label in zip(texts, labels, strict=True):
            said[text].add(label)
        examples = _distinct(texts, [(names or {}).get(label, label) for label in labels])
        return examples.take([place for place, text in enumerate(examples.texts) if len(said[text]) == 1])

    return read


_READERS: dict[str, Callable[[Path], Examples]] = {
    "womens-sentiment": _womens("Rating", _SENTIMENT),
    "womens-stars": _womens("Rating"),
    "womens-recommended": _womens("Recommended IND"),
    "womens-department": _womens("Department Name"),
    "womens-class": _womens("Class Name"),
    "myntra-colour": _myntra("Primary_Color", MIN_COLOUR_PRODUCTS),
    "myntra-gender": _myntra("Gender"),
    "myntra-brand": _myntra("Product_Brand", MIN_BRAND_PRODUCTS),
    "zh-sentiment": _zh_shopping("label", {"0": "negative", "1": "positive"}),
    "zh-category": _zh_shopping("cat"),
}
