"""The tiny shop after its first training."""

from __future__ import annotations

import pytest
from mlflow import MlflowClient
from tiny_shop import LENGTH, fill, train

from socialrec.lake import Lake
from socialrec.settings import Settings, load_settings


def forget_models(server: str) -> None:
    """Leave nothing of the models of an earlier shop: all tests share one server."""
    client = MlflowClient(server, server)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)


@pytest.fixture(scope="module")
def shop(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a filled lake and a champion that came out of the training chain."""
    forget_models(mlflow_server)
    home = tmp_path_factory.mktemp("home")
    lines = [f'services.mlflow_uri = "{mlflow_server}"', f"recommend.list_length = {LENGTH}"]
    lines += ["recommend.block_users = 7", "recommend.ridge = 5.0", "evaluate.cutoff = 5"]
    (home / "settings.toml").write_text("\n".join(lines))
    settings = load_settings(home)
    fill(Lake(settings.lake))
    assert train(settings, "train1")["status"] == "promoted"
    return settings
