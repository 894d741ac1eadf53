"""Updates from a champion: they start where it ended, replay what was asked for, and tell what they forget."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from socialrec.encoders.encoder import load_saved
from socialrec.errors import UserError
from socialrec.evaluate.split import make_split
from socialrec.settings import EvaluateSettings
from socialrec.settings.text import TaskName, TextSettings, Tuning
from socialrec.text.tasks import Labelled, Output, Task, TextPairs, labelled
from socialrec.text.training.continual import (
    Update,
    as_known,
    forgetting,
    joined,
    losses_on,
    make_update,
    old_and_new,
    why_not_from,
)
from socialrec.text.training.finetune import fine_tune
from socialrec.text.understanding.heads import Head, Heads, heads_beside

MOOD = labelled(
    "mood",
    ["warm soft", "soft", "cold hard", "hard", "warm", "cold"],
    {"mood": ["up", "up", "down", "down", "up", "down"]},
)
PAIRS = TextPairs(["red", "blue", "green", "grey"], ["shoe", "lamp", "book", "chair"], np.array([0, 1, 2, 3]))
TASKS: list[Task] = [MOOD, PAIRS]
TUNINGS = [Tuning.LORA, Tuning.FULL, Tuning.BOTTLENECK, Tuning.FROZEN]


def silent(step: int, loss: float) -> None:
    pass


@pytest.fixture(scope="module")
def settings(tiny: TextSettings, tmp_path_factory: pytest.TempPathFactory) -> TextSettings:
    """Without dropout, and with all examples of a task in one batch."""
    still = tmp_path_factory.mktemp("still") / "still-bert"
    still.mkdir()
    for file in Path(tiny.model).iterdir():
        (still / file.name).write_bytes(file.read_bytes())
    config = json.loads((still / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (still / "config.json").write_text(json.dumps(config))
    values = {"model": str(still), "head_dropout": 0.0, "train_steps": 12, "train_tokens": 256, "learning_rate": 0.003}
    return tiny.model_copy(update=values)


def changed(settings: TextSettings, **values: object) -> TextSettings:
    return settings.model_copy(update=values)


def champion(settings: TextSettings, folder: Path) -> Path:
    made = fine_tune(TASKS, settings, silent)
    made.encoder.save(folder)
    made.heads.save(folder)
    return folder


@pytest.mark.parametrize("tuning", TUNINGS)
def test_an_update_starts_where_the_champion_ended(tuning: Tuning, settings: TextSettings, tmp_path: Path) -> None:
    wanted = changed(settings, tuning=tuning)
    folder = champion(wanted, tmp_path)
    assert why_not_from(folder, wanted) is None
    at_its_end = losses_on(TASKS, load_saved(folder, wanted), heads_beside(folder), wanted)
    updated = fine_tune(TASKS, wanted, silent, start=folder)
    assert updated.losses[0] == pytest.approx(sum(at_its_end.values()), rel=1e-5)
    assert updated.losses[0] < fine_tune(TASKS, wanted, silent).losses[0]
    assert updated.losses[-1] < updated.losses[0]


def test_an_update_trains_the_champions_own_adapter(settings: TextSettings, tmp_path: Path) -> None:
    folder = champion(settings, tmp_path / "champion")
    updated = fine_tune(TASKS, settings, silent, start=folder)
    updated.encoder.save(tmp_path / "updated")
    again = load_saved(tmp_path / "updated", settings)
    assert again.base.sha256 == load_saved(folder, settings).base.sha256
    assert again.version == updated.encoder.version != load_saved(folder, settings).version


def test_a_task_that_the_champion_did_not_have_gets_a_new_head_and_others_keep_theirs(
    settings: TextSettings, tmp_path: Path
) -> None:
    folder = champion(settings, tmp_path)
    other = labelled("kind", ["shoe", "red shoe", "lamp", "blue lamp"], {"kind": ["a", "a", "b", "b"]})
    updated = fine_tune([other], settings, silent, start=folder)
    assert [name for name, _ in updated.heads.items()] == ["kind", "mood"]
    before = heads_beside(folder)["mood"].linear.weight
    torch.testing.assert_close(updated.heads["mood"].linear.weight, before)


def test_a_killed_update_goes_on_and_one_from_another_champion_does_not(settings: TextSettings, tmp_path: Path) -> None:
    first = champion(settings, tmp_path / "first")
    second = champion(changed(settings, seed=3), tmp_path / "second")
    wanted, kept = changed(settings, checkpoint_every=4), tmp_path / "kept"
    fine_tune(TASKS, wanted, silent, checkpoints=kept, start=first)
    for start, expected in ((first, []), (second, list(range(1, 13)))):
        seen: list[int] = []
        fine_tune(TASKS, wanted, lambda step, loss, seen=seen: seen.append(step), checkpoints=kept, start=start)
        assert seen == expected


def test_what_does_not_fit_is_said(settings: TextSettings, tmp_path: Path, bert_of_other_weights: Path) -> None:
    folder = champion(settings, tmp_path / "champion")
    for values, why in (
        ({"model": str(bert_of_other_weights)}, "it was made from base model"),
        ({"max_tokens": 12}, "it reads 16 tokens, and text.max_tokens is 12"),
        ({"tuning": Tuning.ADALORA}, "the importance of AdaLoRA's ranks is not saved"),
        ({"tuning": Tuning.FULL}, "was tuned in another way or size"),
        ({"tuning": Tuning.FROZEN}, "was tuned in another way or size"),
        ({"lora_rank": 4}, "was tuned in another way or size"),
        ({"lora_alpha": 4}, "was tuned in another way or size"),
    ):
        assert why in (why_not_from(folder, changed(settings, **values)) or "")
    with pytest.raises(UserError, match="was tuned in another way or size"):
        fine_tune(TASKS, changed(settings, lora_rank=4), silent, start=folder)


MOODS = Heads({"mood": Head(8, [Output("mood", ("down", "up"))], 0.0)})


def numbered(n: int, word: str) -> Labelled:
    return labelled("mood", [f"{word} {number}" for number in range(n)], {"mood": ["up", "down"] * (n // 2)})


@pytest.mark.parametrize(("share", "n_replayed"), [(0.0, 0), (0.2, 5), (0.5, 20), (0.75, 60)])
def test_the_asked_share_of_what_is_learned_is_old(share: float, n_replayed: int, tiny: TextSettings) -> None:
    old, new = numbered(200, "old"), numbered(20, "new")
    wanted = changed(tiny, replay_share=share)
    update = make_update([old], [new], [new], MOODS, wanted)
    (task,), (remembered,) = update.training, update.remembered
    assert isinstance(task, Labelled)
    replayed = [text for text in task.texts if text.startswith("old")]
    assert (len(task), len(replayed)) == (20 + n_replayed, n_replayed)
    assert not set(replayed) & set(remembered.all_texts), "what is measured on is not replayed"
    assert 5 < len(remembered) < 40
    said = dict(zip(old.texts, old.labels[:, 0].tolist(), strict=True))
    assert all(said[text] == label for text, label in zip(task.texts, task.labels[:, 0], strict=True) if text in said)
    again = make_update([old], [new], [new], MOODS, wanted).training[0]
    assert again.all_texts == task.all_texts


def test_where_little_is_old_all_of_it_but_the_measured_is_replayed(tiny: TextSettings) -> None:
    update = make_update([numbered(30, "old")], [new := numbered(400, "new")], [new], MOODS, tiny)
    assert len(update.training[0]) + len(update.remembered[0]) == 430


def test_a_task_without_anything_new_is_left_as_it_is_and_looked_at(tiny: TextSettings) -> None:
    old = numbered(40, "old")
    update = make_update([old, PAIRS], [old.take([]), PAIRS], [old, PAIRS], MOODS, tiny)
    assert [task.name for task in update.training] == ["retrieval"]
    assert [task.name for task in update.validation] == ["mood", "retrieval"]
    assert update.remembered[0].name == "mood"
    unknown = make_update([old], [old.take([])], [old], Heads({}), tiny)
    assert unknown == Update([], [], []), "what the champion does not know and nothing teaches cannot be measured"


def test_labels_are_those_that_the_champion_knows() -> None:
    known = Heads({"mood": Head(8, [Output("mood", ("down", "sideways", "up"))], 0.0)})
    task = labelled("mood", ["a", "b", "c"], {"mood": ["up", "new", "down"]})
    mapped = as_known(task, known)
    assert isinstance(mapped, Labelled)
    assert mapped.labels[:, 0].tolist() == [2, -1, 0]
    assert as_known(PAIRS, known) is PAIRS


def test_pairs_of_two_windows_keep_one_number_a_product() -> None:
    other = TextPairs(["x", "y"], ["lamp", "sofa"], np.array([0, 1]))
    both = joined(PAIRS, other)
    assert isinstance(both, TextPairs)
    assert both.comments == ["red", "blue", "green", "grey", "x", "y"]
    assert both.product_ids.tolist() == [0, 1, 2, 3, 1, 4]


class Fixed(torch.nn.Module):
    """A head that gives every text the same logits."""

    table = None

    def __init__(self, logits: list[float]) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)
        self.logits = torch.tensor(logits)

    def forward(self, vectors: torch.Tensor) -> list[torch.Tensor]:
        return [self.logits.expand(len(vectors), -1)]


def test_what_is_forgotten_is_the_rise_of_the_loss_on_old_examples(settings: TextSettings, tmp_path: Path) -> None:
    """A champion that is sure at three to one, and an update that guesses: ln 2 - ln(4/3), by hand."""
    encoder = load_saved(champion(settings, tmp_path), settings)
    old = labelled("mood", ["warm", "soft", "cold"], {"mood": ["up", "up", "down"]}).take([0, 1])
    even = changed(settings, class_balance=0.0)
    before, after = (
        losses_on([old], encoder, Heads({"mood": Fixed(logits)}), even) for logits in ([0.0, math.log(3)], [0.0, 0.0])
    )
    assert forgetting(before, after) == pytest.approx(
        {
            "val/old_loss_before_mood": math.log(4 / 3),
            "val/old_loss_mood": math.log(2),
            "val/forgetting_mood": math.log(2) - math.log(4 / 3),
        }
    )


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def test_old_is_before_the_champions_cut_and_new_from_there_to_the_cut_of_today() -> None:
    """Twenty days, so that today's validation begins with day 16; the champion's began with day 10."""
    n = 20
    products = pa.table(
        {
            "product_id": [f"p{i}" for i in range(n)],
            "title": [f"thing {i}" for i in range(n)],
            "text": [f"thing {i}. {'ab'[i % 2]}" for i in range(n)],
            "description": pa.array([None] * n, pa.string()),
            "category": ["a", "b"] * (n // 2),
            "brand": pa.array([None] * n, pa.string()),
        }
    )
    events = pa.table(
        {
            "user_key": [f"u{i}" for i in range(n)],
            "product_id": products["product_id"],
            "event_type": ["click"] * n,
            "event_ts": [day(i) for i in range(n)],
        }
    )
    comments = pa.table(
        {
            "comment_id": [f"c{i:02}" for i in range(n)],
            "user_key": events["user_key"],
            "product_id": products["product_id"],
            "text": [f"said {i}" for i in range(n)],
            "created_ts": events["event_ts"],
            "rating": pa.array([None] * n, pa.float64()),
            "topic": pa.array([None] * n, pa.string()),
        }
    )
    split = make_split(events, EvaluateSettings())
    tables = {"comments": comments, "products": products, "interactions": events}
    names = [TaskName.RETRIEVAL, TaskName.ATTRIBUTES]
    (old, old_kinds), (new, kinds) = old_and_new(names, split, day(10), **tables)
    assert isinstance(old, TextPairs) and isinstance(new, TextPairs)
    assert (old.comments, new.comments) == ([f"said {i}" for i in range(10)], [f"said {i}" for i in range(10, 16)])
    assert (len(old_kinds), len(kinds) > 10) == (0, True), "what a product is has no time"
    (_, _), (none, _) = old_and_new(names, split, day(18), **tables)
    assert len(none) == 0
