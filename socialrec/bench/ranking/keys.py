"""Dependence of the model on the pseudonym key: users renamed, rows shuffled, model trained again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.bench.children import run_child
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import PACKAGES, peak_mib
from socialrec.bench.result import BenchResult, versions
from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.contracts.silver import SILVER_INTERACTIONS
from socialrec.encoders.encoder import load_encoder
from socialrec.errors import UserError
from socialrec.evaluate.measure import measure
from socialrec.evaluate.split import Split, make_split, pair_keys
from socialrec.features.inputs import Inputs, n_texts_missing, read_inputs, with_names
from socialrec.lake import Lake
from socialrec.local_stack.environment import REPOSITORY
from socialrec.orchestration.commands import command
from socialrec.privacy.pseudonyms import pseudonym
from socialrec.privacy.user_order import NEIGHBOUR, USER
from socialrec.recommend.assessment.test_window import try_recipe
from socialrec.recommend.training.fits import fit_blend
from socialrec.settings import Settings, load_settings
from socialrec.sources import import_source
from socialrec.text.base_model import with_base_model

NAME = "keys"
DS = "2026-03-31"
MAX_DEVIATION, MAX_SPREAD = 0.03, 0.01
RUN_ID = "keys"


@dataclass(frozen=True)
class Training:
    """Result of one training: the weight of each signal, and NDCG on the test window."""

    weights: Mapping[str, float]
    ndcg: float


def run(
    inputs: Inputs, settings: Settings, n_keys: int, *, deals: bool = False, progress: Progress = to_standard_error
) -> BenchResult:
    """Train under `n_keys` keys, each with the users renamed and the rows shuffled.

    `max_weight_deviation` is the largest distance of a weight from its mean over the keys; `ndcg_spread` the largest
    NDCG on the test window less the smallest, over their mean. With `deals` also the same figures, as `dealt_...`,
    where users stay in the random order of their pseudonyms, for the same held-out pairs: the stability of the optimum
    itself, without the order by content.
    """
    started, found, dealt = time.perf_counter(), [], []
    for number in range(n_keys):
        own = with_names(renamed(inputs, number))
        found.append(train(own, make_split(own.interactions, settings.evaluate), settings))
        progress(f"key {number + 1} of {n_keys}: {_line(found[-1])}")
        if deals:
            dealt.append(train(*in_order_of_keys(inputs, number, settings), settings))
            progress(f"key {number + 1} of {n_keys}, in the order of pseudonyms: {_line(dealt[-1])}")
    seconds, metrics = time.perf_counter() - started, stability(found)
    is_met = metrics["max_weight_deviation"] <= MAX_DEVIATION and metrics["ndcg_spread"] <= MAX_SPREAD
    chosen = {"weights": mean_weights([training.weights for training in found])}
    if dealt:
        metrics |= {f"dealt_{name}": value for name, value in stability(dealt).items()}
        chosen["dealt_weights"] = mean_weights([training.weights for training in dealt])
    return BenchResult(
        name=NAME,
        metrics={**metrics, "n_keys": n_keys, "targets_met": is_met},
        seconds={"all": round(seconds, 1), "training": round(seconds / (len(found) + len(dealt)), 2)},
        peak_mib=peak_mib(),
        peers={},
        ratios={},
        versions=versions(PACKAGES),
        chosen=chosen,
    )


def train(inputs: Inputs, split: Split, settings: Settings) -> Training:
    """Learn the blend on validation, and measure its recipe on the test window, as a training does."""
    weights = fit_blend(inputs, split, settings).weights
    trial, cutoff = try_recipe(inputs, split, settings, weights), settings.evaluate.cutoff
    return Training(weights, measure(trial.lists.ranked, trial.held.relevant, cutoff)[f"ndcg_at_{cutoff}"])


def renamed(inputs: Inputs, number: int) -> Inputs:
    """Rename the users as under another key, and shuffle all rows."""
    rng, key = np.random.default_rng(number), f"key {number}".encode()
    tables = {name: _with_pseudonyms(getattr(inputs, name), key) for name in ("interactions", "comments", "ties")} | {
        "products": inputs.products,
        "embeddings": inputs.embeddings,
    }
    shuffled = {name: table.take(pa.array(rng.permutation(table.num_rows))) for name, table in tables.items()}
    return replace(inputs, **shuffled)


def in_order_of_keys(inputs: Inputs, number: int, settings: Settings) -> tuple[Inputs, Split]:
    """Rename the inputs' users, and split them so that the same pairs are held out as under the original names."""
    seed, key = settings.evaluate.seed, f"key {number}".encode()
    split = make_split(inputs.interactions, settings.evaluate)
    before = pair_keys(inputs.interactions, seed)
    after = pair_keys(_with_pseudonyms(inputs.interactions, key), seed)
    validation, test = (np.unique(after[np.isin(before, keys)]) for keys in (split.validation_keys, split.test_keys))
    return renamed(inputs, number), replace(split, validation_keys=validation, test_keys=test)


