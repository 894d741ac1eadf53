"""Check of a fitted candidate's files before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from safetensors import SafetensorError
from safetensors.numpy import load_file

from socialrec.errors import UserError
from socialrec.recommend.model import TENSORS, read_document
from socialrec.recommend.signals import SIGNALS
from socialrec.vectors.arrays import vocabulary

FOLDER = "recommender"
"""Name of its folder below a candidate's folder, and of its artifacts in the training's MLflow run."""


def find_faults(folder: Path, products: pa.Table, ds: str, split_label: str) -> list[str]:
    """Faults of a candidate's files, in words; empty where there are none.

    products: the rows of silver.products to judge it by. ds, split_label: the day and the split of this
    training: a candidate of a later day, or with a blend learned on another split, may know what it is tested on.
    """
    try:
        document = read_document(folder)
    except UserError as error:
        return [str(error)]
    return [
        *_blend_faults(document["weights"]),
        *_newcomer_faults(document),
        *_vocabulary_faults(document["products"], products),
        *_leak_faults(document["info"], ds, split_label),
        *_tensor_faults(folder / TENSORS),
    ]


def _blend_faults(weights: Mapping[str, float]) -> Iterator[str]:
    if set(weights) != {signal.name for signal in SIGNALS}:
        yield f"its blend weighs {', '.join(sorted(weights))}, which are not the signals of this code"
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights.values()) or not any(weights.values()):
        yield f"its blend has weights that are no shares: {dict(weights)}"


def _newcomer_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """Faults of the weights for newcomers, where there are any; signals that they leave out weigh 0."""
    if newcomers := document.get("newcomer_weights"):
        yield from _blend_faults(dict.fromkeys(document["weights"], 0.0) | newcomers)


def _vocabulary_faults(names: list[str], products: pa.Table) -> Iterator[str]:
    wanted = vocabulary(products["product_id"]).to_pylist()
    if names != wanted:
        strange, absent = len(set(names) - set(wanted)), len(set(wanted) - set(names))
        yield f"its vocabulary is not the catalogue: {strange} products unknown to the shop, {absent} missing"


def _leak_faults(info: Mapping[str, Any], ds: str, split_label: str) -> Iterator[str]:
    if info["ds"] > ds:
        yield f"it was fitted on {info['ds']}, after the day it is tested on ({ds})"
    if info["split_label"] != split_label:
        yield f"its blend was learned on another split ({info['split_label']}, not {split_label})"


def _tensor_faults(file: Path) -> Iterator[str]:
    if not file.exists():
        yield f"{file.name} is missing"
        return
    try:
        tensors = load_file(file)
    except SafetensorError as error:
        yield f"{file.name} cannot be read ({error})"
        return
    for name, tensor in sorted(tensors.items()):
        if np.issubdtype(tensor.dtype, np.floating) and not np.isfinite(tensor).all():
            yield f"its weights {name} are not numbers"
