"""The encoder: unit vectors that depend on the text alone, under a version that names what made them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from socialrec.encoders.body import ADAPTER, ADAPTER_CONFIG
from socialrec.encoders.encoder import DOCUMENT, Encoder, load_encoder, load_saved
from socialrec.errors import UserError
from socialrec.settings.text import Precision, TextSettings
from socialrec.text.tasks import TextPairs
from socialrec.text.training.finetune import fine_tune

TEXTS = ["red shoe", "a blue lamp", "the warm soft grey chair", "book", "red shoe", ""]

MACHINE = {"batch_tokens": 99, "precision": Precision.BFLOAT16}
"""What depends on the machine and not on the texts."""


@pytest.fixture(scope="module")
def adapted(tiny: TextSettings) -> Encoder:
    """An encoder with an adapter that changes its vectors."""
    pairs = TextPairs(["red", "blue"], ["shoe", "lamp"], np.array([0, 1]))
    return fine_tune([pairs], tiny.model_copy(update={"train_steps": 3}), lambda step, loss: None).encoder


@pytest.fixture
def saved(adapted: Encoder, tmp_path: Path) -> Path:
    adapted.save(tmp_path / "saved")
    return tmp_path / "saved"


def test_vectors_have_unit_length(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), encoder.dim), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_equal_texts_have_equal_vectors_and_others_do_not(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    np.testing.assert_array_equal(vectors[0], vectors[4])
    assert len(np.unique(vectors, axis=0)) == len(set(TEXTS))


def test_the_order_of_texts_does_not_matter(encoder: Encoder) -> None:
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1]), encoder.encode(TEXTS)[::-1])


def test_what_else_is_in_the_batch_does_not_matter(encoder: Encoder) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=1e-5)


def test_half_precision_gives_nearly_the_same_vectors(adapted: Encoder, saved: Path) -> None:
    half = load_saved(saved, TextSettings(precision=Precision.BFLOAT16)).encode(TEXTS)
    assert half.dtype == np.float32
    assert (half * adapted.encode(TEXTS)).sum(axis=1).min() > 0.999
    assert next(adapted.body.network.parameters()).dtype is torch.float32


def test_no_texts_have_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_text_is_read_up_to_its_greatest_length(encoder: Encoder) -> None:
    """16 tokens, of which the first and the last are the model's own."""
    long, longer, short = encoder.encode(["red " * 14, "red " * 14 + "blue", "red " * 13 + "blue"])
    np.testing.assert_allclose(long, longer, atol=1e-6)
    assert np.abs(long - short).max() > 1e-3


