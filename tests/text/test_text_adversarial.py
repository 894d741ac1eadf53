"""Disturbed embeddings, by hand: how long they are, where they go, and what they change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from socialrec.settings.text import AdversarialMethod, TextSettings
from socialrec.text.tasks import Task, TextPairs, labelled
from socialrec.text.training.adversarial import Adversary
from socialrec.text.training.finetune import fine_tune

IDS = torch.tensor([[1, 2], [3, 0]])
LENGTHS = np.array([2, 1])
"""Two texts; the second is one token and padding."""
SLOPE = torch.tensor([[[3.0, 0.0], [0.0, 4.0]], [[0.0, 2.0], [0.0, 0.0]]])
"""How fast the loss grows with each number of the embeddings: lengths 5 and 2, nothing at the padding."""
FREELB = {"adversarial_method": AdversarialMethod.FREELB, "adversarial_steps": 3, "adversarial_step": 0.2}
MOOD = labelled("mood", ["warm soft", "soft", "cold hard", "hard"], {"mood": ["up", "up", "down", "down"]})
TASKS: list[Task] = [MOOD, TextPairs(["red", "blue"] * 4, ["shoe", "lamp"] * 4, np.array([0, 1] * 4))]


def silent(step: int, loss: float) -> None:
    pass


def disturbances(**values: object) -> tuple[list[float], list[torch.Tensor]]:
    """Weights of all passes, and what was added to the embeddings in each."""
    embeddings = torch.nn.Embedding(4, 2)
    plain = embeddings(IDS).detach()
    adversary = Adversary(embeddings, TextSettings(**{"adversarial_epsilon": 0.5} | values))
    weights, added = [], []
    for weight in adversary.passes(seed=1):
        with adversary.disturbing(0, LENGTHS):
            embedded = embeddings(IDS)
        (embedded * SLOPE).sum().backward()
        weights.append(weight)
        added.append(embedded.detach() - plain)
    assert torch.equal(embeddings(IDS), plain)
    return weights, added


def test_fgm_takes_one_pass_as_it_is_and_one_at_full_length_along_the_slope() -> None:
    weights, (first, second) = disturbances()
    assert weights == [1, 1]
    assert float(first.abs().max()) == 0
    expected = torch.stack([0.5 * SLOPE[0] / 5, 0.5 * SLOPE[1] / 2])
    torch.testing.assert_close(second, expected)


def test_freelb_starts_at_random_within_the_ball_and_leaves_padding_alone() -> None:
    weights, (start, *_) = disturbances(**FREELB)
    assert weights == [pytest.approx(1 / 3)] * 3
    assert bool((start.flatten(1).norm(dim=1) < 0.5).all())
    assert float(start[1, 1].abs().max()) == 0
    # Uniform up to 0.5 over the root of 4 numbers, and of 2.
    assert 0 < float(start[0].abs().max()) <= 0.25
    assert 0 < float(start[1].abs().max()) <= 0.5 / 2**0.5 + 1e-6
    torch.testing.assert_close(start, disturbances(**FREELB)[1][0])


def test_freelb_climbs_by_its_step_and_stays_in_the_ball() -> None:
    _, (start, second, third) = disturbances(**FREELB | {"adversarial_step": 0.02})
    up = torch.stack([SLOPE[0] / 5, SLOPE[1] / 2])
    torch.testing.assert_close(second, start + 0.02 * up)
    torch.testing.assert_close(third, start + 0.04 * up)
    _, (_, far, _) = disturbances(**FREELB | {"adversarial_step": 100.0})
    torch.testing.assert_close(far.flatten(1).norm(dim=1), torch.tensor([0.5, 0.5]))
    torch.testing.assert_close(far, 0.5 * up, atol=0.01, rtol=0)


@pytest.mark.parametrize("method", list(AdversarialMethod))
def test_adversarial_steps_change_what_is_learned_even_where_embeddings_are_not_trained(
    method: AdversarialMethod, tiny: TextSettings
) -> None:
    values = {"train_steps": 4, "train_tokens": 48, "adversarial_method": method}
    plain, hard = (
        fine_tune(TASKS, tiny.model_copy(update=values | {"adversarial_every": every}), silent) for every in (0, 2)
    )
    assert plain.losses[0] == hard.losses[0]
    assert plain.losses[2] != hard.losses[2]


def test_freelbs_passes_together_count_as_much_as_one_plain_pass(tiny: TextSettings, still_bert: Path) -> None:
    """In a ball so small that nothing is disturbed."""
    values = {"model": str(still_bert), "train_steps": 6, "learning_rate": 0.003}
    values |= {"adversarial_epsilon": 1e-9, "learn_task_weights": True, "adversarial_method": AdversarialMethod.FREELB}
    plain, freelb = (
        fine_tune(TASKS, tiny.model_copy(update=values | {"adversarial_every": every, "head_dropout": 0.0}), silent)
        for every in (0, 1)
    )
    np.testing.assert_allclose(freelb.losses, plain.losses, atol=1e-5)
