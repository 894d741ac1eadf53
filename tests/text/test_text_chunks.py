"""Batches larger than memory: in chunks, with the gradients of the whole, and on where memory runs out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from little_memory import Memory, limited

from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import Ints, TextPairs, labelled
from socialrec.text.training.chunks import embed_in_chunks
from socialrec.text.training.finetune import FineTuned, fine_tune
from socialrec.text.training.losses import info_nce
from socialrec.text.training.memory import ChunkTooLarge, fitting

PRODUCTS = ["red shoe", "blue lamp", "green book"]
COMMENTS = ["warm shoe", "cold lamp", "soft book"]
"""Each is two words between the model's own two tokens: four tokens a text."""
LONGER = ["the red", "a blue", "the warm green", "a cold grey chair"]
PAIRS = TextPairs(LONGER * 4, ["shoe", "lamp", "book", "chair"] * 4, np.array([0, 1, 2, 3] * 4))
MOOD = labelled("mood", ["warm soft", "soft", "cold hard", "hard"] * 4, {"mood": ["up", "up", "down", "down"] * 4})


def silent(step: int, loss: float) -> None:
    pass


def gradients(encoder: Encoder, vectors: torch.Tensor) -> list[torch.Tensor]:
    encoder.base.model.zero_grad()
    info_nce(vectors[:3], vectors[3:], np.arange(3), temperature=0.1).backward()
    return [parameter.grad for parameter in encoder.base.model.parameters() if parameter.grad is not None]


@pytest.fixture
def own_encoder(own_bert: Path, tiny: TextSettings) -> Encoder:
    encoder = load_encoder(str(own_bert), tiny)
    encoder.base.model.train()
    return encoder


def test_gradients_of_chunks_are_those_of_the_whole_batch_with_the_same_dropout(own_encoder: Encoder) -> None:
    """Three chunks of two texts, held at once and one after the other."""
    tokens = own_encoder.tokenize([*COMMENTS, *PRODUCTS])
    torch.manual_seed(1)
    held = torch.cat([own_encoder.embed_tokens(tokens[start : start + 2]) for start in (0, 2, 4)])
    whole = gradients(own_encoder, held)
    n_passes = []
    handle = own_encoder.base.model.register_forward_hook(lambda *_: n_passes.append(1))
    torch.manual_seed(1)
    vectors = embed_in_chunks(own_encoder, tokens, budget=8)
    torch.testing.assert_close(vectors, held)
    chunked = gradients(own_encoder, vectors)
    handle.remove()
    # The second passes may be cut short when all that is needed is there, and are then not counted.
    assert len(n_passes) >= 3
    for ours, theirs in zip(chunked, whole, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
    torch.manual_seed(2)
    other = gradients(own_encoder, embed_in_chunks(own_encoder, tokens, budget=8))
    assert (other[0] - whole[0]).abs().max() > 1e-4


def test_activations_of_one_chunk_alone_are_kept(own_encoder: Encoder) -> None:
    tokens = own_encoder.tokenize([*COMMENTS, *PRODUCTS])

    def kept(budget: int) -> int:
        total = 0

        def count(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal total
            total += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            embed_in_chunks(own_encoder, tokens, budget)
        return total

    assert kept(8) < kept(24) / 10


def test_short_texts_get_a_pass_of_their_own_only_where_that_saves_256_tokens_of_padding(own_encoder: Encoder) -> None:
    """A word is three tokens, three words are five: 127 short texts would save 254 of them, 128 save 256."""
    for n_short, passes in ((127, [[5] + 127 * [3]]), (128, [[5], 128 * [3]])):
        tokens, seen = own_encoder.tokenize(["the red shoe", *n_short * ["lamp"]]), []

        def around(number: int, lengths: Ints, seen: list[list[int]] = seen) -> AbstractContextManager[None]:
            seen.append(lengths.tolist())
            return nullcontext()

        embed_in_chunks(own_encoder, tokens, 1_000, around)
        assert seen == passes


def test_vectors_come_back_in_order_whatever_the_lengths(own_encoder: Encoder) -> None:
    own_encoder.base.model.eval()
    tokens = own_encoder.tokenize(["red", "a cold grey chair", "the the", "blue lamp", "soft"])
    for budget in (1, 6, 100):
        torch.testing.assert_close(embed_in_chunks(own_encoder, tokens, budget), own_encoder.embed_tokens(tokens))
    assert embed_in_chunks(own_encoder, [], 1).shape == (0, own_encoder.dim)


@pytest.fixture
def still(still_bert: Path, tiny: TextSettings) -> TextSettings:
    values = {"model": str(still_bert), "train_steps": 6, "learning_rate": 0.003, "train_tokens": 400}
    return tiny.model_copy(update=values | {"contrastive_pairs": 16, "hard_negatives": 1, "adversarial_every": 2})


def assert_same(ours: FineTuned, theirs: FineTuned) -> None:
    # Losses are near 3, where float32 has steps of 2.4e-7; another order of sums moves them by up to six such steps.
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.encoder.encode(LONGER), theirs.encoder.encode(LONGER), atol=1e-5)


def test_a_batch_of_many_small_chunks_trains_as_one_large_chunk_does(still: TextSettings) -> None:
    small = fine_tune([PAIRS], still.model_copy(update={"train_tokens": 16}), silent)
    assert_same(small, fine_tune([PAIRS], still, silent))


@pytest.mark.filterwarnings("ignore:For backward hooks to be called", "ignore:Full backward hook is firing")
@pytest.mark.parametrize(("is_backward", "n_spared"), [(False, 0), (True, 0), (True, 3)])
def test_where_memory_runs_out_training_goes_on_in_smaller_chunks_to_the_same_end(
    is_backward: bool, n_spared: int, still: TextSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """Where layers are spared, a pass fails that has left gradients in the last layers."""
    undisturbed = fine_tune([PAIRS, MOOD], still, silent)
    memory = Memory(room=30, first_step=3, is_backward=is_backward, n_spared=n_spared)
    with limited(memory):
        made = fine_tune([PAIRS, MOOD], still, memory.progress)
    assert memory.n_full
    assert_same(made, undisturbed)
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("socialrec")]
    assert messages[0] == "out of memory in chunks of 400 tokens: training continues in 200"
    assert len(messages) == memory.n_full


def test_memory_that_does_not_hold_one_text_is_an_error_that_says_what_to_do(still: TextSettings) -> None:
    memory = Memory(room=2, first_step=2, is_backward=False)
    too_small = r"even where one text of up to 6 tokens .* lower text\.max_tokens"
    with limited(memory), pytest.raises(UserError, match=too_small):
        fine_tune([PAIRS, MOOD], still, memory.progress)


def test_a_cpu_says_in_words_that_memory_ran_out_and_other_errors_pass() -> None:
    with pytest.raises(ChunkTooLarge), fitting():
        torch.empty(10**15)
    with pytest.raises(RuntimeError, match="shapes"), fitting():
        torch.ones(2, 3) @ torch.ones(2, 3)
