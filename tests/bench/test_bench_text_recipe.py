"""The recipe of the text benchmark: what it fills in, and what it leaves alone."""

from __future__ import annotations

from socialrec.bench.text.recipe import MAX_ROUNDS, RECIPE, with_recipe
from socialrec.bench.text.tasks import Examples, SplitTask
from socialrec.settings.text import TextSettings, Tuning

FEW = ["soft wool"]
"""Four tokens with the first and the last one: a step shows all of them."""
MANY = ["soft wool " * 64] * 5000
"""Each is cut at 128 tokens."""


def task(texts: list[str], metric: str = "macro_f1") -> SplitTask:
    nothing = Examples([], [])
    return SplitTask("wool", metric, Examples(texts, ["wool"] * len(texts)), nothing, nothing)


def test_the_recipe_fills_in_where_nothing_was_set() -> None:
    chosen = with_recipe(TextSettings(), task(MANY))
    assert {name: getattr(chosen, name) for name in RECIPE} == dict(RECIPE)


def test_what_was_set_holds() -> None:
    chosen = with_recipe(TextSettings(tuning=Tuning.LORA, train_steps=3000), task(FEW))
    assert (chosen.tuning, chosen.train_steps, chosen.max_tokens) == (Tuning.LORA, 3000, RECIPE["max_tokens"])


def test_few_texts_are_not_shown_again_and_again() -> None:
    assert with_recipe(TextSettings(), task(FEW)).train_steps == MAX_ROUNDS
    assert with_recipe(TextSettings(train_tokens=40), task(FEW * 100)).train_steps == 10 * MAX_ROUNDS


def test_where_accuracy_counts_rare_classes_are_not_lifted() -> None:
    assert with_recipe(TextSettings(), task(FEW, "accuracy")).class_balance == 0
    assert with_recipe(TextSettings(), task(FEW)).class_balance == TextSettings().class_balance
