"""A tiny landed shop in the middle of a night: everything before one job is done, that job is not."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from landed_world import D1, D2, comment, event, land, run

from socialrec.contracts import TABLES
from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import read_inputs
from socialrec.lake import Lake
from socialrec.lake.integrity.content import TableContent, content_of_all_runs
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.fits import fit_everything
from socialrec.settings import load_settings

JOBS = ("ingest_landing", "build_silver", "build_gold", "build_features", "score_recommendations")
ENCODER_VERSION = "tiny-000000000000"
N_USERS, N_PRODUCTS = 6, 8
SMALL = """
etl.max_quarantine_share = 0.5
recommend.list_length = 3
recommend.regularization = 5.0
recommend.block_users = 2
spark.master = "local[1]"
spark.driver_memory = "1g"
spark.shuffle_partitions = 2
"""
Contents = dict[str, TableContent]


@dataclass(frozen=True)
class Night:
    """A home just before `job` of the second day, a copy that went on undisturbed, and what all their tables hold."""

    job: str
    home: Path
    undisturbed: Path
    before: Contents
    after: Contents


class Nights:
    """The nights of a shop, which go on from each other, each made when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Night] = {}

    def before(self, job: str) -> Night:
        """The night in which this job comes next."""
        if job not in self._known:
            self._known[job] = self._make(job)
        return self._known[job]

    def _make(self, job: str) -> Night:
        home, undisturbed = self._folder / job / "home", self._folder / job / "undisturbed"
        if earlier := JOBS[: JOBS.index(job)]:
            shutil.copytree(self.before(earlier[-1]).undisturbed, home)
        else:
            land_the_shop(home)
        do(home, D1, job)
        if job in ("build_features", "score_recommendations"):
            pin_a_model(home, D2)
        shutil.copytree(home, undisturbed)
        do(undisturbed, D2, job)
        return Night(job, home, undisturbed, contents(home), contents(undisturbed))


def do(home: Path, ds: str, job: str) -> None:
    """Run one job in this process; the one that scores finds a model pinned, which was fitted on the first day."""
    if job in ("build_features", "score_recommendations"):
        pin_a_model(home, ds)
    run(home, ds, *arguments(job), jobs=[job])


def arguments(job: str) -> tuple[str, ...]:
    """Arguments of a job beside its day, home and run."""
    return ("--encoder-version", ENCODER_VERSION) if job == "build_features" else ()


def copy_home(home: Path, there: Path) -> None:
    """Copy a home; the receipt of a pinned model names the copy's folder."""
    shutil.copytree(home, there)
    if (there / "runs" / D2 / "pin_models.json").exists():
        pin_a_model(there, D2)


def contents(home: Path) -> Contents:
    lake = Lake(home / "lake")
    return {table.name: content_of_all_runs(table, lake.files(table)) for table in TABLES.values()}


def orphans(home: Path) -> list[Path]:
    """What no version names and no process works on: attempts, scratch folders, half receipts."""
    lake = Lake(home / "lake")
    stages = [(stage, lake.folders(table)) for table in TABLES.values() for stage in lake.path(table).glob("stage-*")]
    found = [stage for stage, committed in stages if stage.name not in committed]
    return [*found, *(home / "scratch").glob("*/*"), *(home / "runs").rglob("*.partial")]


def land_the_shop(home: Path) -> None:
    """Everybody clicks on four of eight things on each day; the second day has a repeated and a broken record too."""
    home.mkdir(parents=True)
    (home / "settings.toml").write_text(SMALL)
    land(home, D1, Entity.PRODUCTS, *({"product_id": f"p{n}", "title": f"Kite {n}"} for n in range(N_PRODUCTS)))
    land(home, D1, Entity.FOLLOWS, *({"follower_id": f"u{n}", "followee_id": "u0"} for n in range(1, N_USERS)))
    land(home, D1, Entity.COMMENTS, comment("c1", "u1", "It flies", product_id="p1", rating=5))
    land(home, D1, Entity.INTERACTIONS, *clicks(D1, 0))
    broken = event("x", D2, event_type="stare")
    land(home, D2, Entity.INTERACTIONS, *clicks(D2, 4), clicks(D1, 0)[0], broken)
    land(home, D2, Entity.COMMENTS, comment("c2", "u2", "It sinks", product_id="p2", rating=1))


def clicks(ds: str, first: int) -> list[dict[str, object]]:
    """Neighbouring products, from another one for each user; six of eight over both days, so that two are new."""
    pairs = [(user, (user + first + step) % N_PRODUCTS) for user in range(N_USERS) for step in range(3)]
    return [event(f"{ds}-{u}-{p}", ds, user_id=f"u{u}", product_id=f"p{p}") for u, p in pairs]


def pin_a_model(home: Path, ds: str) -> None:
    """The receipt that `pin_models` would leave."""
    model = home / "models" / "recommender"
    if not model.exists():
        fit_a_model(home, ds, model)
    pins = {"recommender_version": "1", "model_kind": "trained", "encoder_version": ENCODER_VERSION, "trained_run": "t"}
    receipt = home / "runs" / ds / "pin_models.json"
    receipt.parent.mkdir(parents=True, exist_ok=True)
    receipt.write_text(json.dumps({**pins, "recommender_folder": str(model)}))


def fit_a_model(home: Path, ds: str, folder: Path) -> None:
    settings = load_settings(home)
    lake = Lake(settings.lake)
    hashes = lake.read(SILVER_PRODUCTS, [ds])["text_hash"].to_pylist()
    vectors = [[1.0, float(number)] for number in range(len(hashes))]
    versions = [ENCODER_VERSION] * len(hashes)
    rows = pa.table({"text_hash": hashes, "embedding": vectors, "encoder_version": versions})
    with lake.stage(TEXT_EMBEDDINGS, job="test", partitions=[ENCODER_VERSION]) as stage:
        stage.write(rows)
        stage.commit()
    inputs = read_inputs(lake, ds, ENCODER_VERSION)
    weights = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {"collaborative": 0.7, "social": 0.3}
    split = make_split(inputs.interactions, settings.evaluate)
    fit_everything(inputs, split, settings, weights, ENCODER_VERSION).save(folder)
