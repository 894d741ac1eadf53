"""The tiny shop of the end-to-end tests, and what a person types for it.

It has twelve lamps, twelve boats and twelve kites. Twelve people each clicked on seven things of their kind, one a day,
and wrote a comment; `fan` only follows two of them, and of `idol` nothing is known but that somebody follows them.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from socialrec import tracking
from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.lake import Lake
from socialrec.local_stack.processes import end, find, tree
from socialrec.local_stack.record import read_record
from socialrec.settings import Settings, load_settings
from socialrec.tracking import ENCODER, RECOMMENDER

SOCIALREC = Path(sys.executable).with_name("socialrec")
FIRST = date(2026, 3, 1)
KINDS = {
    "lamp": "brass and glass, warm light",
    "boat": "wood and canvas, white sails",
    "kite": "silk and bamboo, long tail",
}
N_DAYS, N_PEOPLE, N_OF_A_KIND, LENGTH = 7, 12, 12, 5
LAST, NEXT = "2026-03-07", "2026-03-08"
N_USERS = N_PEOPLE + 2
PATIENCE_SECONDS = 900
N_PLACES = N_USERS * LENGTH

SMALL = """
recommend.list_length = 5
recommend.regularization = 5.0
evaluate.cutoff = 5
# Eight tested people prove nothing: what a night needs here is a champion, not a good one.
evaluate.max_p_value = 0.5
evaluate.min_tested_users = 5
text.train_steps = 2
text.train_tokens = 128
spark.driver_memory = "1g"
spark.shuffle_partitions = 1
"""


def kind_of(person: int) -> str:
    return list(KINDS)[person % len(KINDS)]


def thing(kind: str, number: int) -> str:
    return f"{kind}-{number:02}"


def clicked(person: int) -> list[str]:
    """Seven of the twelve things of the person's kind, one a day; everybody leaves out other five."""
    liked = np.random.default_rng(person).permutation(N_OF_A_KIND)[:N_DAYS]
    return [thing(kind_of(person), number) for number in liked]


def click(event_id: str, ds: str, person: int, product: str) -> dict[str, Any]:
    moment = f"{ds}T10:{person:02}:00Z"
    same = {"event_type": "click", "event_ts": moment}
    return {"event_id": event_id, "user_id": f"person-{person}", "product_id": product, **same}


def land(home: Path, ds: str, entity: str, records: list[dict[str, Any]]) -> None:
    file = home / "landing" / "shop" / ds / f"{entity}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def land_the_shop(home: Path) -> None:
    """The catalogue, the ties and the comments on the first day; a click a person on each day."""
    first = FIRST.isoformat()
    things = [(kind, number) for kind in KINDS for number in range(N_OF_A_KIND)]
    land(home, first, "products", [describe(kind, number) for kind, number in things])
    follows = [("fan", "person-0"), ("fan", "person-3"), ("person-1", "idol")]
    land(home, first, "follows", [{"follower_id": a, "followee_id": b} for a, b in follows])
    land(home, first, "comments", [comment(person) for person in range(N_PEOPLE)])
    for step in range(N_DAYS):
        ds = (FIRST + timedelta(days=step)).isoformat()
        land(home, ds, "interactions", [click(f"e{p}-{step}", ds, p, clicked(p)[step]) for p in range(N_PEOPLE)])


def describe(kind: str, number: int) -> dict[str, Any]:
    return {"product_id": thing(kind, number), "title": f"{kind} number {number}", "description": KINDS[kind]}


def comment(person: int) -> dict[str, Any]:
    said = f"Person {person} loves the {KINDS[kind_of(person)].partition(', ')[2]}"
    about = {"user_id": f"person-{person}", "product_id": clicked(person)[0], "text": said}
    return {"comment_id": f"c{person}", **about, "created_ts": f"{FIRST}T12:00:00Z"}


def job_of(shop: Shop, job: str) -> psutil.Process:
    """The first process of a job, as soon as there is one."""
    last = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < last:
        record = read_record(shop.settings)
        supervisor = find(record.supervisor) if record else None
        for process in tree([supervisor]) if supervisor else []:
            with suppress(psutil.Error):
                if any(part.endswith(f"/jobs/{job}.py") for part in process.cmdline()):
                    return process
        time.sleep(0.1)
    raise AssertionError(f"{job} did not come")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Shop:
    """A home, and what a person types for it."""

    settings: Settings

    def socialrec(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(SOCIALREC), *arguments, "--home", str(self.settings.home)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def read_json(self, *arguments: str) -> Any:
        done = self.socialrec(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def published(self) -> tuple[str, str, int | None]:
        """The day that readers are pointed at, a hash of its rows, and the table's version."""
        day = (self.settings.export / "CURRENT").read_text().strip()
        content = (self.settings.export / day / "recommendations.parquet").read_bytes()
        return day, hashlib.sha256(content).hexdigest(), Lake(self.settings.lake).version(RECOMMENDATIONS)

    def models(self) -> list[str]:
        """The newest version of each model, and the champions."""
        tracker = tracking.connect(self.settings)
        found = [ask(name) for name in (ENCODER, RECOMMENDER) for ask in (tracker.newest_version, tracker.champion)]
        return [model.version if model else "none" for model in found]


@contextmanager
def tiny_shop(home: Path) -> Iterator[Shop]:
    """The shop in a new home with ports of its own; what was started there is ended afterwards."""
    land_the_shop(home)
    ports = f"services.airflow_port = {free_port()}\nservices.mlflow_port = {free_port()}\n"
    # Nothing starts by itself, whatever the hour.
    (home / "settings.toml").write_text(f"{SMALL}services.scheduled = false\n{ports}")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SOCIALREC_")]:
            patch.delenv(name)
        settings = load_settings(home)
        try:
            yield Shop(settings)
        finally:
            if record := read_record(settings):
                end([*filter(None, [find(record.supervisor)]), *record.left_running()], patience=5)
