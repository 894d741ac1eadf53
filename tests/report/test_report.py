"""The report of a night: what it counts, and the page that it makes."""

from __future__ import annotations

import csv
import dataclasses
import html
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from socialrec.contracts.bronze import BRONZE, QUARANTINE, QUARANTINED_PICTURES
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    MODEL_DECISIONS,
    RECOMMENDATIONS,
    USER_OPINIONS,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.display.messages.catalogue import AUTO
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.report import charts
from socialrec.report.facts import Liked, NightFacts, Rejected, Served, read_facts, read_rejected, served_groups
from socialrec.report.page import render, write_report
from socialrec.report.summary import model_of, refusal_of

D1, D2 = "2026-03-30", "2026-03-31"
ANN, BOB, EVE = ("a" * 64, "b" * 64, "e" * 64)
TITLES = {"p1": "Red kite", "p2": "Blue <b>kite</b>", "p3": "Green kite", "gone": "Old kite"}


def write(lake: Lake, table: Table, partition: str, *rows: dict[str, Any]) -> None:
    filled = [{column.name: row.get(column.name) for column in table.columns} for row in rows]
    with lake.stage(table, job="test", partitions=[partition]) as stage:
        stage.write(pa.Table.from_pylist(filled, schema=arrow_schema(table)))
        stage.commit()


def place(user: str, rank: int, product: str, ds: str, version: str = "1") -> dict[str, Any]:
    reason = {"kind": "friends", "share": 1.0, "products": [], "friends": [BOB], "words": []}
    made = {
        "recommender_version": version,
        "model_kind": "trained",
        "encoder_version": "mini",
        "platform": "shop",
        "ds": ds,
    }
    return {"user_key": user, "rank": rank, "product_id": product, "score": 2.0 - rank, "reasons": [reason], **made}


def profile(user: str, ds: str, n_interactions: int) -> dict[str, Any]:
    numbers = {"n_interactions": n_interactions, "n_products": 1, "n_comments": 0, "n_follows": 1}
    parts = {"categories": [{"category": "kites", "is_liked": True}], "interests": [], "commented": [], "labelled": []}
    return {"user_key": user, **numbers, **parts, "platform": "shop", "ds": ds}


@pytest.fixture
def shop(lake: Lake) -> Lake:
    """Two nights: one of two products in Ann's list changes, Bob's list stays, Eve is new."""
    here = {"platform": "shop", "is_late": False}
    for ds, n in ((D1, 3), (D2, 2)):
        click = {"user_key": ANN, "product_id": "p1", "event_type": "click", "quantity": 1.0, **here, "ds": ds}
        write(lake, SILVER_INTERACTIONS, ds, *({**click, "event_id": f"{ds}{i}"} for i in range(n)))
        write(lake, SILVER_COMMENTS, ds)
        products = [
            {"product_id": p, "title": t, "text": t, "text_hash": "0" * 64, "is_active": p != "gone"}
            for p, t in TITLES.items()
        ]
        write(lake, SILVER_PRODUCTS, ds, *({**p, "first_seen_ds": D1, "platform": "shop", "ds": ds} for p in products))
        write(lake, USER_PROFILES, ds, profile(ANN, ds, n), profile(BOB, ds, 0), profile(EVE, ds, 0))
        for entity in Entity:
            write(lake, BRONZE[entity], ds)
            write(lake, QUARANTINE[entity], ds)
    old = [place(ANN, 1, "p1", D1), place(ANN, 2, "p2", D1), place(BOB, 1, "p1", D1), place(BOB, 2, "p2", D1)]
    write(lake, RECOMMENDATIONS, D1, *old)
    new = [place(ANN, 1, "p2", D2), place(ANN, 2, "p3", D2), place(BOB, 1, "p1", D2), place(BOB, 2, "p2", D2)]
    write(lake, RECOMMENDATIONS, D2, *new, place(EVE, 1, "p2", D2))
    return lake


def summary(**values: Any) -> dict[str, Any]:
    published = {"users": 3, "published": 5}
    return {
        "ds": D2,
        "run_id": "r1",
        "rows": {"comments": {"in": 3, "published": 2, "duplicate": 1, "quarantined": 0, "adds_up": True}},
        "counts": {"publish_recommendations": published},
        "changed_rows": 4,
        "encoded": 7,
        "warnings": [],
        "trained": False,
        "models": {"recommender_version": "1", "encoder_version": "mini"},
        "pages": {"version": "http://mlflow/version/1", "training": "http://mlflow/run/t"},
        "evaluation": {"test/ndcg_at_10": 0.25, "test/popularity_ndcg_at_10": 0.125, "test/n_users": 9.0},
        "evaluation_label": "time cut 2026-03-20",
        "seconds": {"build_gold": 12.0, "embed_texts": 3.0},
        **values,
    }


