"""Program that runs one world's first night. Arguments: name of the world, home. Writes `<home>/facts.json`."""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from socialrec.bench.first_nights.checks import check_lists
from socialrec.bench.first_nights.night_jobs import JobStep, night_steps
from socialrec.bench.first_nights.reason_truth import check_truth
from socialrec.bench.first_nights.worlds import World, worlds
from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.contracts.runs import training_of
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.orchestration.commands import JOBS, program
from socialrec.runtime import job
from socialrec.settings import Settings, load_settings

FACTS = "facts.json"
FIRST, SECOND = "first", "second"


@dataclass
class FirstNight:
    """Result of one world's first night. `faults` is empty where it succeeded."""

    world: str
    ds: str
    outcome: str = "failed"
    seconds: float = 0.0
    users: int = 0
    products: int = 0
    lists: int = 0
    places: int = 0
    model_kind: str = ""
    gate: str = ""
    gate_reasons: str = ""
    n_gate_warnings: int = 0
    missing: str = ""
    n_reasons: int = 0
    n_profile_parts: int = 0
    n_untrue: int = 0
    job_seconds: dict[str, float] = field(default_factory=dict)
    read: dict[str, list[str]] = field(default_factory=dict)
    """By job, the tables and files that its receipts say were read."""
    wrote: dict[str, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    kept: str = ""
    """Folder in which a failed night is kept, with the log of its jobs."""


class JobFailed(Exception):
    """Failure of a job of the night, with the job's name and the last line of its error."""


def main(name: str, home: str) -> None:
    """Land the world, run its first night and, for some worlds, the same night again; check, and write the facts."""
    settings, world = load_settings(Path(home)), worlds()[name]
    facts, started = FirstNight(name, world.ds), time.monotonic()
    try:
        world.land(settings)
        run_world(settings, world, facts)
    except JobFailed as error:
        facts.faults.append(str(error))
    except Exception as error:
        facts.faults.append(f"checks: {said(error)}")
        traceback.print_exc()
    facts.outcome = "failed" if facts.faults else "succeeded"
    facts.seconds = round(time.monotonic() - started, 1)
    (settings.home / FACTS).write_text(json.dumps(asdict(facts), indent=1), encoding="utf-8")


def run_world(settings: Settings, world: World, facts: FirstNight) -> None:
    """Run the nights in one Spark session, and record their results in the facts."""
    from socialrec.etl.session import spark_session

    with spark_session("first-nights", settings):
        run_night(settings, world.ds, FIRST, facts)
        describe(settings, world.ds, facts)
        facts.faults += [*check_lists(settings, world.ds), *untrue_lines(settings, world.ds, facts)]
        if world.repeats and not facts.faults:
            before = facts_of_lists(settings, world.ds)
            run_night(settings, world.ds, SECOND, facts)
            facts.faults += changes(settings, before, facts_of_lists(settings, world.ds))


def run_night(settings: Settings, ds: str, run_id: str, facts: FirstNight) -> None:
    """Run all jobs of a night; JobFailed at the first that does not end well."""
    for step in night_steps(ds, run_id, lambda run, name: job.receipt(settings, run, name)):
        began = time.monotonic()
        run_step(settings, step)
        facts.job_seconds[f"{run_id}.{step.name}"] = round(time.monotonic() - began, 1)
        note_traffic(facts, job.receipt(settings, step.run_id, step.job))
        let_go_of_plans()


def note_traffic(facts: FirstNight, receipt: Mapping[str, Any]) -> None:
    """Add what a job read and wrote to the facts."""
    for known, name in ((facts.read, "read"), (facts.wrote, "wrote")):
        known[receipt["job"]] = sorted({*known.get(receipt["job"], ()), *receipt[name]})


def run_step(settings: Settings, step: JobStep) -> None:
    """Run one job in this process; JobFailed where it fails. A refused candidate is no failure."""
    main = load_main(step.job)
    try:
        code = main([*step.arguments, "--home", str(settings.home)])
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        raise JobFailed(f"{step.name}: {said(error)}") from error
    if code not in ((0, job.EXIT_REFUSED) if step.job == "promote_model" else (0,)):
        raise JobFailed(f"{step.name}: ended with exit code {code}")


def load_main(name: str) -> Callable[[Sequence[str]], int]:
    """Load the entry point of a job's program."""
    spec = importlib.util.spec_from_file_location(name, program(name))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look up the module that defines them.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    entry: Callable[[Sequence[str]], int] = module.main
    return entry


def let_go_of_plans() -> None:
    """Free the Spark caches that a job holds until its process ends, because this session lives on."""
    from pyspark.sql import SparkSession

    if session := SparkSession.getActiveSession():
        gc.collect()
        session.catalog.clearCache()


def said(error: BaseException) -> str:
    """Error in one line: a UserError by its message, any other with the line of our code that raised it."""
    if isinstance(error, UserError):
        return str(error)
    package = str(JOBS.parent)
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(package)]
    where = f" at {Path(ours[-1].filename).relative_to(package)}:{ours[-1].lineno}" if ours else ""
    lines = str(error).strip().splitlines() or [""]
    # Errors of the JVM carry its stack; the cause is last.
    causes = [line.strip() for line in lines if line.startswith("Caused by: ")]
    return f"{type(error).__name__}: {' '.join([lines[0], *causes[-1:]])}{where}"


