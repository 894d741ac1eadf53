"""Bulk encoding on any device: one array of tokens, batches cut from it, masks, and tokenizing in other processes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from socialrec.encoders import bulk
from socialrec.encoders.batching import even_batches
from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.encoders.layers import layers_of, ready_mask
from socialrec.encoders.precision import chosen_device
from socialrec.encoders.rows import TokenRows
from socialrec.encoders.tokenizing import default_processes
from socialrec.errors import UserError
from socialrec.settings.text import Device, TextSettings

TEXTS = ["red shoe", "a cold grey chair", "lamp", "red shoe", "the soft blue book", "", "blue lamp"]


def test_rows_are_distinct_longest_first_in_an_order_that_the_texts_alone_decide() -> None:
    rows = TokenRows.of([(1, 2), (3,), (4, 5, 6), (1, 2), (3,)])
    order, places = rows.distinct()
    assert rows.lengths[order].tolist() == [3, 2, 1]
    assert places.tolist() == [1, 2, 0, 1, 2]
    turned = TokenRows.of([(2, 1), (1, 2), (1, 3)]), TokenRows.of([(1, 3), (1, 2), (2, 1)])
    ids = [[rows._row(place).tolist() for place in rows.distinct()[0]] for rows in turned]
    assert ids[0] == ids[1] and len(ids[0]) == 3


def test_even_batches_hold_one_length_and_no_more_tokens_than_allowed() -> None:
    cuts = list(even_batches(np.array([5, 5, 5, 3, 2, 2]), budget=10))
    assert [(cut.start, cut.stop) for cut in cuts] == [(0, 2), (2, 3), (3, 4), (4, 6)]
    assert [(cut.start, cut.stop) for cut in even_batches(np.array([50, 2]), budget=10)] == [(0, 1), (1, 2)]


def test_batches_of_one_length_give_the_vectors_of_padded_ones(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = encoder.encode(TEXTS)
    monkeypatch.setattr(bulk, "budget_batches", even_batches)
    np.testing.assert_allclose(encoder.encode(TEXTS), padded, atol=1e-6)


def test_other_processes_tokenize_as_this_one_does(encoder: Encoder) -> None:
    chunks = [[*TEXTS, "\ud800"], ["grey"], ["a hard red book " * 20, "shoe"]]
    alone, beside = (list(replace(encoder, tokenizers=n).encode_stream(chunks)) for n in (0, 1))
    for (rows, vectors), (other_rows, other_vectors) in zip(alone, beside, strict=True):
        assert rows.ids.tolist() == other_rows.ids.tolist() and rows.lengths.tolist() == other_rows.lengths.tolist()
        assert vectors.tobytes() == other_vectors.tobytes()


def test_a_mask_of_the_shape_that_attention_takes_changes_no_vector(encoder: Encoder) -> None:
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    ready = ready_mask(encoder.base.model, mask)
    assert ready is not None and ready.shape == (2, 1, 1, 3)
    ids = torch.tensor([[2, 5, 3], [2, 3, 0]])
    with torch.no_grad():
        ours, theirs = (encoder.base.model(input_ids=ids, attention_mask=m).last_hidden_state for m in (ready, mask))
    torch.testing.assert_close(ours[mask.bool()], theirs[mask.bool()])


def test_compiled_layers_give_the_same_vectors(tiny: TextSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    # The whole compiler takes a minute: here a layer is only called through what compiles it.
    monkeypatch.setattr(torch, "compile", lambda call, **options: compiled.append(options) or call)
    encoder = load_encoder(tiny.model, tiny.model_copy(update={"compile": True}))
    np.testing.assert_array_equal(encoder.encode(TEXTS), load_encoder(tiny.model, tiny).encode(TEXTS))
    assert compiled == [{"dynamic": True}] * len(layers_of(encoder.base.model))


def test_a_device_that_is_not_there_is_refused_and_a_processor_needs_no_tokenizing_processes() -> None:
    assert chosen_device(Device.CPU) == "cpu" and default_processes("cpu") == 0
    if not torch.cuda.is_available():
        assert chosen_device(Device.AUTO) == "cpu"
        with pytest.raises(UserError, match="text.device is 'cuda', but torch finds no GPU"):
            chosen_device(Device.CUDA)
