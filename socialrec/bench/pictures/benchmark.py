"""Classes of clothing from the encoder as it is and from the tuned one, and the speed of encoding."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from socialrec.bench.load import LoadMeter
from socialrec.bench.pictures.clothing import read_clothing
from socialrec.bench.pictures.frozen import score_frozen
from socialrec.bench.pictures.speed import PEER, measure_speed
from socialrec.bench.pictures.tuning import TuningRecipe, accuracy, tune
from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text.benchmark import held_mib
from socialrec.encoders.pictures.encoder import load_picture_encoder
from socialrec.encoders.pictures.weights import bundled_network
from socialrec.settings import Settings

NAME = "pictures"
ROUNDS = 3
_TIMED = 512


def run(data: Path, settings: Settings, recipe: TuningRecipe, *, speed_alone: bool = False) -> BenchResult:
    """Measure all of it; the tuned network is the bundled one, the frozen one that of the settings.

    Everything is chosen on validation, and test is scored once each. With `speed_alone` nothing is learned. Raises
    UserError where the data are not there.
    """
    clothing = read_clothing(data)
    encoder = load_picture_encoder(settings.pictures, settings.base_models)
    network = bundled_network(settings.base_models)
    meter = LoadMeter()
    speed = measure_speed(clothing.train.contents[:_TIMED], encoder, network, ROUNDS)
    load = meter.load()
    metrics: dict[str, float | bool | str] = {"pictures_per_second": round(speed.ours, 1)}
    chosen: dict[str, object] = {}
    seconds: dict[str, float] = {}
    if not speed_alone:
        started = time.perf_counter()
        frozen = score_frozen(clothing, encoder)
        seconds["frozen"] = round(time.perf_counter() - started, 1)
        to_standard_error(f"frozen, accuracy by strength on validation: {frozen.validation}")
        started = time.perf_counter()
        tuned = tune(network, clothing.train, len(clothing.classes), recipe)
        seconds["tuned"] = round(time.perf_counter() - started, 1)
        metrics |= {
            "accuracy_frozen": round(frozen.accuracy, 4),
            "accuracy_tuned": round(accuracy(tuned, clothing.test, recipe.read_side), 4),
        }
        chosen = {
            "strength": frozen.strength,
            "validation_frozen": round(frozen.validation[frozen.strength], 4),
            "validation_tuned": round(accuracy(tuned, clothing.validation, recipe.read_side), 4),
            "phases": recipe.phases,
        }
    most_frequent = np.bincount(clothing.train.labels).argmax()
    return BenchResult(
        name=NAME,
        metrics=metrics | {f"n_{name}": len(getattr(clothing, name)) for name in ("train", "validation", "test")},
        seconds=seconds,
        peak_mib=held_mib(),
        peers={
            "most-frequent-class": PeerResult(
                {"accuracy": round(float((clothing.test.labels == most_frequent).mean()), 4)}
            ),
            PEER: PeerResult({"pictures_per_second": round(speed.peer, 1)}),
        },
        ratios={"ratio": round(speed.ratio, 3), "ratio_cpu": round(speed.ratio_cpu, 3)},
        versions=versions(["torch", "pillow", "scikit-learn"]),
        chosen=chosen,
        load=load,
    )
