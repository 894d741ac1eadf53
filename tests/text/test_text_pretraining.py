"""Pre-training: what is asked of a model, and that reading the shop's texts makes the next ones less surprising."""

from __future__ import annotations

import json
import math
import os
import random
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer
from transformers import GPT2Config, GPT2LMHeadModel

from socialrec.encoders.encoder import load_encoder
from socialrec.encoders.language_head import NOT_ASKED, summed_loss
from socialrec.encoders.pooling import Pooling
from socialrec.encoders.weights import load_weights
from socialrec.errors import UserError
from socialrec.settings.text import LanguageModel, PretrainSettings, TextSettings
from socialrec.text.pretraining.language_model import load_language_model, questions
from socialrec.text.pretraining.pretrain import PreTrained, is_held_out, pretrain
from socialrec.text.pretraining.scratch import SPECIAL, new_model

COLOURS = {"red": "shoe", "blue": "lamp", "green": "book", "grey": "chair"}
"""Things have one colour each: one word tells the other."""
TEXTS = [
    f"{frame} {colour} {thing} {end}".strip()
    for frame in ("the", "a", "warm", "cold", "the soft", "a hard", "a soft", "the hard", "the warm", "a cold")
    for colour, thing in COLOURS.items()
    for end in ("", "a", "the", "warm", "cold")
]
LARGE = " ".join(["red shoe", "blue lamp", "green book"] * 9)


def silent(step: int, loss: float) -> None:
    pass


@pytest.fixture(scope="module")
def settings() -> PretrainSettings:
    sizes = {"vocabulary": 300, "hidden_dim": 32, "layers": 1, "heads": 2, "max_positions": 32, "max_tokens": 16}
    return PretrainSettings(
        **sizes, held_out_share=0.2, train_steps=60, train_tokens=128, learning_rate=0.01, validate_every=20
    )


@pytest.fixture(scope="module")
def made(settings: PretrainSettings, tiny: TextSettings) -> PreTrained:
    return pretrain(TEXTS, settings, tiny, silent)


def changed(settings: PretrainSettings, **values: object) -> PretrainSettings:
    return settings.model_copy(update=values)


def test_of_the_words_asked_of_an_encoder_most_are_masked_some_replaced_and_some_left(bert: Path) -> None:
    base, _ = load_language_model(str(bert))
    [tokens] = [tuple(base.tokenizer(LARGE)["input_ids"])]
    plain = questions(base, [tokens] * 400, 1e-6, seed=1).input_ids
    asked = questions(base, [tokens] * 400, 0.15, seed=1)
    is_asked = asked.targets != NOT_ASKED
    assert torch.equal(asked.targets[is_asked], plain[is_asked])
    assert torch.equal(asked.input_ids[~is_asked], plain[~is_asked])
    n, n_words = int(is_asked.sum()), 400 * 54
    assert n / n_words == pytest.approx(0.15, abs=0.01)
    assert not is_asked[:, [0, -1]].any(), "the model's own first and last tokens are no words"
    masked = asked.input_ids[is_asked] == base.tokenizer.mask_token_id
    same = asked.input_ids[is_asked] == plain[is_asked]
    assert float(masked.float().mean()) == pytest.approx(0.8, abs=0.03)
    assert float(same.float().mean()) == pytest.approx(0.1, abs=0.03)
    again, other = (questions(base, [tokens] * 400, 0.15, seed) for seed in (1, 2))
    assert torch.equal(again.input_ids, asked.input_ids)
    assert not torch.equal(other.input_ids, asked.input_ids)


def test_a_decoder_is_asked_for_every_token_after_the_first(settings: PretrainSettings) -> None:
    base = new_model(TEXTS, changed(settings, kind=LanguageModel.DECODER))
    asked = questions(base, [(5, 6, 7), (8, 9)], 0.15, seed=1)
    assert asked.targets.tolist() == [[6, 7, NOT_ASKED], [9, NOT_ASKED, NOT_ASKED]]
    assert asked.n_asked == 3


@pytest.mark.parametrize("kind", list(LanguageModel))
def test_the_loss_is_the_one_that_transformers_computes_from_all_places(
    kind: LanguageModel, settings: PretrainSettings
) -> None:
    base = new_model(TEXTS, changed(settings, kind=kind))
    base.model.eval()
    tokens = [tuple(ids) for ids in base.tokenizer(TEXTS[:7])["input_ids"]]
    asked = questions(base, tokens, 0.3, seed=3)
    if kind is LanguageModel.DECODER:
        labels = asked.input_ids.masked_fill(asked.attention_mask == 0, NOT_ASKED)
    else:
        labels = asked.targets
    theirs = base.model(input_ids=asked.input_ids, attention_mask=asked.attention_mask, labels=labels).loss
    torch.testing.assert_close(summed_loss(base, asked) / asked.n_asked, theirs)


