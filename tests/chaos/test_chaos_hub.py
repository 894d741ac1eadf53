"""Three follows in ten go to one user: gold needs no more memory for it, and the ties are right."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from socialrec.bench.children import run_child
from socialrec.bench.etl.agreement import agree
from socialrec.bench.etl.peer import Peer
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.gold import SOCIAL_TIES
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.plans import GOLD_TARGETS
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_type
from socialrec.privacy.pseudonyms import KEY_FILE, identity_key, pseudonym
from socialrec.settings import Settings, load_settings
from socialrec.sources.landing import write_day

DS, HUB = "2026-01-01", 0
N_USERS, N_PRODUCTS, N_FOLLOWS, N_EVENTS, N_COMMENTS = 400_000, 5_000, 1_000_000, 500_000, 20_000
HUB_SHARE, HUB_LIKES = 0.3, 300
MEMORY = "1g"
ROOT = Path(__file__).parents[2]
Ints = npt.NDArray[np.int64]


def ids(prefix: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def filled(entity: Entity, columns: dict[str, pa.Array]) -> pa.Table:
    """A table of all landing columns; those that are left out are null. DuckDB's side needs every one."""
    n_rows = len(next(iter(columns.values())))
    kinds = {column.name: arrow_type(column.type) for column in ENTITIES[entity].columns}
    return pa.table({name: columns.get(name, pa.nulls(n_rows, kind)) for name, kind in kinds.items()})


def follows(rng: np.random.Generator, hub_share: float) -> pa.Table:
    """A million distinct edges: so many of them lead to the hub, the others from anybody to anybody."""
    n_hub = int(N_FOLLOWS * hub_share)
    fans = rng.choice(np.arange(1, N_USERS), n_hub, replace=False)
    drawn = rng.choice(N_USERS * (N_USERS - 1), N_FOLLOWS, replace=False)
    one, other = drawn // (N_USERS - 1), drawn % (N_USERS - 1)
    other += other >= one
    is_free = other != HUB if n_hub else np.full(N_FOLLOWS, True)
    kept = np.flatnonzero(is_free)[: N_FOLLOWS - n_hub]
    followers, followees = np.concatenate([fans, one[kept]]), np.concatenate([np.full(n_hub, HUB), other[kept]])
    return filled(Entity.FOLLOWS, {"follower_id": ids("u", followers), "followee_id": ids("u", followees)})


def land_world(home: Path, hub_share: float) -> Settings:
    """Everybody clicks alike in both worlds, and the hub likes much; only the follows differ."""
    (home / "settings.toml").write_text(f'spark.driver_memory = "{MEMORY}"\n')
    settings, rng = load_settings(home), np.random.default_rng(9)
    moment = pa.scalar(datetime(2026, 1, 1, 10, tzinfo=UTC), pa.timestamp("us", tz="UTC"))
    users = np.concatenate([np.full(HUB_LIKES, HUB), rng.integers(0, N_USERS, N_EVENTS - HUB_LIKES)])
    liked = np.concatenate([np.arange(HUB_LIKES), rng.integers(0, N_PRODUCTS, N_EVENTS - HUB_LIKES)])
    events = {"event_id": ids("e", np.arange(N_EVENTS)), "user_id": ids("u", users), "product_id": ids("p", liked)}
    events |= {"event_type": pa.repeat("click", N_EVENTS), "event_ts": pa.repeat(moment, N_EVENTS)}
    numbers = np.arange(N_COMMENTS)
    said = {"comment_id": ids("c", numbers), "user_id": ids("u", rng.integers(0, N_USERS, N_COMMENTS))}
    said |= {
        "product_id": ids("p", rng.integers(0, N_PRODUCTS, N_COMMENTS)),
        "text": ids("It is fine, number ", numbers),
    }
    said |= {"parent_comment_id": ids("c", rng.integers(0, N_COMMENTS, N_COMMENTS))}
    products = np.arange(N_PRODUCTS)
    catalogue = {"product_id": ids("p", products), "title": ids("Thing ", products)}
    catalogue |= {"category": ids("kind ", products % 40), "is_active": pa.repeat(True, N_PRODUCTS)}
    worlds = {Entity.INTERACTIONS: events, Entity.COMMENTS: said, Entity.PRODUCTS: catalogue}
    for entity, columns in worlds.items():
        write_day(settings.landing, "shop", DS, entity, filled(entity, columns), form="parquet")
    write_day(settings.landing, "shop", DS, Entity.FOLLOWS, follows(rng, hub_share), form="parquet")
    identity_key(settings.secrets)
    return settings


def build(settings: Settings) -> float:
    """Run the three jobs as programs; the seconds of build_gold, by its receipt."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for job in ("ingest_landing", "build_silver", "build_gold"):
        done = run_child(
            [sys.executable, str(ROOT / "jobs" / f"{job}.py"), "--home", str(settings.home), "--ds", DS], environment
        )
    return float(json.loads(done.output.splitlines()[-1])["seconds"])


def require_right(settings: Settings, out: Path) -> None:
    """UserError where any gold table differs from DuckDB's."""
    key = bytes.fromhex((settings.secrets / KEY_FILE).read_text())
    peer = Peer(settings.landing, out, key, DS, threads=2)
    peer.ingest()
    peer.silver()
    peer.gold()
    lake = Lake(settings.lake)
    agree((table, lake.files(table), out / table.layer / table.noun) for table in GOLD_TARGETS)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.chaos(9, "follows of one hub in a million, in 1 GiB", "gold ends, and its tables are DuckDB's")
def test_a_hub_takes_no_more_memory_than_there_is_and_its_ties_are_right(
    tmp_path: Path, blow: Callable[..., None], measured: Callable[[str, float], None]
) -> None:
    seconds = {}
    for name, share in (("uniform", 0.0), ("hub", HUB_SHARE)):
        home = tmp_path / name
        home.mkdir()
        settings = land_world(home, share)
        seconds[name] = build(settings)
        measured(f"{name}_gold_seconds", seconds[name])
        require_right(settings, tmp_path / f"{name}-peer")
    measured("hub_over_uniform", seconds["hub"] / seconds["uniform"])
    hub = pseudonym(identity_key(settings.secrets), "shop", f"u{HUB}")
    ties = Lake(settings.lake).read(SOCIAL_TIES, [DS], ["neighbour_key"], pc.field("is_follow"))
    n_to_hub = pc.sum(pc.equal(ties["neighbour_key"], hub)).as_py()
    assert (ties.num_rows, n_to_hub) == (N_FOLLOWS, int(N_FOLLOWS * HUB_SHARE))
    blow(n_to_hub)
