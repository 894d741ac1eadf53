"""A key is a key: of two platforms, of records delivered again, and of nights in any order."""

from pathlib import Path
from typing import Any

import pytest
from landed_world import D1, SILVER_JOBS, comment, event, land, rows, run

from socialrec.contracts.bronze import QUARANTINE
from socialrec.contracts.gold import SOCIAL_TIES, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.lake import Lake

pytestmark = pytest.mark.usefixtures("spark")
LATER, LAST = "2026-02-20", "2026-03-20"


def counts_of(receipts: dict[str, Any], entity: Entity) -> dict[str, int]:
    counts = receipts["build_silver"]["counts"]
    return {name: counts[f"{entity}_{name}"] for name in ("published", "duplicate", "quarantined")}


def land_two_shops(home: Path) -> None:
    """Two shops that number everything from one on."""
    for platform, title in (("north", "Blue bicycle"), ("south", "Red kettle")):
        land(home, D1, Entity.PRODUCTS, {"product_id": "1", "title": title}, platform=platform)
        land(home, D1, Entity.INTERACTIONS, event("1", D1, product_id="1"), platform=platform)
        said = [comment("1", "ann", f"A {title}", product_id="1")]
        answers = [comment("2", "bob", "Is it?", product_id="1", parent_comment_id="1")]
        land(home, D1, Entity.COMMENTS, *said, *answers, platform=platform)


def test_two_platforms_may_give_one_id_to_two_products_events_and_comments(home: Path, lake: Lake) -> None:
    land_two_shops(home)
    receipts = run(home, D1)
    assert {row["product_id"]: row["title"] for row in rows(lake, SILVER[Entity.PRODUCTS])} == {
        "north:1": "Blue bicycle", "south:1": "Red kettle",
    }  # fmt: skip
    assert counts_of(receipts, Entity.INTERACTIONS) == {"published": 2, "duplicate": 0, "quarantined": 0}
    assert counts_of(receipts, Entity.COMMENTS) == {"published": 4, "duplicate": 0, "quarantined": 0}
    assert {row["product_id"] for row in rows(lake, USER_PRODUCT_AFFINITY)} == {"north:1", "south:1"}
    # Each shop's Bob answered its own Ann, once.
    replied = [row["replies_micros"] for row in rows(lake, SOCIAL_TIES) if row["replies_micros"]]
    assert replied == [1_000_000, 1_000_000]
    met = [row["interests"] for row in rows(lake, USER_PROFILES) if row["n_interactions"]]
    assert sorted(product["product_id"] for products in met for product in products) == ["north:1", "south:1"]
    assert receipts["build_silver"]["unmet"] == []


def test_a_shop_that_numbers_its_platforms_together_says_so(home: Path, lake: Lake) -> None:
    land_two_shops(home)
    settings = home / "settings.toml"
    settings.write_text('[etl]\nshared_ids = ["products", "interactions"]\nmax_quarantine_share = 0.5\n')
    receipts = run(home, D1, jobs=SILVER_JOBS)
    assert [row["product_id"] for row in rows(lake, SILVER[Entity.PRODUCTS])] == ["1"]
    # One event of two users' is a contradiction then.
    assert counts_of(receipts, Entity.INTERACTIONS) == {"published": 1, "duplicate": 0, "quarantined": 1}
    settings.write_text("")
    assert counts_of(run(home, D1, jobs=SILVER_JOBS), Entity.INTERACTIONS)["published"] == 2


def test_silver_keeps_the_limit_of_quarantine_and_asks_whose_id_it_is(home: Path, lake: Lake) -> None:
    land(home, D1, Entity.PRODUCTS, *({"product_id": name, "title": name} for name in "abcdef"))
    lines = [event(f"order{n // 2}", D1, product_id=name) for n, name in enumerate("abcdef")]
    land(home, D1, Entity.INTERACTIONS, *lines)
    message = (
        r"interactions: 3 of 6 records \(50.0%\) break their contract, more than etl.max_quarantine_share = 5.0% "
        r"\(conflicting_id 3; such as shop/2026-01-01/interactions.jsonl:2, event_id: order0\); several lines share an "
        r"event_id: is this the order's id\?; correct the files or raise the setting, then run again"
    )
    with pytest.raises(UserError, match=message):
        run(home, D1, jobs=SILVER_JOBS)
    assert {row["reason"] for row in rows(lake, QUARANTINE[Entity.INTERACTIONS])} == {"conflicting_id"}
    assert [lake.partitions(table) for table in SILVER.values()] == [[]] * len(SILVER)
    land(home, D1, Entity.INTERACTIONS, *(line | {"event_id": str(n)} for n, line in enumerate(lines)))
    assert counts_of(run(home, D1, jobs=SILVER_JOBS), Entity.INTERACTIONS)["published"] == 6
    assert rows(lake, QUARANTINE[Entity.INTERACTIONS]) == []


def land_history(home: Path) -> None:
    """Three deliveries weeks apart: a full export again, an edited comment, an edge that ended long ago."""
    land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "Red kite"})
    land(home, D1, Entity.INTERACTIONS, event("e1", D1), event("e2", D1))
    said = comment("c1", "ann", "Bad kite", created_ts=f"{D1}T08:00:00Z", rating=1)
    land(home, D1, Entity.COMMENTS, said, comment("c2", "bob", "Why?", parent_comment_id="c1"))
    land(home, D1, Entity.FOLLOWS, {"follower_id": "ann", "followee_id": "bob", "since_ts": "2025-12-01T00:00:00Z"})
    land(home, LATER, Entity.INTERACTIONS, event("e1", D1), event("e2", D1), event("e3", LATER))
    edited = said | {"text": "Fine kite", "rating": 5, "created_ts": f"{LATER}T08:00:00Z"}
    # Newest first, and its first version after it.
    land(home, LATER, Entity.COMMENTS, edited, said, comment("c3", "bob", "Good"))
    old = {"since_ts": "2024-01-01T00:00:00Z", "until_ts": "2024-02-01T00:00:00Z"}
    land(home, LATER, Entity.FOLLOWS, {"follower_id": "ann", "followee_id": "bob", **old})
    land(home, LAST, Entity.INTERACTIONS, event("e1", D1), event("e4", LAST))
    land(home, LAST, Entity.COMMENTS, said)