def test_a_mean_is_over_the_text_and_not_over_its_padding(encoder: Encoder) -> None:
    tokens = encoder.base.tokenizer(["red shoe"], return_tensors="pt")
    hidden = encoder.base.model(**tokens).last_hidden_state[0].detach().numpy()
    mean = hidden.mean(axis=0)
    np.testing.assert_allclose(encoder.encode(["red shoe", "a blue lamp"])[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_a_model_that_pools_by_its_first_token_is_pooled_so(cls_bert: Path, tiny: TextSettings) -> None:
    encoder = load_encoder(str(cls_bert), tiny)
    tokens = encoder.base.tokenizer(["red shoe"], return_tensors="pt")
    first = encoder.base.model(**tokens).last_hidden_state[0, 0].detach().numpy()
    np.testing.assert_allclose(encoder.encode(["red shoe"])[0], first / np.linalg.norm(first), atol=1e-6)


@settings(max_examples=60)
@given(texts=st.lists(st.text(st.characters(exclude_categories=())), max_size=7))
@example(texts=["", " ", "\n\t"])
@example(texts=["\x00", "shoe\x00lamp"])
@example(texts=["\ud800", "red \udfff shoe"])
@example(texts=["👩‍👩‍👧‍👦", "e\u0301", "نص", "靴"])
@example(texts=["x", "x" * 1_000_000, "red " * 250_000])
def test_any_text_has_a_unit_vector(encoder: Encoder, texts: Sequence[str]) -> None:
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_version_names_weights_words_pooling_length_and_adapter(
    encoder: Encoder,
    adapted: Encoder,
    cls_bert: Path,
    bert_of_other_weights: Path,
    bert_of_other_words: Path,
    tiny: TextSettings,
) -> None:
    shorter = tiny.model_copy(update={"max_tokens": 15})
    others = [load_encoder(str(folder), tiny) for folder in (cls_bert, bert_of_other_weights, bert_of_other_words)]
    versions = [made.version for made in (encoder, adapted, load_encoder(tiny.model, shorter), *others)]
    assert len(set(versions)) == len(versions)
    assert all(version.startswith("tiny-bert-") for version in versions)


def test_batch_size_and_precision_do_not_change_the_version(encoder: Encoder, tiny: TextSettings) -> None:
    assert load_encoder(tiny.model, tiny.model_copy(update=MACHINE)).version == encoder.version


def test_another_process_gives_the_same_version_to_the_same_encoder(saved: Path, adapted: Encoder) -> None:
    code = """if True:
        import sys
        from pathlib import Path
        from socialrec.settings.text import TextSettings
        from socialrec.encoders.encoder import load_saved
        print(load_saved(Path(sys.argv[1]), TextSettings()).version)
    """
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == adapted.version


def test_a_saved_encoder_comes_back_with_equal_vectors(saved: Path, adapted: Encoder, encoder: Encoder) -> None:
    """With its own length too, whatever the settings say now."""
    again = load_saved(saved, TextSettings(max_tokens=32, precision=Precision.FLOAT32))
    assert (again.version, again.max_tokens) == (adapted.version, 16)
    np.testing.assert_array_equal(again.encode(TEXTS), adapted.encode(TEXTS))
    assert np.abs(adapted.encode(TEXTS) - encoder.encode(TEXTS)).max() > 1e-3


def test_an_encoder_without_an_adapter_comes_back_too(encoder: Encoder, tmp_path: Path, tiny: TextSettings) -> None:
    encoder.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [DOCUMENT]
    assert load_saved(tmp_path, tiny).version == encoder.version


def test_what_is_saved_holds_no_pickle_and_no_weights_of_the_base(saved: Path, tiny: TextSettings) -> None:
    assert {file.name for file in saved.iterdir()} == {DOCUMENT, ADAPTER, ADAPTER_CONFIG}
    assert all(".lora_" in name for name in load_file(saved / ADAPTER))
    assert json.loads((saved / ADAPTER_CONFIG).read_text())["base_model_name_or_path"] == tiny.model


def refusal_of(folder: Path, tiny: TextSettings) -> str:
    with pytest.raises(UserError) as error:
        load_saved(folder, tiny)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_base_model_that_changed_is_refused(own_bert: Path, bert_of_other_weights: Path, tiny: TextSettings) -> None:
    folder = own_bert.parent / "saved"
    load_encoder(str(own_bert), tiny).save(folder)
    shutil.rmtree(own_bert)
    assert f"'{own_bert}' cannot be loaded" in refusal_of(folder, tiny)
    shutil.copytree(bert_of_other_weights, own_bert)
    assert "has changed since this encoder was made" in refusal_of(folder, tiny)


def test_a_folder_without_its_document_is_no_encoder(saved: Path, tiny: TextSettings) -> None:
    (saved / DOCUMENT).unlink()
    assert "is not a saved encoder" in refusal_of(saved, tiny)


def test_a_document_that_was_cut_short_is_refused(saved: Path, tiny: TextSettings) -> None:
    (saved / DOCUMENT).write_text((saved / DOCUMENT).read_text()[:40])
    assert "is not a saved encoder" in refusal_of(saved, tiny)


def test_an_encoder_whose_adapter_is_missing_is_not_used_without_it(saved: Path, tiny: TextSettings) -> None:
    (saved / ADAPTER).unlink()
    assert "fetch it again" in refusal_of(saved, tiny)


def test_an_adapter_that_was_cut_short_is_refused(saved: Path, tiny: TextSettings) -> None:
    (saved / ADAPTER).write_bytes((saved / ADAPTER).read_bytes()[:-100])
    assert "holds no adapter that fits" in refusal_of(saved, tiny)


def test_an_adapter_of_another_shape_is_refused(saved: Path, tiny: TextSettings) -> None:
    tensors = load_file(saved / ADAPTER)
    save_file({name: torch.zeros(5, 7) for name in tensors}, saved / ADAPTER, metadata={"format": "pt"})
    assert "holds no adapter that fits" in refusal_of(saved, tiny)


@pytest.mark.filterwarnings("ignore:Found missing adapter keys")
def test_an_adapter_that_lacks_a_layer_is_refused(saved: Path, tiny: TextSettings) -> None:
    tensors = {name: tensor for name, tensor in load_file(saved / ADAPTER).items() if "layer.1" not in name}
    save_file(tensors, saved / ADAPTER, metadata={"format": "pt"})
    assert "fetch it again" in refusal_of(saved, tiny)


def test_an_adapter_that_would_count_for_more_than_when_it_was_saved_is_refused(
    saved: Path, tiny: TextSettings
) -> None:
    config = json.loads((saved / ADAPTER_CONFIG).read_text())
    (saved / ADAPTER_CONFIG).write_text(json.dumps(config | {"lora_alpha": 64}))
    assert "fetch it again" in refusal_of(saved, tiny)


def test_more_tokens_than_the_model_has_places_for_are_refused(tiny: TextSettings) -> None:
    with pytest.raises(UserError, match=r"text\.max_tokens is 65, but .* reads 64 at most: lower it"):
        load_encoder(tiny.model, tiny.model_copy(update={"max_tokens": 65}))


@pytest.mark.parametrize(
    "change",
    [
        {"megatron_config": {"a": 1}, "megatron_core": "of_a_stranger"},
        {"peft_type": "PROMPT_TUNING"},
        {"r": 1 << 40},
        {"target_modules": "(a+)+$"},
        {"rank_pattern": {"layer.0": 1 << 40}},
        {"layer_replication": [[0, 1_000_000]]},
    ],
)
def test_an_adapter_imports_nothing_and_is_no_larger_than_its_files(
    saved: Path, tiny: TextSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    trace = tmp_path / "ran"
    (tmp_path / "of_a_stranger.py").write_text(f"open({str(trace)!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = json.loads((saved / ADAPTER_CONFIG).read_text())
    (saved / ADAPTER_CONFIG).write_text(json.dumps(config | change))
    assert "holds no adapter that fits" in refusal_of(saved, tiny)
    assert not trace.exists()


@pytest.mark.parametrize("change", [{"max_tokens": "16"}, {"max_tokens": -1}, {"base": 7}, {"base": None}])
def test_a_document_with_values_of_other_kinds_is_refused(
    saved: Path, tiny: TextSettings, change: dict[str, object]
) -> None:
    document = json.loads((saved / DOCUMENT).read_text())
    (saved / DOCUMENT).write_text(json.dumps(document | change))
    assert "is not a saved encoder" in refusal_of(saved, tiny)
