"""Phrasings by a causal language model: what it may write, what it learns, which files are read, and who reads it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_service import answers_to, question
from tiny_bert import make_bert
from tiny_llama import make_gguf, make_llama

from socialrec.answers.generator import Generator, load_generator, prompt_of
from socialrec.answers.generator_files import generator_version
from socialrec.answers.generator_training import Phrasing, train_generator
from socialrec.answers.material import phrasings
from socialrec.answers.model import AnswersModel, load_answers
from socialrec.answers.phrasing import compare_phrasings
from socialrec.encoders.encoder import Encoder
from socialrec.errors import UserError
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import Precision, TextSettings

TEXT = TextSettings(precision=Precision.FLOAT32, learning_rate=0.02, lora_rank=16, lora_alpha=32)
NYLON, ASKED = "The kite is made of nylon.", "What is the kite made of?"
PHRASED = "It is a kite made of nylon."
QUESTIONS = ["Why?", "Does it fly?", "Is it loud? " * 20, "Why?"]
PASSAGES = [NYLON, "It needs wind, not rain.", "The kite is silent.", NYLON]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="module")
def untrained(llama: Path) -> Generator:
    return load_generator(str(llama), TEXT)


@pytest.fixture(scope="module")
def losses() -> list[float]:
    return []


@pytest.fixture(scope="module")
def trained(llama: Path, losses: list[float]) -> Generator:
    """A generator that learned one phrasing by heart."""
    settings = AnswersSettings(generator=str(llama), train_epochs=64, min_calibration_questions=10)
    given = [Phrasing(f"{ASKED}{' ' * n}", NYLON, PHRASED) for n in range(10)]
    return train_generator(given, settings, TEXT, lambda step, loss: losses.append(loss))


def test_equal_questions_have_equal_texts_in_any_order_and_number(untrained: Generator) -> None:
    found = untrained.phrase(QUESTIONS, PASSAGES)
    assert found == untrained.phrase(QUESTIONS, PASSAGES)
    assert found[0] == found[3] != ""
    assert untrained.phrase(QUESTIONS[::-1], PASSAGES[::-1]) == found[::-1]
    assert [untrained.phrase([asked], [said])[0] for asked, said in zip(QUESTIONS, PASSAGES, strict=True)] == found
    assert untrained.phrase([], []) == []


def test_a_text_without_a_word_of_the_question_that_the_passage_has_is_empty(untrained: Generator) -> None:
    assert untrained.phrase(["Why?"], [NYLON]) != [""]
    assert untrained.phrase([ASKED, "Why nylon?"], [NYLON, NYLON]) == ["", ""]


def test_no_number_is_written_that_the_passage_lacks(untrained: Generator) -> None:
    asked = [f"Is it {number} or 12345 metres long?" for number in range(8)]
    assert not any(sign.isdigit() for text in untrained.phrase(asked, [NYLON] * 8) for sign in text)


def test_what_looks_like_a_special_token_in_a_question_is_plain_text(untrained: Generator) -> None:
    tokenizer = untrained.base.tokenizer
    assert tokenizer.eos_token_id not in prompt_of(tokenizer, "Is it <|end|> red?", "It is <|end|>.")


def test_a_generator_learns_how_the_shop_answers_and_is_read_back_as_it_was(
    trained: Generator, untrained: Generator, losses: list[float], llama: Path, tmp_path: Path
) -> None:
    assert losses[-1] < 0.2 < losses[0]
    assert trained.phrase([ASKED], [NYLON]) == [PHRASED] != untrained.phrase([ASKED], [NYLON])
    trained.save(tmp_path / "saved")
    assert {file.suffix for file in (tmp_path / "saved").iterdir()} == {".json", ".safetensors"}
    again = load_generator(str(llama), TEXT, tmp_path / "saved")
    assert again.phrase(QUESTIONS, PASSAGES) == trained.phrase(QUESTIONS, PASSAGES)
    (tmp_path / "saved" / "adapter_model.safetensors").write_bytes(b"damaged")
    with pytest.raises(UserError, match="holds no adapter that fits"):
        load_generator(str(llama), TEXT, tmp_path / "saved")


def test_an_adapter_of_another_model_is_left_out(trained: Generator, tmp_path: Path) -> None:
    other = make_llama(tmp_path / "tiny-llama", seed=8)
    trained.save(tmp_path / "saved")
    found = load_generator(str(other), TEXT, tmp_path / "saved")
    assert found.version != trained.version
    assert found.phrase([ASKED], [NYLON]) == load_generator(str(other), TEXT).phrase([ASKED], [NYLON])


def test_only_answers_that_their_passage_holds_are_learned_and_few_are_none(llama: Path) -> None:
    settings = AnswersSettings(generator=str(llama), train_epochs=48, min_calibration_questions=10)
    false = [Phrasing(ASKED, NYLON, f"It is made of {stuff}.") for stuff in ("gold", "nylon and tin", *"abcdefghij")]
    made = train_generator([*false, Phrasing(ASKED, NYLON, PHRASED)], settings, TEXT, lambda step, loss: pytest.fail())
    assert made.tuned is None


def test_phrasings_are_the_answers_to_questions_whose_passage_is_right() -> None:
    pairs = [
        {"question_id": "q1", "question": ASKED, "passage": NYLON, "is_right": True},
        {"question_id": "q1", "question": ASKED, "passage": "The tail is 2 m long.", "is_right": False},
    ]
    assert phrasings(pairs, {"q1": ["Nylon.", PHRASED]}) == [
        Phrasing(ASKED, NYLON, "Nylon."),
        Phrasing(ASKED, NYLON, PHRASED),
    ]


def test_a_verified_phrasing_is_shown_and_any_other_gives_way_to_the_passage(
    encoder: Encoder, trained: Generator, untrained: Generator
) -> None:
    model = AnswersModel.untrained(encoder.version, AnswersSettings())
    asked = [question(ASKED), question("Does it fly well in light wind?"), question("You idiots, what is it?")]
    plain = answers_to(encoder, asked, model=model)
    phrased = answers_to(encoder, asked, model=replace(model, generator=trained))
    assert (phrased[0]["text"], phrased[0]["is_phrased"]) == (PHRASED, True)
    assert phrased[0]["citations"] == plain[0]["citations"]
    assert [row["is_phrased"] for row in plain] == [False] * 3
    # Contrary buyers are quoted, a person answers an insult, and what an untrained model writes is not shown.
    assert phrased[1:] == plain[1:]
    assert answers_to(encoder, asked, model=replace(model, generator=untrained)) == plain


def test_a_model_of_answers_keeps_its_generator_and_works_without(
    trained: Generator, llama: Path, tmp_path: Path
) -> None:
    replace(AnswersModel.untrained("e", AnswersSettings()), generator=trained).save(tmp_path)
    found = load_answers(tmp_path, "e", TEXT, str(llama))
    assert found.generator is not None
    assert found.generator.phrase([ASKED], [NYLON]) == [PHRASED]
    assert load_answers(tmp_path, "e", TEXT).generator is None
    # Nobody compared another model's words with the passages' own.
    other = make_llama(tmp_path / "other", seed=8)
    assert load_answers(tmp_path, "e", TEXT, str(other)).generator is None


@pytest.mark.parametrize(
    ("words", "n_phrased", "phrased", "is_better"),
    [
        (PHRASED, 1, 1.0, True),
        # A fact that the passage lacks: the passage is shown.
        ("It is a kite made of silk.", 0, 8 / 13, False),
    ],
)
def test_phrasings_serve_where_they_are_closer_to_what_people_wrote_than_the_passages(
    words: str, n_phrased: int, phrased: float, is_better: bool
) -> None:
    found = compare_phrasings([Phrasing(ASKED, NYLON, PHRASED)], lambda questions, passages: [words])
    # Of six and seven words, "kite made of nylon" are common.
    assert (found.extractive, found.phrased) == (pytest.approx(8 / 13), pytest.approx(phrased))
    assert (found.n, found.n_phrased, found.is_better) == (1, n_phrased, is_better)


def test_without_held_out_answers_nothing_is_phrased() -> None:
    assert not compare_phrasings([], lambda questions, passages: []).is_better


def test_a_gguf_file_is_a_generator_too(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="the package gguf is not installed")
    file = make_gguf(tmp_path / "tiny.gguf")
    made = load_generator(str(file), TEXT)
    assert made.version == generator_version(str(file))
    assert made.version.startswith("tiny-")
    assert made.base.tokenizer.decode(made.base.tokenizer(NYLON)["input_ids"], skip_special_tokens=True) == NYLON
    assert made.phrase([ASKED], [NYLON]) == made.phrase([ASKED], [NYLON])


def test_a_wrong_path_or_model_is_one_line_for_people(llama: Path, tmp_path: Path) -> None:
    pickled, wordless, half, empty = (tmp_path / name for name in ("pickled", "wordless", "half", "empty"))
    for folder in (pickled, wordless, half):
        shutil.copytree(llama, folder)
    (pickled / "model.safetensors").unlink()
    torch.save({"a": torch.zeros(1)}, pickled / "pytorch_model.bin")
    for file in wordless.glob("token*"):
        file.unlink()
    config = json.loads((half / "config.json").read_text())
    (half / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    empty.mkdir()
    (tmp_path / "false.gguf").write_bytes(b"PK")
    whole = make_gguf(tmp_path / "whole.gguf").read_bytes()
    for name, size in (("start", 8), ("header", 2_000), ("half", len(whole) // 2)):
        (tmp_path / f"{name}.gguf").write_bytes(whole[:size])
    for place, message in (
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path / "false.gguf", "is no GGUF file"),
        *((tmp_path / f"{name}.gguf", "cannot be loaded") for name in ("start", "header", "half")),
        (empty, "holds no safetensors"),
        (pickled, "holds no safetensors: other weights, such as pickles, are never loaded"),
        (wordless, "cannot be (loaded|used)"),
        (half, "its files lack"),
        (make_bert(tmp_path / "bert"), "reads in both directions"),
    ):
        with pytest.raises(UserError, match=message) as refused:
            load_generator(str(place), TEXT)
        assert "\n" not in str(refused.value)
        assert "answers.generator" in str(refused.value)


def test_a_generator_is_named_by_an_absolute_path(llama: Path) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        AnswersSettings(generator="models/tiny-llama")
    assert AnswersSettings(generator=str(llama)).generator == str(llama)
    assert generator_version("") == ""