def test_a_text_stays_held_out_whatever_comes_beside_it() -> None:
    share = sum(is_held_out(f"text {number}", 0.2) for number in range(2000)) / 2000
    assert share == pytest.approx(0.2, abs=0.03)
    assert all(is_held_out(text, 0.5) for text in TEXTS if is_held_out(text, 0.2))


def test_going_on_from_a_checkpoint_makes_held_out_texts_less_surprising(made: PreTrained, bert: Path) -> None:
    assert made.base.name == str(bert)
    assert (made.n_texts + made.n_held_out, made.n_held_out > 10) == (len(TEXTS), True)
    # The tiny BERT has no language head, so that it guesses among its 75 pieces at first.
    assert made.head_is_new
    assert made.perplexity_before > 30
    assert made.perplexity < made.perplexity_before / 3
    assert made.perplexity == math.exp(min(loss for _, loss in made.validations))
    assert [step for step, _ in made.validations] == [0, 20, 40, 60]


def test_what_was_pre_trained_is_a_base_model_like_any_other(
    made: PreTrained, tiny: TextSettings, tmp_path: Path
) -> None:
    made.save(tmp_path / "base")
    encoder = load_encoder(str(tmp_path / "base"), tiny)
    assert encoder.base.pooling is Pooling.MEAN
    vectors = encoder.encode(["red shoe", "blue lamp"])
    before = load_encoder(tiny.model, tiny).encode(["red shoe", "blue lamp"])
    assert not np.allclose(vectors, before, atol=0.01)
    # Its head came with it, so that pre-training can go on where it ended.
    again, head_is_new = load_language_model(str(tmp_path / "base"))
    assert not head_is_new
    for name, tensor in made.base.model.named_parameters():
        torch.testing.assert_close(dict(again.model.named_parameters())[name], tensor)


@pytest.mark.parametrize(
    ("kind", "pooling"), [(LanguageModel.ENCODER, Pooling.MEAN), (LanguageModel.DECODER, Pooling.LAST)]
)
def test_from_scratch_a_vocabulary_and_a_model_are_made_of_the_shops_own_words(
    kind: LanguageModel, pooling: Pooling, settings: PretrainSettings, tiny: TextSettings, tmp_path: Path
) -> None:
    wanted = changed(settings, from_scratch=True, kind=kind)
    made = pretrain(TEXTS, wanted, tiny, silent)
    assert made.perplexity < made.perplexity_before / 3
    made.save(tmp_path)
    base = load_weights(str(tmp_path))
    assert base.pooling is pooling
    assert (base.model.config.hidden_size, base.model.config.num_hidden_layers) == (32, 1)
    assert len(base.tokenizer.tokenize(" shoe lamp book")) == 3
    assert load_encoder(str(tmp_path), tiny).encode(["red shoe", "😀", ""]).shape == (3, 32)


def words_of(tokenizer: Any) -> list[tuple[str, int]]:
    return sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])


def test_the_same_texts_give_the_same_vocabulary_and_weights() -> None:
    """The trainer of word pieces alone numbers them in another order each time."""
    rng = random.Random(5)
    words = ["".join(rng.choices("abcdéfg靴", k=rng.randint(2, 6))) for _ in range(200)]
    lines = [" ".join(rng.choices(words, k=8)) for _ in range(200)]
    small = PretrainSettings(vocabulary=400, hidden_dim=8, heads=1, layers=1)
    first, second = new_model(lines, small), new_model(lines, small)
    assert words_of(first.tokenizer) == words_of(second.tokenizer)
    assert [word for word, _ in words_of(first.tokenizer)[:5]] == list(SPECIAL)
    for ours, theirs in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    naive = []
    for _ in range(4):
        trained = BertWordPieceTokenizer(lowercase=True)
        trained.train_from_iterator(lines, vocab_size=400, show_progress=False)
        naive.append(words_of(trained))
    assert any(other != naive[0] for other in naive[1:])


class Killed(Exception):
    pass