def stability(found: Sequence[Training]) -> dict[str, float]:
    """`max_weight_deviation`, `ndcg_spread` and the mean NDCG of some trainings."""
    weights = np.array([list(training.weights.values()) for training in found])
    ndcg = np.array([training.ndcg for training in found])
    mean = float(ndcg.mean())
    return {
        "max_weight_deviation": round(float(np.abs(weights - weights.mean(axis=0)).max()), 6),
        "ndcg_spread": round(float(np.ptp(ndcg)) / mean, 6) if mean else 0.0,
        "ndcg": round(mean, 6),
    }


def mean_weights(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean weight of each signal over some trainings."""
    return {name: round(float(np.mean([weights[name] for weights in found])), 6) for name in found[0]}


def read_newest(settings: Settings) -> Inputs:
    """Read the newest day of a home, with the encoder whose vectors cover most of its texts.

    Raises UserError where the home has no such day.
    """
    lake = Lake(settings.lake)
    ds, encoders = lake.last_partition(SILVER_INTERACTIONS), lake.partitions(TEXT_EMBEDDINGS)
    if ds is None or not encoders:
        raise UserError(f"{settings.home} has no day with interactions and encoded texts: run `make run` there first")
    found = [read_inputs(lake, ds, encoder) for encoder in encoders]
    return min(found, key=n_texts_missing)


@contextmanager
def made_home(
    scratch: Path, source: str, data: Path | None, progress: Progress = to_standard_error
) -> Iterator[Settings]:
    """Make a temporary home in which a source has gone through the night's jobs up to its insights."""
    folder = scratch / f"bench-{NAME}-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        settings = load_settings(folder)
        import_source(source, settings.landing, data, DS)
        about = ["--ds", DS, "--home", str(folder), "--run-id", RUN_ID]
        path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
        reading = ("embed_texts", "predict_insights")
        for job in ("ingest_landing", "build_silver", "build_gold", *reading):
            own = ["--encoder-folder", str(_encoder(settings, folder))] if job in reading else []
            done = run_child(command(job, [*about, *own]), {**os.environ, "PYTHONPATH": path})
            progress(f"{job}: {done.seconds:.1f} s")
        yield settings
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _encoder(settings: Settings, folder: Path) -> Path:
    """Folder of the base model that fits the source's texts, saved as an encoder."""
    made = folder / "encoder"
    if not made.exists():
        text = with_base_model(settings, Lake(settings.lake), DS)[0].text
        load_encoder(text.model, text).save(made)
    return made


def _with_pseudonyms(rows: pa.Table, key: bytes) -> pa.Table:
    for column in (USER, NEIGHBOUR):
        if column in rows.column_names:
            encoded = rows[column].combine_chunks().dictionary_encode()
            names = pa.array([pseudonym(key, NAME, user) for user in encoded.dictionary.to_pylist()], pa.string())
            place = rows.schema.get_field_index(column)
            rows = rows.set_column(place, column, pc.take(names, encoded.indices))
    return rows


def _line(training: Training) -> str:
    weights = ", ".join(f"{name} {weight:.3f}" for name, weight in training.weights.items() if weight)
    return f"NDCG {training.ndcg:.4f}; {weights}"
