"""The encoder that ships, for questions and passages in plain English."""

from __future__ import annotations

import pytest

from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.encoders.weights import BUNDLED
from socialrec.settings.text import TextSettings


@pytest.fixture(scope="module", autouse=True)
def always_one_thread(one_thread: None) -> None:
    """Models here read few texts."""


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder(BUNDLED, TextSettings())
