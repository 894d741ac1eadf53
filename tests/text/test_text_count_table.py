"""Next actions: counts by the last event, a learned correction, and never worse than the counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from socialrec.encoders.encoder import Encoder
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import Labelled, labelled
from socialrec.text.training.finetune import fine_tune
from socialrec.text.understanding.calibration import fit_share, log_loss
from socialrec.text.understanding.classification import calibrate
from socialrec.text.understanding.count_table import CountTable, group_of, table_of
from socialrec.text.understanding.heads import DOCUMENT, Heads, load_heads

VIEWED, BOUGHT = ["cart", "cart", "cart", "click"], ["click", "click"]


def actions(viewed: list[str] = VIEWED, bought: list[str] = BOUGHT, name: str = "next_action") -> Labelled:
    texts = ["view: red shoe"] * len(viewed) + ["purchase: blue lamp"] * len(bought)
    return labelled(name, texts, {"action": [*viewed, *bought]})


def test_counts_of_a_group_are_smoothed_by_those_of_all_groups() -> None:
    """3 carts and 3 clicks with one more of each are halves; two examples of that kind join each group."""
    table = CountTable.of(actions())
    assert table.groups == ("purchase", "view")
    expected = [[1 / 4, 3 / 4], [4 / 6, 2 / 6], [4 / 8, 4 / 8]]
    np.testing.assert_allclose(np.exp(table.log_chances), expected, rtol=1e-6)
    rows = np.exp(table.rows(["view: hat", "purchase: x", "return: x"]))
    np.testing.assert_allclose(rows, [expected[1], expected[0], expected[2]], rtol=1e-6)


def test_only_tasks_whose_texts_begin_with_an_event_are_counted() -> None:
    assert group_of("view: a: b") == "view"
    assert table_of(actions(name="sentiment")) is None
    assert Heads.of([actions()], 4, 0.0)["next_action"].table is not None


def test_a_new_head_predicts_the_counts(encoder: Encoder) -> None:
    task = actions()
    head = Heads.of([task], encoder.dim, 0.0)["next_action"]
    (chances,) = head.probabilities(encoder.encode(task.texts), task.texts)
    np.testing.assert_allclose(chances[[0, -1]], [[4 / 6, 2 / 6], [1 / 4, 3 / 4]], rtol=1e-5)
    assert head.predict(encoder.encode(task.texts), task.texts)[:, 0].tolist() == [0, 0, 0, 0, 1, 1]


def test_the_share_of_a_correction_is_what_the_labels_support() -> None:
    """Counts say one in two, the labels three in four: the logit ln 3, which is a correction of 2 ln 3 halved."""
    start = np.log(np.full((40_000, 2), 0.5, np.float32))
    corrections = np.tile(np.array([2 * np.log(3), 0], np.float32), (40_000, 1))
    labels = np.tile([0, 0, 0, 1], 10_000)
    assert fit_share(start, corrections, labels) == pytest.approx(0.5, abs=1e-3)
    assert fit_share(start, -corrections, labels) == pytest.approx(0, abs=1e-3)
    assert log_loss(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])) == pytest.approx(-np.log(0.375) / 2)


def corrected(task: Labelled, encoder: Encoder, towards: float) -> Heads:
    heads = Heads.of([task], encoder.dim, 0.0)
    with torch.no_grad():
        heads[task.name].linear.bias.copy_(torch.tensor([towards, 0.0]))
    return heads


def test_a_correction_counts_where_held_out_texts_gain_by_it(encoder: Encoder) -> None:
    held_out = actions(viewed=["cart"] * 40, bought=["cart"] * 2)
    held_out = labelled("next_action", held_out.texts, {"action": ["cart"] * 42}, actions().outputs)
    heads = corrected(actions(), encoder, towards=2.0)
    (found,) = calibrate(encoder, heads, [held_out])
    assert found.figures["correction_share"] == heads["next_action"].share > 1
    assert found.figures["log_loss"] < found.figures["log_loss_of_counts"]
    # 20 of the other half's 21 texts are views, which the counts give 4 / 6, and one a purchase, which they give 1 / 4.
    assert found.figures["log_loss_of_counts"] == pytest.approx(-(20 * np.log(4 / 6) + np.log(1 / 4)) / 21)


def test_a_correction_that_loses_on_held_out_texts_is_dropped(encoder: Encoder) -> None:
    """The even texts are carts, which the correction expects, the odd ones clicks, on which it is measured."""
    held_out = labelled("next_action", ["view: hat"] * 40, {"action": ["cart", "click"] * 20}, actions().outputs)
    heads = corrected(actions(), encoder, towards=3.0)
    (found,) = calibrate(encoder, heads, [held_out])
    assert heads["next_action"].share == found.figures["correction_share"] == 0
    assert found.figures["log_loss"] == found.figures["log_loss_of_counts"] == pytest.approx(-np.log(2 / 6))


def test_a_trained_head_is_not_worse_than_the_counts_and_is_saved_with_them(encoder: Encoder, tmp_path: Path) -> None:
    task = actions(viewed=VIEWED * 5, bought=BOUGHT * 5)
    settings = TextSettings(model=encoder.base.name, train_steps=4, max_tokens=encoder.max_tokens)
    made = fine_tune([task], settings, lambda step, loss: None)
    (found,) = calibrate(made.encoder, made.heads, [task])
    assert found.figures["log_loss"] <= found.figures["log_loss_of_counts"]
    made.heads.save(tmp_path)
    vectors = made.encoder.encode(task.texts)
    (ours,), (theirs,) = (
        heads["next_action"].probabilities(vectors, task.texts) for heads in (made.heads, load_heads(tmp_path))
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_counts_that_do_not_fit_their_groups_are_refused_in_a_line(tmp_path: Path) -> None:
    Heads.of([actions()], 4, 0.0).save(tmp_path)
    file = tmp_path / DOCUMENT
    file.write_text(file.read_text().replace('"purchase"', '"purchase", "return"'))
    with pytest.raises(UserError, match="the counts of action do not fit its groups and classes"):
        load_heads(tmp_path)


def test_an_update_takes_the_new_counts_and_replaces_a_head_that_was_learned_without() -> None:
    known, new = Heads.of([actions()], 4, 0.0), Heads.of([actions(bought=["cart", "cart"])], 4, 0.0)
    updated = new.going_on_from(known, 0.0)["next_action"]
    assert updated is known["next_action"]
    assert updated.table is new["next_action"].table
    known["next_action"].table = None
    assert new.going_on_from(known, 0.0)["next_action"] is new["next_action"]