def test_exposure_counts_lists_by_active_product(shop: Lake) -> None:
    exposure = read_facts(shop, D2, AUTO).exposure
    assert exposure.counts.tolist() == [3, 1, 1]
    assert exposure.coverage == 1.0
    assert exposure.top == (("Blue <b>kite</b>", 3), ("Red kite", 1), ("Green kite", 1))


def test_changes_are_the_products_that_a_list_did_not_hold_the_day_before(shop: Lake) -> None:
    changes = read_facts(shop, D2, AUTO).changes
    assert changes is not None
    assert (changes.previous_ds, changes.new_users, changes.is_other_model) == (D1, 1, False)
    assert changes.new_share == pytest.approx(2 / 5)  # Ann's p3 and Eve's p2
    assert [(mover.user_key, mover.n_new, mover.why) for mover in changes.movers] == [(ANN, 1, "-1 interactions")]


def test_the_first_lists_have_nothing_to_be_compared_with(shop: Lake) -> None:
    assert read_facts(shop, D1, AUTO).changes is None


def test_the_page_says_which_model_made_the_lists_and_what_put_it_to_use(shop: Lake) -> None:
    assert "No decision about it is on record." in render(summary(), read_facts(shop, D2, AUTO))
    decided = {"decided_ts": datetime(2026, 3, 29, 4, 5, tzinfo=UTC), "kind": "rollback", "is_champion": True, "ds": D1}
    row = {**decided, "recommender_version": "1", "reasons": ["lists of <one> taste"], "checks": [], "figures": []}
    same = {"encoder_version": "mini", "label": "time cut", "mlflow_run": "t"}
    write(shop, MODEL_DECISIONS, D1, {**row, **same}, {**row, **same, "recommender_version": "2"})
    page = render(summary(), read_facts(shop, D2, AUTO))
    assert '<a href="http://mlflow/version/1" target="_blank">Recommender 1</a>' in page
    assert "Champion since 2026-03-29 04:05 UTC: a person went back to it." in " ".join(page.split())
    assert "<li>lists of &lt;one&gt; taste</li>" in page


def test_the_page_says_what_each_job_cost_and_all_of_them_per_thousand_users(shop: Lake) -> None:
    assert "CPU seconds" not in render(summary(), read_facts(shop, D2, AUTO))
    one = {"cpu_seconds": 5.25, "gpu_seconds": 0.0, "rows_written": 4, "bytes_written": 3 * 1024**2}
    shares = {"cpu_seconds": 1750.0, "gpu_seconds": 0.0, "rows_written": 1333.3, "bytes_written": 1024**3}
    cost = {"jobs": {"build_gold": one}, "total": one, "per_thousand_users": shares}
    page = render(summary(cost=cost), read_facts(shop, D2, AUTO))
    table = page[page.index("CPU seconds") :]
    rows = [re.findall(r"<t[dh] [^>]*>(.*?)</t[dh]>", row) for row in table.split("<tr>")[1:]]
    assert rows == [
        ["build_gold", "5.2", "0.0", "4", "3.00"],
        ["all", "5.2", "0.0", "4", "3.00"],
        ["per thousand users", "1,750.0", "0.0", "1,333", "1,024.00"],
    ]


def test_growth_is_rows_by_day_up_to_the_night(shop: Lake) -> None:
    assert read_facts(shop, D2, AUTO).growth == {"interactions": {D1: 3, D2: 2}}
    assert read_facts(shop, D1, AUTO).growth["interactions"] == {D1: 3}


