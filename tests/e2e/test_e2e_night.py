"""Whole nights through real Airflow, Spark, torch and MLflow on a tiny shop. The tests go on from each other.

The shop has twelve lamps, twelve boats and twelve kites. Twelve people each clicked on seven things of their kind, one
a day, and wrote a comment; `fan` only follows two of them, and of `idol` nothing is known but that somebody follows
them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from socialrec import tracking
from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.lake import Lake
from socialrec.service.processes import end, find, tree
from socialrec.service.record import read_record
from socialrec.service.secrets import password
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
N_PLACES = N_USERS * LENGTH

SMALL = """
recommend.list_length = 5
recommend.ridge = 5.0
evaluate.cutoff = 5
# Eight tested people prove nothing: what a night needs here is a champion, not a good one.
evaluate.max_p_value = 0.5
evaluate.min_reasons_valid = 0.5
text.train_steps = 2
text.train_tokens = 128
spark.driver_memory = "1g"
spark.shuffle_partitions = 2
# These jobs end before the JVM's second compiler would pay.
spark.conf = { "spark.driver.extraJavaOptions" = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" }
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


def kill_one(shop: Shop, job: str) -> bool:
    """Kill a job's process as soon as there is one; whether there was."""
    record = read_record(shop.settings)
    supervisor = find(record.supervisor) if record else None
    for _ in range(3_000):
        for process in tree([supervisor]) if supervisor else []:
            with contextlib.suppress(psutil.Error):
                if process.name().startswith("python") and job in " ".join(process.cmdline()):
                    process.kill()
                    return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("night") / "home"
    land_the_shop(home)
    ports = f"services.airflow_port = {free_port()}\nservices.mlflow_port = {free_port()}\n"
    (home / "settings.toml").write_text(SMALL + ports)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SOCIALREC_")]:
            patch.delenv(name)
        settings = load_settings(home)
        try:
            yield Shop(settings)
        finally:
            if record := read_record(settings):
                end([*filter(None, [find(record.supervisor)]), *record.left_running()], patience=5)


@pytest.fixture(scope="module")
def first_night(shop: Shop) -> subprocess.CompletedProcess[str]:
    done = shop.socialrec("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_a_first_night_takes_all_days_trains_a_champion_and_publishes(
    shop: Shop, first_night: subprocess.CompletedProcess[str]
) -> None:
    said = first_night.stdout
    assert f"{N_PLACES} of {N_PLACES} published rows changed" in said
    assert "a first champion trained" in said
    assert shop.models() == ["1", "1", "1", "1"]
    rows = pq.read_table(shop.settings.export / LAST / "recommendations.parquet").to_pylist()
    ranks: dict[str, list[int]] = {}
    for row in rows:
        ranks.setdefault(row["user_key"], []).append(row["rank"])
    assert list(ranks.values()) == [[1, 2, 3, 4, 5]] * N_USERS
    assert all(row["reasons"] for row in rows)


def test_progress_has_a_line_for_every_task_with_its_state_and_seconds(
    first_night: subprocess.CompletedProcess[str],
) -> None:
    ended = re.findall(r"^  (\S+) +(\S+) +[\d.]+ s$", first_night.stdout, re.MULTILINE)
    assert {state for _, state in ended} == {"success"}
    night = {"resolve_run", "ingest_landing", "build_silver", "build_gold", "ensure_champion", "train_first_champion"}
    night |= {"pin_models", "embed_texts", "predict_insights", "score_recommendations"}
    night |= {"publish_recommendations", "report_run"}
    training = {"resolve_run", "finetune_encoder", "embed_texts", "fit_recommender", "evaluate_recommender"}
    training |= {"promote_model"}
    assert sorted(task for task, _ in ended) == sorted(night | {f"socialrec_train.{task}" for task in training})


def test_a_night_ends_with_both_addresses_and_where_the_password_is_but_never_the_password(
    shop: Shop, first_night: subprocess.CompletedProcess[str]
) -> None:
    record = read_record(shop.settings)
    assert record is not None
    for told in (record.airflow["url"], record.mlflow["url"], record.airflow["password_file"], "user admin"):
        assert told in first_night.stdout
    assert password(shop.settings) not in first_night.stdout + first_night.stderr


@pytest.mark.usefixtures("first_night")
def test_what_came_in_adds_up_and_stands_in_the_summary(shop: Shop) -> None:
    summary = json.loads((shop.settings.reports / LAST / "summary.json").read_text())
    landed = {"products": 36, "interactions": N_PEOPLE * N_DAYS, "comments": N_PEOPLE, "follows": 3}
    assert {name: counts["in"] for name, counts in summary["rows"].items()} == landed
    assert {name: counts["published"] for name, counts in summary["rows"].items()} == landed
    assert all(counts["adds_up"] for counts in summary["rows"].values())
    assert summary["evaluation_label"].startswith("time cut")


@pytest.mark.usefixtures("first_night")
def test_somebody_who_clicked_gets_the_things_of_their_kind_that_they_have_not_seen_with_reasons(shop: Shop) -> None:
    [found] = shop.read_json("recommend", "person-4")
    unseen = {thing("boat", number) for number in range(N_OF_A_KIND)} - set(clicked(4))
    assert {place["product_id"] for place in found["places"]} == unseen
    assert [place["rank"] for place in found["places"]] == [1, 2, 3, 4, 5]
    assert all(place["title"].startswith("boat number") for place in found["places"])
    assert all(re.search("because of boat|in your words: .*sails", str(place["reasons"])) for place in found["places"])


@pytest.mark.usefixtures("first_night")
@pytest.mark.parametrize("user", ["fan", "idol"])
def test_somebody_without_any_history_gets_a_whole_list_with_reasons_too(shop: Shop, user: str) -> None:
    [found] = shop.read_json("recommend", user)
    assert [place["rank"] for place in found["places"]] == [1, 2, 3, 4, 5]
    assert all(place["reasons"] for place in found["places"])
    assert found["profile"] == "Nothing known yet."


@pytest.mark.usefixtures("first_night")
def test_a_second_night_of_the_same_day_changes_encodes_and_trains_nothing_and_says_so(shop: Shop) -> None:
    before = shop.published()
    done = shop.socialrec("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"0 of {N_PLACES} published rows changed, 0 texts encoded, nothing re-trained" in done.stdout
    assert shop.published() == before
    assert shop.models() == ["1", "1", "1", "1"]


@pytest.mark.usefixtures("first_night")
def test_too_many_broken_records_stop_the_night_and_the_old_lists_stay(shop: Shop) -> None:
    before = shop.published()
    good = [click(f"n{person}", NEXT, person, clicked(person)[0]) for person in range(9)]
    land(shop.settings.home, NEXT, "interactions", [*good, {**good[0], "event_id": "x", "event_type": "stare"}])
    done = shop.socialrec("run")
    assert done.returncode == 1
    assert "ingest_landing failed; the last lines of its log:" in done.stderr
    assert "interactions: 1 of 10 records (10.0%) break their contract" in done.stderr
    assert "Traceback" not in done.stderr
    assert shop.published() == before
    assert shop.read_json("recommend", "idol")[0]["ds"] == LAST


@pytest.mark.usefixtures("first_night")
def test_status_tells_what_runs_what_landed_and_what_is_published(shop: Shop) -> None:
    told = shop.read_json("status")
    assert (told["airflow"], told["mlflow"]) == ("healthy", "healthy")
    assert (told["newest_landing"], told["newest_bronze"], told["newest_lists"]) == (NEXT, LAST, LAST)
    assert (told["places"], told["recommender_version"]) == (N_PLACES, "1")
    assert told["last_night"].endswith(": failed")


@pytest.mark.slow
@pytest.mark.usefixtures("first_night")
def test_a_mended_day_goes_through_even_where_one_of_its_jobs_is_killed(shop: Shop) -> None:
    clicks = [click(f"n{person}", NEXT, person, clicked(person)[0]) for person in range(N_PEOPLE)]
    land(shop.settings.home, NEXT, "interactions", clicks)
    with ThreadPoolExecutor() as pool:
        killed = pool.submit(kill_one, shop, "build_silver.py")
        done = shop.socialrec("run")
    assert killed.result()
    assert done.returncode == 0, done.stdout + done.stderr
    states = [line.split()[1] for line in done.stdout.splitlines() if line.split()[:1] == ["build_silver"]]
    assert states == ["running", "up_for_retry", "running", "success"]
    assert "nothing re-trained" in done.stdout
    assert shop.published()[0] == NEXT
    told = shop.read_json("status")
    assert (told["newest_bronze"], told["newest_lists"], told["places"]) == (NEXT, NEXT, N_PLACES)