def test_a_killed_run_goes_on_and_ends_where_it_would_have_ended(
    settings: PretrainSettings, tiny: TextSettings, tmp_path: Path
) -> None:
    wanted = changed(settings, train_steps=10, checkpoint_every=3, validate_every=2, accumulation=2)
    straight = pretrain(TEXTS, wanted, tiny, silent)

    def kill(step: int, loss: float) -> None:
        if step == 8:
            raise Killed

    with pytest.raises(Killed):
        pretrain(TEXTS, wanted, tiny, kill, tmp_path)
    seen: list[int] = []
    resumed = pretrain(TEXTS, wanted, tiny, lambda step, loss: seen.append(step), tmp_path)
    assert seen == [7, 8, 9, 10]
    np.testing.assert_allclose(resumed.losses, straight.losses, atol=1e-6)
    np.testing.assert_allclose(resumed.validations, straight.validations, atol=1e-6)
    for ours, theirs in zip(resumed.base.model.parameters(), straight.base.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
    other: list[int] = []
    pretrain(TEXTS[1:], wanted, tiny, lambda step, loss: other.append(step), tmp_path)
    assert other[0] == 1, "other texts are another run"


TWO = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
from test_text_pretraining import TEXTS, silent
from socialrec.text.pretraining.pretrain import pretrain
from socialrec.settings.text import PretrainSettings, TextSettings
text = TextSettings.model_validate_json(sys.argv[3])
made = pretrain(TEXTS, PretrainSettings.model_validate_json(sys.argv[2]), text, silent)
if os.environ.get("RANK", "0") == "0":
    made.save(Path(sys.argv[4]))
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(
    settings: PretrainSettings, tiny: TextSettings, own_bert: Path, tmp_path: Path
) -> None:
    """Over Gloo, started by torchrun, without dropout, which each process draws for itself."""
    config = json.loads((own_bert / "config.json").read_text())
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (own_bert / "config.json").write_text(json.dumps(config | still))
    wanted = changed(settings, model=str(own_bert), train_steps=5, learning_rate=0.003)
    (tmp_path / "two.py").write_text(TWO)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={port}"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    arguments = [str(Path(__file__).parents[1]), wanted.model_dump_json(), tiny.model_dump_json()]
    for name, launcher in {"one": [], "two": torchrun}.items():
        command = [sys.executable, *launcher, str(tmp_path / "two.py"), *arguments, str(tmp_path / name)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    for key, tensor in one.items():
        torch.testing.assert_close(two[key], tensor, atol=1e-4, rtol=1e-3)


def test_training_stops_when_held_out_texts_no_longer_gain_and_the_best_counts(
    settings: PretrainSettings, tiny: TextSettings
) -> None:
    """So fast that every step makes it worse: what it started from is what comes out."""
    wanted = changed(settings, learning_rate=50.0, warmup_share=0.0, validate_every=1, patience=2)
    made = pretrain(TEXTS, wanted, tiny, silent)
    assert [step for step, _ in made.validations] == [0, 1, 2]
    assert made.perplexity == made.perplexity_before


def test_what_cannot_be_pre_trained_is_said_before_training(
    settings: PretrainSettings, tiny: TextSettings, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"of 1 distinct texts 0 are held out by pretrain.held_out_share = 0.2"):
        pretrain(["red shoe", "red shoe", ""], settings, tiny, silent)
    with pytest.raises(UserError, match="cannot be loaded"):
        pretrain(TEXTS, changed(settings, model=str(tmp_path / "nothing")), tiny, silent)
    with pytest.raises(UserError, match=r"pretrain.max_tokens is 65, but .* reads 64 at most"):
        pretrain(TEXTS, changed(settings, max_tokens=65), tiny, silent)
    with pytest.raises(ValidationError, match="hidden_dim 30 is not a multiple of heads, 4"):
        PretrainSettings(hidden_dim=30)


def test_texts_that_are_hardly_texts_are_read_too(settings: PretrainSettings, tiny: TextSettings) -> None:
    odd = ["", "a", "😀😀", "\x00", "\ud800", "靴" * 50, "red " * 2000]
    made = pretrain([*TEXTS, *odd], changed(settings, train_steps=2), tiny, silent)
    assert all(math.isfinite(loss) for loss in made.losses)


def test_a_decoder_checkpoint_goes_on_as_a_decoder(
    settings: PretrainSettings, tiny: TextSettings, tmp_path: Path
) -> None:
    base = new_model(TEXTS, changed(settings, kind=LanguageModel.DECODER))
    sizes = {"n_positions": 64, "n_embd": 32, "n_layer": 1, "n_head": 2}
    torch.manual_seed(2)
    GPT2LMHeadModel(GPT2Config(vocab_size=len(base.tokenizer), **sizes)).save_pretrained(tmp_path)
    base.tokenizer.save_pretrained(tmp_path)
    made = pretrain(TEXTS, changed(settings, model=str(tmp_path), train_steps=30), tiny, silent)
    assert not made.head_is_new
    assert made.base.pooling is Pooling.LAST
    assert made.perplexity < made.perplexity_before / 2