def test_rejected_records_are_counted_by_reason_and_their_values_are_not_shown(shop: Lake) -> None:
    where = {"stage": "ingest", "record": "{}", "platform": "shop", "source_file": "shop/x/follows.csv", "ds": D2}
    bad = {"reason": "self_follow", "detail": "followee_id: ann", **where}
    other = {"reason": "missing_value", "detail": "follower_id: null", **where}
    write(
        shop, QUARANTINE[Entity.FOLLOWS], D2, *({**bad, "source_line": n} for n in (9, 4)), {**other, "source_line": 1}
    )
    found = read_rejected(shop, [D2])
    assert [(row.reason, row.n, row.example) for row in found] == [
        ("self_follow", 2, "shop/x/follows.csv:4, followee_id"),
        ("missing_value", 1, "shop/x/follows.csv:1, follower_id"),
    ]
    picture = {"reason": "unreadable", "detail": "damaged PNG", "platform": "shop", "ds": D2}
    write(shop, QUARANTINED_PICTURES, D2, *({**picture, "source_file": f"shop/x/images/{n}.png"} for n in (2, 1, 3)))
    assert read_rejected(shop, [D2])[0] == Rejected("pictures", "unreadable", 3, "shop/x/images/1.png")


def test_the_page_counts_records_and_pictures_in_quarantine_apart(shop: Lake) -> None:
    """Its first figures count records alone."""
    facts = read_facts(shop, D2, AUTO)
    records, picture = Rejected("follows", "self_follow", 1200, "a:1, user"), Rejected("pictures", "unreadable", 1, "b")
    for rejected, told in (
        ((records, picture), "1,200 records and 1 picture"),
        ((records,), "1,200 records"),
        ((picture,), "1 picture"),
    ):
        page = render(summary(), dataclasses.replace(facts, rejected=rejected))
        assert f"<summary>In quarantine: {told}</summary>" in page


def test_what_people_say_is_counted_by_sentiment_and_topic_most_frequent_first(shop: Lake) -> None:
    assert "What people say" not in render(summary(), read_facts(shop, D2, AUTO))
    moods = [("positive", "price"), ("negative", "price"), ("positive", "<size>"), ("positive", None)]
    told = [{"comment_id": f"c{n}", "sentiment": mood, "topic": topic} for n, (mood, topic) in enumerate(moods)]
    made = {"aspects": [], "encoder_version": "mini", "platform": "shop", "ds": D2}
    write(shop, COMMENT_INSIGHTS, D2, *({**row, **made} for row in told))
    facts = read_facts(shop, D2, AUTO)
    assert {name: list(counts.items()) for name, counts in facts.said.items()} == {
        "sentiment": [("positive", 3), ("negative", 1)],
        "topic": [("price", 2), ("<size>", 1)],
    }
    page = render(summary(), facts)
    assert "What people say" in page
    assert "<size>" not in page


def test_what_people_think_is_a_mean_over_comments_best_liked_first(shop: Lake) -> None:
    assert "What people think" not in render(summary(), read_facts(shop, D2, AUTO))
    same = {"platform": "shop", "ds": D2}
    thoughts = [(ANN, "size", -1.0, 3), (BOB, "size", 1.0, 1), (ANN, "<kites>", 1.0, 2)]
    rows = [{"user_key": user, "subject": of, "sentiment": mean, "n_comments": n} for user, of, mean, n in thoughts]
    kinds = {"size": "aspect", "<kites>": "category"}
    write(shop, USER_OPINIONS, D2, *({**row, **same, "kind": kinds[row["subject"]]} for row in rows))
    facts = read_facts(shop, D2, AUTO)
    assert facts.liked == (Liked("category", "<kites>", 1, 2, 1.0), Liked("aspect", "size", 2, 4, -0.5))
    page = render(summary(), facts)
    assert "<kites>" not in page
    assert "-0.50" in page[page.index("What people think") :]


def test_next_actions_are_expected_numbers_of_the_days_users(shop: Lake) -> None:
    assert "What people may do next" not in render(summary(), read_facts(shop, D2, AUTO))
    same = {"product_id": "p1", "encoder_version": "mini", "platform": "shop", "ds": D2}
    chances = [(ANN, "cart", 0.75), (ANN, "like", 0.25), (BOB, "cart", 0.5), (BOB, "like", 0.5)]
    rows = [{"user_key": user, "action": action, "probability": chance} for user, action, chance in chances]
    write(shop, BEHAVIOUR_PROPENSITIES, D2, *({**row, **same} for row in rows))
    facts = read_facts(shop, D2, AUTO)
    assert list(facts.expected.items()) == [("cart", 1.25), ("like", 0.75)]
    assert "What people may do next" in render(summary(), facts)
    assert read_facts(shop, D1, AUTO).expected == {}


