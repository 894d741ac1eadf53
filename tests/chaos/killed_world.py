"""A tiny landed shop in the middle of a night: everything before one job is done, that job is not."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from landed_world import D1, D2, comment, event, land, run
from PIL import Image
from tiny_bert import make_bert
from tiny_vision import make_vit

from socialrec.answers.model import AnswersModel
from socialrec.contracts import TABLES
from socialrec.contracts.vocabulary import Entity
from socialrec.encoders.encoder import load_encoder
from socialrec.encoders.prompts import Role, vectors_version
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import read_inputs
from socialrec.lake import Lake
from socialrec.lake.integrity.content import TableContent, content_of_all_runs
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.fits import fit_everything
from socialrec.settings import load_settings
from socialrec.settings.text import TextSettings

JOBS = (
    *("ingest_landing", "build_silver", "build_gold", "embed_images", "embed_texts", "predict_insights"),
    *("build_features", "score_recommendations", "build_passages", "embed_passages", "answer_questions"),
)
WITHOUT_SPARK = ("embed_images", "embed_texts", "predict_insights", "embed_passages")
WITH_ENCODER_FOLDER = ("embed_texts", "predict_insights", "embed_passages")
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
        pin_models(home, D2, job)
        shutil.copytree(home, undisturbed)
        do(undisturbed, D2, job)
        return Night(job, home, undisturbed, contents(home), contents(undisturbed))


def do(home: Path, ds: str, job: str) -> None:
    """Run one job in this process, with models pinned; the one that scores was fitted on the first day."""
    pin_models(home, ds, job)
    run(home, ds, *arguments(home, job), jobs=[job])


def arguments(home: Path, job: str) -> tuple[str, ...]:
    """Arguments of a job beside its day, home and run."""
    if job == "build_features":
        return ("--encoder-version", vectors_version(encoder(home), Role.QUERY))
    return ("--encoder-folder", str(encoder(home))) if job in WITH_ENCODER_FOLDER else ()


def copy_home(home: Path, there: Path, job: str) -> None:
    """Copy a home; the receipts of pinned models name the copy's folders."""
    shutil.copytree(home, there)
    pin_models(there, D2, job)


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
    """Everybody clicks on four of eight things on each day; the second day has a repeated and a broken record too.

    All have one picture, another one on each day, and one user asks about one of them every day.
    """
    home.mkdir(parents=True)
    (home / "settings.toml").write_text(f'{SMALL}pictures.model = "{make_vit(home / "vit")}"\n')
    text = TextSettings(model=str(make_bert(home / "bert")), max_tokens=16)
    load_encoder(text.model, text).save(encoder(home))
    for ds, colour in ((D1, "red"), (D2, "blue")):
        same = {"description": "It flies in light wind.", "images": ["images/kite.png"]}
        land(
            home,
            ds,
            Entity.PRODUCTS,
            *({"product_id": f"p{n}", "title": f"Kite {n}"} | same for n in range(N_PRODUCTS)),
        )
        pictures = home / "landing" / "shop" / ds / "images"
        pictures.mkdir(parents=True)
        Image.new("RGB", (40, 30), colour).save(pictures / "kite.png")
        about = {"user_id": "u1", "product_id": "p1", "text": f"Is this kite {colour}?"}
        land(home, ds, Entity.QUESTIONS, {"question_id": colour, **about})
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


def encoder(home: Path) -> Path:
    """Folder of the shop's encoder."""
    return home / "models" / "encoder"


def pin_models(home: Path, ds: str, job: str) -> None:
    """The receipts that `pin_models` and `pin_answers` would leave before a job."""
    if job not in ("build_features", "score_recommendations", "answer_questions"):
        return
    version = vectors_version(encoder(home), Role.QUERY)
    recommender, answers = home / "models" / "recommender", home / "models" / "answers"
    if not recommender.exists():
        fit_a_model(home, ds, recommender, version)
        AnswersModel.untrained(version, load_settings(home).answers).save(answers)
    pins = {"recommender_version": "1", "model_kind": "trained", "encoder_version": version, "trained_run": "t"}
    note(home, ds, "pin_models", {**pins, "recommender_folder": str(recommender)})
    folders = {"answers_folder": str(answers), "encoder_folder": str(encoder(home))}
    note(
        home, ds, "pin_answers", {"answers_version": "1", "encoder_version": version, "generator_version": ""} | folders
    )


def note(home: Path, ds: str, job: str, told: dict[str, str]) -> None:
    receipt = home / "runs" / ds / f"{job}.json"
    receipt.parent.mkdir(parents=True, exist_ok=True)
    receipt.write_text(json.dumps(told))


def fit_a_model(home: Path, ds: str, folder: Path, encoder_version: str) -> None:
    settings = load_settings(home)
    inputs = read_inputs(Lake(settings.lake), ds, encoder_version)
    weights = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {"collaborative": 0.7, "social": 0.3}
    split = make_split(inputs.interactions, settings.evaluate)
    fit_everything(inputs, split, settings, weights, encoder_version).save(folder)
