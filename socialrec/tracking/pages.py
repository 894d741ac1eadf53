"""URLs of MLflow's pages.

MLflow opens on its pages for language model applications, which show none of this project's runs for any kind of
experiment; `workflowType` selects the others.
"""

from __future__ import annotations

from urllib.parse import quote

TRAINING_PAGES = "workflowType=machine_learning"
MAIN_COLUMNS_VIEW = "main-columns"


def experiments_page(uri: str) -> str:
    """Page of all experiments."""
    return f"{uri}/#/experiments?{TRAINING_PAGES}"


def main_columns_page(uri: str, experiment_id: str) -> str:
    """Page of an experiment's runs with its main columns, which MLflow hides by default: parameters, tags and
    figures.
    """
    return f"{uri}/#/experiments/{experiment_id}/runs?{TRAINING_PAGES}&viewStateShareKey={MAIN_COLUMNS_VIEW}"


def run_page(uri: str, experiment_id: str, run_id: str) -> str:
    """Page of one run: its figures, description and parameters."""
    return f"{uri}/#/experiments/{experiment_id}/runs/{run_id}?{TRAINING_PAGES}"


def artifact_page(uri: str, experiment_id: str, run_id: str, file: str) -> str:
    """Page that shows a file of a run."""
    return f"{uri}/#/experiments/{experiment_id}/runs/{run_id}/artifacts/{quote(file)}?{TRAINING_PAGES}"


def version_page(uri: str, name: str, version: str) -> str:
    """Page of a registered model version, with its description."""
    return f"{uri}/#/models/{quote(name)}/versions/{version}?{TRAINING_PAGES}"