def test_what_a_job_warned_of_stands_at_the_top(shop: Lake) -> None:
    page = render(summary(warnings=["score has drifted <here>"]), read_facts(shop, D2, AUTO))
    assert page.index("score has drifted &lt;here&gt;") < page.index("Which model made the lists")


@pytest.mark.parametrize(("adds_up", "told"), [(True, ">"), (False, " open>")])
def test_records_by_entity_are_open_only_where_they_do_not_add_up(shop: Lake, *, adds_up: bool, told: str) -> None:
    comments = {"in": 3, "published": 2, "duplicate": 0, "quarantined": 0, "adds_up": adds_up}
    page = render(summary(rows={"comments": comments}), read_facts(shop, D2, AUTO))
    answer = "all add up" if adds_up else "not all add up"
    assert f"<details{told}<summary>Records by entity: {answer}</summary>" in page


def test_what_was_masked_is_counted_by_kind_beside_what_came_in(shop: Lake) -> None:
    comments = {**summary()["rows"]["comments"], "masked": {"mail": 1200, "phone": 1}}
    page = render(summary(rows={"comments": comments}), read_facts(shop, D2, AUTO))
    assert "Masked: in comments mail in 1,200 texts, phone in 1 text." in page
    assert "Masked" not in render(summary(), read_facts(shop, D2, AUTO))


def test_accounts_that_look_like_a_ring_are_listed_with_their_signals(shop: Lake) -> None:
    assert "Accounts to look at" not in render(summary(), read_facts(shop, D2, AUTO))
    fakes = [f"{number}" * 64 for number in range(6)]
    at = datetime(2026, 3, 31, 9, tzinfo=UTC)
    here = {"platform": "shop", "ds": D2}
    bought = {"product_id": "p3", "event_type": "purchase", "event_ts": at, "quantity": 1.0, "is_late": False, **here}
    write(shop, SILVER_INTERACTIONS, D2, *({**bought, "user_key": fake, "event_id": f"f{fake}"} for fake in fakes))
    ties = [(one, other) for one in fakes for other in fakes if one != other]
    write(shop, SILVER_FOLLOWS, D2, *({"follower_key": a, "followee_key": b, **here} for a, b in ties))
    page = render(summary(), read_facts(shop, D2, AUTO))
    assert "6 accounts behave like a ring of fake accounts" in page
    assert page.count(">burst, closed ties</td>") == 6
    assert f'<th scope="row">{fakes[0][:8]}</th>' in page


def test_the_page_says_whom_the_model_serves_and_what_small_sellers_get(shop: Lake) -> None:
    figures = {
        "slice/activity/low/ndcg_at_10": 0.125, "slice/activity/low/n_users": 40.0,
        "slice/activity/low/popularity_ndcg_at_10": 0.1, "slice/platform/shop/ndcg_at_10": 0.5,
        "slice/seller/small/ndcg_at_10": 0.0625, "slice/seller/small/n_users": 1500.0, "test/ndcg_at_10": 0.2,
    }  # fmt: skip
    decision = {"figures": [{"name": name, "value": value} for name, value in figures.items()]}
    assert served_groups(decision) == [Served("activity: low", 40, 0.125), Served("seller: small", 1500, 0.0625)]
    assert served_groups(None) == []
    facts = dataclasses.replace(read_facts(shop, D2, AUTO), decision=None)
    page = render(summary(evaluation={"test/exposure_small_sellers_at_10": 0.75}), facts)
    assert "small sellers got 75% of the exposure expected from their share of likes" in page


def test_the_page_needs_nothing_else_and_escapes_what_people_wrote(shop: Lake) -> None:
    page = render(summary(), read_facts(shop, D2, AUTO))
    assert "Blue &lt;b&gt;kite&lt;/b&gt;" in page
    assert "<b>kite</b>" not in page
    assert "time cut 2026-03-20" in page
    assert "0.250" in page
    assert "0.125" in page
    assert "n_users" not in page
    for outside in ("src=", "<link", "@import", "<script"):
        assert outside not in page


def test_the_same_night_makes_the_same_page(shop: Lake) -> None:
    facts = read_facts(shop, D2, AUTO)
    assert render(summary(), facts) == render(summary(), facts)


def test_a_night_without_new_records_or_figures_says_so(shop: Lake) -> None:
    page = render(summary(rows={}, evaluation={}), read_facts(shop, D2, AUTO))
    assert "Nothing new came in." in page
    assert "no figures" in page


