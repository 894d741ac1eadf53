"""The tiny shop after its first training."""

from __future__ import annotations

import pytest
from tiny_shop import make_shop

from socialrec.settings import Settings


@pytest.fixture(scope="module")
def shop(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a filled lake and a champion that came out of the training chain."""
    return make_shop(tmp_path_factory.mktemp("home"), mlflow_server)
