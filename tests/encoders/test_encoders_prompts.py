"""Prompts: read from the model's own folder, put before every text, and part of the version."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socialrec.encoders.encoder import Encoder, load_encoder, load_saved
from socialrec.encoders.prompts import (
    DOCUMENT,
    FILE,
    NO_PROMPTS,
    Prompts,
    Role,
    read_prompts,
    vectors_version,
    write_prompts,
)
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings
from socialrec.text.pretraining.language_model import load_language_model, save_language_model


@pytest.fixture
def prompted(own_bert: Path, tiny: TextSettings) -> Encoder:
    """The tiny model, trained to read `red` before queries and `blue` before passages."""
    write_prompts(Prompts("red ", "blue "), own_bert)
    return load_encoder(str(own_bert), tiny.model_copy(update={"model": str(own_bert)}))


def test_a_text_is_read_after_the_prompt_of_its_role(prompted: Encoder, encoder: Encoder) -> None:
    said = ["shoe", "lamp"]
    np.testing.assert_array_equal(prompted.encode(said), encoder.encode(["red shoe", "red lamp"]))
    passages = prompted.reading(Role.PASSAGE).encode(said)
    np.testing.assert_array_equal(passages, encoder.encode(["blue shoe", "blue lamp"]))


def test_processes_that_only_tokenize_put_the_prompt_first_too(prompted: Encoder) -> None:
    beside = replace(prompted.reading(Role.PASSAGE), tokenizers=1)
    found = [vectors for _, vectors in beside.encode_stream([["shoe"], ["lamp"], ["book"]])]
    expected = prompted.reading(Role.PASSAGE).encode(["shoe", "lamp", "book"])
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-6)


def test_the_version_covers_the_prompts_and_passages_have_one_of_their_own(prompted: Encoder, encoder: Encoder) -> None:
    assert prompted.base.sha256 == encoder.base.sha256
    assert prompted.version != encoder.version
    assert prompted.reading(Role.QUERY).version == prompted.version
    assert prompted.reading(Role.PASSAGE).version == f"{prompted.version}-passage"


def test_a_model_without_prompts_has_one_version_for_all_texts(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    assert encoder.base.prompts == NO_PROMPTS
    assert vectors_version(tmp_path, Role.PASSAGE) == vectors_version(tmp_path, Role.QUERY) == encoder.version


def test_a_saved_encoder_names_its_versions_without_being_loaded(prompted: Encoder, tmp_path: Path) -> None:
    prompted.save(tmp_path)
    assert vectors_version(tmp_path, Role.PASSAGE) == f"{prompted.version}-passage"
    assert load_saved(tmp_path, TextSettings()).version == prompted.version


def test_an_encoder_that_was_saved_before_there_were_prompts_has_none(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    document = json.loads((tmp_path / DOCUMENT).read_text())
    del document["prompts"]
    (tmp_path / DOCUMENT).write_text(json.dumps(document))
    assert vectors_version(tmp_path, Role.PASSAGE) == encoder.version
    (tmp_path / DOCUMENT).write_text("{")
    with pytest.raises(UserError, match="is not a saved encoder"):
        vectors_version(tmp_path, Role.QUERY)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"prompts": {"query": "q: ", "document": "d: "}}, Prompts("q: ", "d: ")),
        ({"prompts": {"query": "q: ", "passage": "p: ", "document": "d: "}}, Prompts("q: ", "p: ")),
        ({"prompts": {"STS": "s: "}, "default_prompt_name": "STS"}, Prompts("s: ", "s: ")),
        ({"prompts": {"query": "", "document": ""}, "default_prompt_name": None}, NO_PROMPTS),
        ({}, NO_PROMPTS),
    ],
)
def test_prompts_are_read_as_sentence_transformers_writes_them(
    said: dict[str, Any], expected: Prompts, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_text(json.dumps(said))
    assert read_prompts(tmp_path) == expected


def test_a_prompt_that_is_no_text_is_refused_by_name(own_bert: Path, tiny: TextSettings) -> None:
    (own_bert / FILE).write_text('{"prompts": {"query": 1}}')
    with pytest.raises(UserError, match="cannot be loaded: .*prompts that are no texts"):
        load_encoder(str(own_bert), tiny)


def test_a_pre_trained_model_keeps_the_prompts_of_its_start(prompted: Encoder, tmp_path: Path) -> None:
    base, _ = load_language_model(prompted.base.name)
    save_language_model(base, tmp_path / "made")
    assert read_prompts(tmp_path / "made") == prompted.base.prompts