def test_an_empty_shop_still_has_a_page(lake: Lake) -> None:
    facts: NightFacts = read_facts(lake, D2, AUTO)
    assert (facts.samples, facts.exposure.coverage, facts.changes) == ((), 0.0, None)
    assert "Lists of 0 users" in render(summary(), facts)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    long = charts.curve(np.arange(20_000)[::-1])
    points = long.points.split()
    assert (len(points), points[0], points[-1], long.top) == (charts.MAX_POINTS, "0.00,0.00", "100.00,100.00", 20_000)


@pytest.mark.parametrize(
    ("counts", "points", "top"),
    [
        ([], "", 2),
        ([0], "0.00,100.00 100.00,100.00", 2),
        ([30], "0.00,0.00 100.00,0.00", 30),
        ([0, 1], "0.00,100.00 100.00,50.00", 2),
    ],
)
def test_a_curve_of_few_counts_still_fills_its_frame(counts: list[int], points: str, top: float) -> None:
    assert charts.curve(counts) == charts.Curve(points, top)


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (11, 20), (100, 100), (101, 150), (506, 600), (2_310, 3_000)],
)
def test_an_axis_ends_at_a_round_number_that_holds_all_values(value: float, top: float) -> None:
    assert charts.round_up(value) == top


def test_bars_are_shares_of_the_longest_and_nothing_below_zero() -> None:
    assert [bar.share for bar in charts.bars({"a": 4.0, "b": 1.0, "c": -2.0})] == [100.0, 25.0, 0.0]
    assert [bar.share for bar in charts.bars({"a": 0.0})] == [0.0]
    assert [(one.share, other.share) for one, other in charts.pairs({"ndcg": 1.0}, {"ndcg": 2.0})] == [(50.0, 100.0)]


def test_a_night_of_before_its_model_had_pages_names_the_model_without_a_link(shop: Lake) -> None:
    told = summary()
    del told["pages"]
    page = render(told, read_facts(shop, D2, AUTO))
    assert "Recommender 1." in " ".join(page.split())
    assert "this training" not in page