def tables(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    found = {table.name: rows(lake, table, LAST if table.is_snapshot else None) for table in SILVER.values()}
    for table in (USER_PRODUCT_AFFINITY, SOCIAL_TIES, USER_PROFILES):
        found[table.name] = rows(lake, table, LAST)
    return found


@pytest.mark.slow
def test_a_key_counts_once_whatever_its_age_and_in_whatever_order_the_nights_run(
    home: Path, lake: Lake, tmp_path: Path
) -> None:
    land_history(home)
    run(home, D1)
    receipts = run(home, LATER)
    assert counts_of(receipts, Entity.INTERACTIONS) == {"published": 1, "duplicate": 2, "quarantined": 0}
    # The first version's day is built again, without it; Ann's edge stands as it was.
    assert counts_of(receipts, Entity.COMMENTS) == {"published": 3, "duplicate": 2, "quarantined": 0}
    assert counts_of(receipts, Entity.FOLLOWS) == {"published": 0, "duplicate": 1, "quarantined": 0}
    assert counts_of(run(home, LAST), Entity.COMMENTS) == {"published": 0, "duplicate": 1, "quarantined": 0}
    in_order = tables(lake)
    texts = {row["comment_id"]: (row["ds"], row["text"]) for row in in_order["silver.comments"]}
    assert texts == {"c1": (LATER, "Fine kite"), "c2": (D1, "Why?"), "c3": (LATER, "Good")}
    assert len(in_order["silver.comments"]) == 3
    assert sorted(row["event_id"] for row in in_order["silver.interactions"]) == ["e1", "e2", "e3", "e4"]
    assert [row["until_ts"] for row in in_order["silver.follows"]] == [None]
    [affinity] = in_order["gold.user_product_affinity"]
    assert affinity["n_events"] == 4
    other = tmp_path / "other"
    (other / "secrets").mkdir(parents=True)
    (other / "secrets" / "identity.key").write_text((home / "secrets" / "identity.key").read_text())
    (other / "landing").symlink_to(home / "landing")
    for ds in (LAST, D1):
        run(other, ds)
    assert tables(Lake(other / "lake")) == in_order
    statuses = {name: receipt["status"] for name, receipt in run(other, LAST, jobs=SILVER_JOBS).items()}
    assert set(statuses.values()) == {"up_to_date"}


@pytest.mark.slow
def test_a_day_that_lands_late_takes_its_keys_from_the_days_after_it(home: Path, lake: Lake) -> None:
    land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "Red kite"})
    land(home, LATER, Entity.INTERACTIONS, event("e1", D1), event("e2", LATER))
    land(home, LATER, Entity.COMMENTS, comment("c1", "ann", "Fine"))
    run(home, LATER, jobs=SILVER_JOBS)
    land(home, D1, Entity.INTERACTIONS, event("e1", D1))
    land(home, D1, Entity.COMMENTS, comment("c1", "ann", "Fine"))
    run(home, LATER, jobs=SILVER_JOBS)
    published = {row["event_id"]: row["ds"] for row in rows(lake, SILVER[Entity.INTERACTIONS])}
    assert published == {"e1": D1, "e2": LATER}
    assert [row["ds"] for row in rows(lake, SILVER[Entity.COMMENTS])] == [D1]
    # Delivered again without them, the first day gives them back.
    land(home, D1, Entity.INTERACTIONS, event("e0", D1))
    land(home, D1, Entity.COMMENTS, comment("c0", "bob", "Well"))
    run(home, LATER, jobs=SILVER_JOBS)
    published = {row["event_id"]: row["ds"] for row in rows(lake, SILVER[Entity.INTERACTIONS])}
    assert published == {"e0": D1, "e1": LATER, "e2": LATER}
    assert {row["comment_id"]: row["ds"] for row in rows(lake, SILVER[Entity.COMMENTS])} == {"c0": D1, "c1": LATER}


def test_ids_that_meet_nothing_are_counted_with_the_likely_cause_and_the_night_goes_on(home: Path, lake: Lake) -> None:
    land(home, D1, Entity.PRODUCTS, *({"product_id": f"00{n}", "title": f"Book {n}"} for n in range(10, 20)))
    clicks = [event(f"e{n}", D1, product_id=str(n)) for n in range(10, 13)] + [event("e", D1, product_id="0013")]
    land(home, D1, Entity.INTERACTIONS, *clicks)
    replies = [comment("c1", "ann", "A", product_id="0010"), comment("c2", "bob", "B", product_id="0010")]
    replies[1] |= {"parent_comment_id": "C1"}
    land(home, D1, Entity.COMMENTS, *replies)
    receipt = run(home, D1, jobs=SILVER_JOBS)["build_silver"]
    events, parents = receipt["unmet"]
    assert (events["n"], events["n_in"], events["example"], events["meant"]) == (3, 4, "10", "0010")
    assert "leading zeros were lost" in events["cause"]
    assert (parents["column"], parents["n"], parents["example"], parents["meant"]) == (
        "parent_comment_id",
        1,
        "C1",
        "c1",
    )
    assert [line.split(":")[0] for line in receipt["warnings"]] == ["interactions", "comments"]
    assert len(rows(lake, SILVER[Entity.INTERACTIONS])) == 4
