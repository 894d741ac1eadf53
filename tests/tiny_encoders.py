"""Tiny encoders to read, to damage and to train."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from four_products import make_shop
from tiny_bert import WORDS, make_bert

from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.settings import Settings
from socialrec.settings.text import Precision, TextSettings


@pytest.fixture(scope="module", autouse=True)
def always_one_thread(one_thread: None) -> None:
    """All models here are tiny."""


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tiny model for all tests that only read it."""
    return make_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture
def own_bert(bert: Path, tmp_path: Path) -> Path:
    """The same model in a folder that a test may damage."""
    return shutil.copytree(bert, tmp_path / "own" / bert.name)


@pytest.fixture
def still_bert(own_bert: Path) -> Path:
    """A model that does not drop out, so that a batch and its parts can be compared."""
    config = json.loads((own_bert / "config.json").read_text())
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (own_bert / "config.json").write_text(json.dumps(config | still))
    return own_bert


@pytest.fixture
def bert_of_other_weights(bert: Path, tmp_path: Path) -> Path:
    return make_bert(tmp_path / "other weights" / bert.name, seed=8)


@pytest.fixture
def bert_of_other_words(bert: Path, tmp_path: Path) -> Path:
    """The same weights, which now mean other words."""
    return make_bert(tmp_path / "other words" / bert.name, words=WORDS[::-1])


@pytest.fixture
def cls_bert(own_bert: Path) -> Path:
    """A model that says, as sentence-transformers does, that its first token stands for the text."""
    (own_bert / "1_Pooling").mkdir()
    (own_bert / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    return own_bert


@pytest.fixture(scope="session")
def tiny(bert: Path) -> TextSettings:
    return TextSettings(
        model=str(bert),
        max_tokens=16,
        batch_tokens=24,
        precision=Precision.FLOAT32,
        train_steps=30,
        train_tokens=64,
        learning_rate=0.01,
        lora_dropout=0,
    )


@pytest.fixture(scope="session")
def encoder(tiny: TextSettings) -> Encoder:
    return load_encoder(tiny.model, tiny)


@pytest.fixture
def shop(home: Path, bert: Path, mlflow_server: str) -> Settings:
    """Twenty days of one click and one comment a day on four described products."""
    return make_shop(home, bert, mlflow_server)