def describe(settings: Settings, ds: str, facts: FirstNight) -> None:
    """Fill in sizes, and the facts about the model from the night's receipts."""
    lake, pins = Lake(settings.lake), job.receipt(settings, FIRST, "pin_models")
    facts.users = lake.dataset(USER_PROFILES, [ds]).count_rows()
    facts.products = lake.dataset(SILVER_PRODUCTS, [ds]).count_rows()
    lists = lake.read(RECOMMENDATIONS, [ds], ["user_key"])["user_key"]
    facts.lists, facts.places = len(lists.unique()), len(lists)
    gate = job.receipt(settings, training_of(FIRST), "promote_model")
    facts.model_kind, facts.missing = pins["model_kind"], pins["missing"]
    facts.gate, facts.gate_reasons = gate["status"], "; ".join(gate["reasons"])
    facts.n_gate_warnings = len(gate["warnings"])


def untrue_lines(settings: Settings, ds: str, facts: FirstNight) -> list[str]:
    """Untrue reasons and profile sentences of the day's lists, at most three in words."""
    truth = check_truth(settings, ds)
    facts.n_reasons, facts.n_profile_parts = truth.n_reasons, truth.n_profile_parts
    facts.n_untrue = len(truth.untrue)
    return [f"untrue: {line}" for line in truth.untrue[:3]]


class PublishedNight(NamedTuple):
    """State that a second night of the same day must not change: the table's version and the exported file."""

    version: int | None
    export: bytes


def facts_of_lists(settings: Settings, ds: str) -> PublishedNight:
    """Current state of the lists."""
    file = next((settings.export / ds).glob("*.parquet"))
    return PublishedNight(Lake(settings.lake).version(RECOMMENDATIONS), file.read_bytes())


def changes(settings: Settings, before: PublishedNight, after: PublishedNight) -> list[str]:
    """Changes that a second night of the same day made; empty where all is right."""
    published: dict[str, Any] = job.receipt(settings, SECOND, "publish_recommendations")
    faults = {
        "the second night wrote gold.recommendations again": before.version != after.version,
        "the second night changed the export": before.export != after.export,
        f"the second night published {published['changed_rows']} rows": published["changed_rows"] != 0,
        "the second night trained again": (settings.runs / training_of(SECOND)).exists(),
    }
    return [what for what, is_so in faults.items() if is_so]


if __name__ == "__main__":
    main(*sys.argv[1:])
