"""Nights that are made up for later, in any order, leave the tables that nights one by one would have left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from landed_world import comment, event, land
from nights_program import in_a_process

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.plans import GOLD_TARGETS
from socialrec.lake import Lake
from socialrec.lake.integrity.content import content_of_all_runs, require_same

Blow = Callable[[], None]
FIRST = date(2026, 1, 1)
PEOPLE = ("ann", "bob", "eve", "joe")
PRODUCTS = ("kite", "lamp", "boat")
LITTLE_SPARK = '[spark]\nmaster = "local[2]"\ndriver_memory = "1g"\nshuffle_partitions = 2\n'
TABLES = (*BRONZE.values(), *QUARANTINE.values(), *SILVER.values(), *GOLD_TARGETS)


def days_of(n_days: int) -> list[str]:
    return [(FIRST + timedelta(days=number)).isoformat() for number in range(n_days)]


def land_days(home: Path, days: Sequence[str]) -> None:
    """Clicks of everybody on every day; records that come again, contradict, answer or replace earlier ones."""
    rng = np.random.default_rng(5)
    described = [{"product_id": product, "title": f"Red {product}", "category": "toys"} for product in PRODUCTS]
    land(home, days[0], Entity.PRODUCTS, *described)
    for number, ds in enumerate(days):
        clicks = [
            event(f"e{number}-{place}", ds, user_id=PEOPLE[who], product_id=PRODUCTS[what])
            for place, (who, what) in enumerate(zip(rng.integers(0, 4, 40), rng.integers(0, 3, 40), strict=True))
        ]
        again = [{**clicks[0], "event_id": f"e{number - 1}-7"}, event(f"e{number - 1}-8", days[number - 1])]
        land(home, ds, Entity.INTERACTIONS, *clicks, *(again if number else []))
        person, answered = PEOPLE[number % 4], {"parent_comment_id": f"c{number - 1}"} if number else {}
        said = [comment(f"c{number}", person, f"Fine on day {number}", **answered)]
        # The same words on each day: every one but the first has come before.
        land(home, ds, Entity.COMMENTS, *said, comment(f"s{number}", "ann", "Always the same"))
        until = {"until_ts": f"{ds}T00:00:00Z"} if number % 3 == 2 else {}
        land(home, ds, Entity.FOLLOWS, {"follower_id": person, "followee_id": PEOPLE[(number + 1) % 4], **until})
        if number:
            land(home, ds, Entity.PRODUCTS, {**described[number % 3], "title": f"Blue {number}"})


def home_after(root: Path, days: Sequence[str], order: Sequence[int]) -> Lake:
    """The lake of a home in which the nights of all these days ran in this order."""
    home = root / "-".join(map(str, order))
    (home / "secrets").mkdir(parents=True)
    (home / "secrets" / "identity.key").write_text("0f" * 32)
    (home / "settings.toml").write_text("[etl]\nduplicate_window_days = 1\nmax_quarantine_share = 0.5\n" + LITTLE_SPARK)
    land_days(home, days)
    in_a_process(home, [days[number] for number in order])
    return Lake(home / "lake")


def require_equal(in_order: Lake, other: Lake, days: Sequence[str]) -> None:
    """Every table equal bit by bit."""
    found = [(t, *(content_of_all_runs(t, lake.files(t)) for lake in (in_order, other))) for t in TABLES]
    n_rows = require_same(found, "in order", "the other")
    # One comment a day, and of those that say always the same the first.
    assert n_rows["silver.comments"] == len(days) + 1
    assert n_rows["quarantine.interactions"] > 0
    assert min(n_rows[table.name] for table in GOLD_TARGETS) > 0


@pytest.mark.slow
@pytest.mark.chaos(4, "nights made up for in another order", "every table equal bit by bit")
def test_three_nights_in_another_order_leave_the_same_tables(tmp_path: Path, blow: Blow) -> None:
    days = days_of(3)
    require_equal(home_after(tmp_path, days, [0, 1, 2]), home_after(tmp_path, days, [2, 0, 1]), days)
    blow()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.chaos(4, "fourteen nights in two other orders", "every table equal bit by bit")
def test_fourteen_nights_in_any_order_leave_the_same_tables(tmp_path: Path, blow: Blow) -> None:
    days = days_of(14)
    in_order = home_after(tmp_path, days, range(14))
    for order in (range(13, -1, -1), np.random.default_rng(1).permutation(14).tolist()):
        require_equal(in_order, home_after(tmp_path, days, order), days)
        blow()