def words(page: str) -> str:
    """The text of a page in one line, without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page[page.index("<body>") :])).split())


def test_lists_and_their_model_come_before_records_and_quarantine(shop: Lake) -> None:
    page = words(render(summary(), read_facts(shop, D2, AUTO)))
    parts = ("Lists of 3 users", "Which model made the lists", "What came in", "Cost")
    places = [page.index(part) for part in parts]
    assert places == sorted(places)


def test_a_repeat_of_a_night_says_that_nothing_changed(shop: Lake) -> None:
    facts = read_facts(shop, D2, AUTO)
    assert "A repeat of this day: nothing changed. " in words(render(summary(is_repeat=True, is_new=False), facts))
    again = words(render(summary(is_repeat=False, is_new=False), facts))
    assert "A repeat of this day" not in again
    assert "This run took in no new records" in again
    assert "Records that this night took in." in words(render(summary(), facts))


def test_the_page_shows_the_nights_records_beside_all_rows_and_a_dash_for_what_is_not_known(shop: Lake) -> None:
    counts = {"in": 3, "published": None, "duplicate": None, "quarantined": 1, "adds_up": True, "total": 1200}
    page = render(summary(rows={"products": counts}), read_facts(shop, D2, AUTO))
    row = page[page.index('<th scope="row">products</th>') :].split("</tr>")[0]
    assert re.findall(r">([^<>\n]+)</t[dh]>", row) == ["products", "3", "-", "-", "1", "1,200", "yes"]


def test_the_page_says_that_the_baseline_made_the_lists_and_what_a_trained_model_needs(shop: Lake) -> None:
    model = model_of({"model_kind": "baseline", "missing": "12 more users with 2 products each", "gate": "baseline"})
    page = words(render(summary(model=model), read_facts(shop, D2, AUTO)))
    assert "The baseline (version 1) , from this training : popularity by what is known of each user" in page
    assert "Needed for a trained model: 12 more users with 2 products each." in page
    assert "The figures are those of the refused candidate of the same training, not of the baseline." in page


def test_a_version_that_a_person_chose_is_described_so_and_not_as_champion(shop: Lake) -> None:
    pins = {"chosen_by": "person", "gate": "refused", "gate_reasons": "not better than popularity"}
    page = words(render(summary(model=model_of(pins)), read_facts(shop, D2, AUTO)))
    assert "A person chose this version for this night. The gate had refused it: not better than popularity." in page
    assert "Champion since" not in page


def test_the_gates_warnings_are_shown_with_their_remedies(shop: Lake) -> None:
    line = "coverage 0.0100, at least 0.02: set evaluate.min_coverage = 0.01"
    page = words(render(summary(model=model_of({"gate_warnings": [line]})), read_facts(shop, D2, AUTO)))
    assert f"The gate warns about this model. A warning decides nothing. {line}" in page
    assert "The gate warns" not in words(render(summary(), read_facts(shop, D2, AUTO)))


def test_a_refused_training_is_shown_with_its_reasons_and_the_ways_on(shop: Lake) -> None:
    check = {"name": "slices", "is_passed": False, "remedy": "set evaluate.max_slice_loss = 0.05"}
    promotion = {"status": "refused", "recommender_version": "2", "reasons": ["worse <here>"], "checks": [check]}
    page = words(render(summary(refused=refusal_of(promotion)), read_facts(shop, D2, AUTO)))
    for said in ("refused version 2 of this night's training", "worse <here>", check["remedy"], "make run MODEL=2"):
        assert said in page


def test_nobody_is_told_to_take_a_broken_candidate_anyway(shop: Lake) -> None:
    broken = {"name": "whole", "is_passed": False, "remedy": ""}
    promotion = {"status": "refused", "recommender_version": "2", "reasons": ["no model.json"], "checks": [broken]}
    page = words(render(summary(refused=refusal_of(promotion)), read_facts(shop, D2, AUTO)))
    assert "no model.json" in page
    assert "MODEL=2" not in page
    unregistered = {**promotion, "recommender_version": None, "checks": []}
    assert "refused the candidate of this night" in words(
        render(summary(refused=refusal_of(unregistered)), read_facts(shop, D2, AUTO))
    )


def test_what_a_user_reads_is_marked_with_its_language(shop: Lake) -> None:
    """Ann writes Chinese, Bob English; Eve has written nothing, and reads what most users write."""
    written = {ANN: "zh", BOB: "en", EVE: None}
    write(shop, USER_PROFILES, D2, *({**profile(user, D2, 1), "language": code} for user, code in written.items()))
    page = render(summary(), read_facts(shop, D2, AUTO))
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert page.count('lang="zh">喜欢kites。<') == 1
    assert page.count('lang="en">Likes kites.<') == 2
    assert re.findall(r'class="why" lang="(\w+)"', page) == ["zh"] * 2 + ["en"] * 3


ODD = (r"$\frac{$", "\ud800", "", "x" * 10_000, "\x1b[31mred", "=1+1", "<b>", "\u202eevil", "赤")


def test_the_page_takes_every_topic_and_title_and_counts_what_it_leaves_out(shop: Lake) -> None:
    facts = read_facts(shop, D2, AUTO)
    topics = dict.fromkeys([*ODD, *(f"t{n}" for n in range(10_000))], 1)
    first = facts.samples[0]
    places = tuple(dataclasses.replace(first.places[0], title=title) for title in ODD)
    samples = (dataclasses.replace(first, places=places, profile=" ".join(ODD)),)
    exposure = dataclasses.replace(facts.exposure, top=tuple((title, 1) for title in ODD))
    changed = dataclasses.replace(facts, said={"sentiment": {}, "topic": topics}, samples=samples, exposure=exposure)
    page = render(summary(warnings=["\x1b[31m"]), changed)
    assert page.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)
    assert "and 9,980 more" in page
    assert len(page) < 200_000
    assert r"$\frac{$" in page
    assert "<b>" not in page[page.index("What people say") :]


def test_formulas_in_the_lists_are_text_for_a_spreadsheet(shop: Lake, tmp_path: Path) -> None:
    facts = read_facts(shop, D2, AUTO)
    first = facts.samples[0]
    places = tuple(dataclasses.replace(first.places[0], title=title) for title in ODD)
    changed = dataclasses.replace(facts, samples=(dataclasses.replace(first, places=places),))
    write_report(tmp_path, summary(), changed)
    rows = list(csv.DictReader((tmp_path / "lists.csv").open(encoding="utf-8", newline="")))
    assert [row["title"] for row in rows][5] == "'=1+1"
    assert float(rows[0]["score"]) == places[0].score
