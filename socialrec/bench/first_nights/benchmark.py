"""First nights of many worlds, each in its own home and process, without Airflow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from socialrec.bench.first_nights.program import FACTS, FirstNight
from socialrec.bench.first_nights.worlds import World, worlds
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.result import this_machine
from socialrec.errors import UserError
from socialrec.local_stack.environment import REPOSITORY
from socialrec.settings import ENV_PREFIX
from socialrec.settings.threads import PATIENT

AT_ONCE = 2
"""Worlds that run in parallel, where the machine has enough cores."""
MAX_SECONDS = 3_600
SETTINGS = """
services.mlflow_uri = "sqlite:///{home}/mlflow.db"
spark.master = "local[2]"
spark.driver_memory = "1g"
spark.shuffle_partitions = 2
# This proves that a night ends with lists; the encoder's quality does not matter.
text.train_steps = {steps}
# One small world has a broken record in each file.
etl.max_quarantine_share = 0.2
"""
TRAIN_STEPS = 4
COLUMNS = ("world", "users", "products", "seconds", "model", "lists", "outcome")
_LINE = "{:<24} {:>6} {:>8} {:>8} {:<8} {:>6} {}"


def run(only: Sequence[str] = (), progress: Progress = to_standard_error) -> str:
    """Run the worlds of these names, or all; one line of JSON with `worlds`, `succeeded`, `skipped`, `seconds`.

    Progress has one line per world. A home is removed where its night succeeded; `kept` names the others.
    Raises UserError for a name that no world has.
    """
    chosen, began = choose(only), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="socialrec-first-nights-"))
    progress(_LINE.format(*COLUMNS))
    found: dict[str, FirstNight] = {}
    at_once = min(AT_ONCE, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(run_one, world, folder / world.name, at_once) for world in chosen]
        for done in as_completed(running):
            facts = done.result()
            found[facts.world] = facts
            progress(line_of(facts))
    if not any(folder.iterdir()):
        folder.rmdir()
    return to_json([found[world.name] for world in chosen], time.monotonic() - began)


def choose(only: Sequence[str]) -> list[World]:
    """The worlds of these names, all where there are none; UserError for a name that no world has."""
    known = worlds()
    if unknown := [name for name in only if name not in known]:
        raise UserError(f"no world {unknown[0]!r}; there are: {', '.join(known)}")
    return [known[name] for name in only or known]


def run_one(world: World, home: Path, at_once: int = 1) -> FirstNight:
    """Run one world in a new process; its home stays, with the log of its jobs, where the night failed."""
    if world.lacks:
        return FirstNight(world.name, world.ds, outcome="skipped", faults=[world.lacks])
    home.mkdir(parents=True)
    settings = SETTINGS.format(home=home, steps=TRAIN_STEPS)
    (home / "settings.toml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "socialrec.bench.first_nights.program", world.name, str(home)]
    log, began = home / "night.log", time.monotonic()
    with log.open("w") as output:
        try:
            # The home is the current folder: MLflow's files lie where its database is.
            code = subprocess.run(
                command,
                cwd=home,
                env=environment(at_once),
                stdout=output,
                stderr=output,
                timeout=MAX_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    facts = read_facts(home, world, code)
    facts.seconds = round(time.monotonic() - began, 1)
    if facts.outcome == "succeeded":
        shutil.rmtree(home)
    else:
        facts.kept = str(home)
    return facts


def read_facts(home: Path, world: World, code: int) -> FirstNight:
    """Facts that the program wrote; where it wrote none, a fault with the exit code or the timeout."""
    file = home / FACTS
    if file.exists():
        return FirstNight(**json.loads(file.read_text(encoding="utf-8")))
    why = f"took more than {MAX_SECONDS} seconds" if code == -1 else f"its process ended with exit code {code}"
    return FirstNight(world.name, world.ds, faults=[f"{why}: see {home / 'night.log'}"])


def environment(at_once: int) -> dict[str, str]:
    """Environment of a world's process: this code, no settings of this shell, a share of the cores, a fast-starting
    JVM.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    data = {name: value for name, value in os.environ.items() if name == "SOCIALREC_DATA_DIR"}
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
    threads = max(1, len(os.sched_getaffinity(0)) // at_once)
    # Most CPU time of a small night goes into compiling code that Spark runs a few times: one tier is enough.
    # With one tier the JVM reserves a fifth of the usual code cache, which a demo world's night fills.
    jvm = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"}
    return {**PATIENT, **kept, **data, **jvm, "PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)}


def line_of(facts: FirstNight) -> str:
    """One line about a world for people; faults and the path of the log follow on their own lines."""
    model = facts.model_kind or "-"
    cells = (facts.world, facts.users, facts.products, f"{facts.seconds:.1f}", model, facts.lists, facts.outcome)
    log = [f"log: {facts.kept}/night.log"] if facts.kept else []
    return "\n    ".join([_LINE.format(*cells), *facts.faults, *log])


def to_json(found: Sequence[FirstNight], seconds: float) -> str:
    """All worlds as one line of JSON. `worlds` counts those that ran."""
    outcomes = [facts.outcome for facts in found]
    document = {
        "name": "first-nights",
        "worlds": len(found) - outcomes.count("skipped"),
        "succeeded": outcomes.count("succeeded"),
        "skipped": outcomes.count("skipped"),
        "seconds": round(seconds, 1),
        "facts": {facts.world: asdict(facts) for facts in found},
        "machine": this_machine(),
    }
    return json.dumps(document)
