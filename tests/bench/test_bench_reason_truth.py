"""The checker of truth: each kind of reason and of profile sentence is believed where the tables bear it out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from landed_world import put as put_rows

from socialrec.bench.first_nights.reason_truth import Truth, check_truth
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import COMMENT_INSIGHTS, RECOMMENDATIONS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.lake import Lake
from socialrec.settings import Settings

DS = "2026-01-09"
HERE = {"platform": "shop", "ds": DS}
PRODUCTS = {"kite": ("Red kite", "toys"), "boat": ("Red boat", "toys"), "lamp": ("Desk lamp", "light")}
EVENTS = [
    ("fan", "kite", "like", 3),
    ("fan", "boat", "view", 4),
    ("looker", "kite", "view", 3),
    ("critic", "kite", "purchase", 3),
    ("returner", "kite", "purchase", 3),
    ("returner", "kite", "return", 4),
    ("writer", "kite", "purchase", 3),
    ("ann", "boat", "like", None),
]
COMMENTS = [
    ("critic", "kite", 1.0, "A red disaster."),
    ("writer", "kite", None, "It broke on the very first day"),
    ("ann", "boat", 5.0, "So red! I like the red of this boat."),
    ("ann", "lamp", 2.0, "The desk fell over."),
    ("fan", "kite", 4.0, "Flies well. Red, too."),
    *(("tagger", "kite", None, tag) for tag in ("windy", "high", "long tail")),
    ("tagger", "boat", None, "wet"),
]
FOLLOWS = [("ann", other) for other in ("fan", "looker", "critic", "returner", "writer")]


NOTHING = {"string": "", "int32": 0, "int64": 1, "float64": 0.0, "bool": False}


def put(lake: Lake, table: Table, ds: str, rows: list[dict[str, Any]]) -> None:
    """Rows with nothing in the columns that they leave out and that may not be null."""
    filled = {
        column.name: NOTHING.get(column.type, []) if isinstance(column.type, str) else []
        for column in table.columns
        if not column.nullable
    }
    filled |= {"model_kind": "trained"} if "model_kind" in filled else {}
    put_rows(lake, table, ds, [{**filled, **row} for row in rows])


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """Four users met the kite; ann follows them, praises the boat, and complains about the lamp that nobody met."""
    lake = Lake(settings.lake)
    products = [
        {"product_id": product, "title": title, "category": category, "text": f"{title}. {category}", "is_active": True}
        for product, (title, category) in PRODUCTS.items()
    ]
    pictures = {"kite": ["k1"], "boat": ["b1", "b2"]}
    put(lake, SILVER_PRODUCTS, DS, [{**row, "pictures": pictures.get(row["product_id"]), **HERE} for row in products])
    events = [
        {
            "event_id": f"e{n}",
            "user_key": user,
            "product_id": product,
            "event_type": kind,
            "event_ts": at and day(at),
            "quantity": 1.0,
        }
        for n, (user, product, kind, at) in enumerate(EVENTS)
    ]
    put(lake, SILVER_INTERACTIONS, DS, [{**row, **HERE} for row in events])
    pairs = {(user, product) for user, product, _, _ in EVENTS} - {("returner", "kite")}
    interest = [{"user_key": user, "product_id": product, "affinity_micros": 1} for user, product in sorted(pairs)]
    put(lake, USER_PRODUCT_AFFINITY, DS, [{**row, **HERE} for row in interest])
    comments = [
        {"comment_id": f"c{n}", "user_key": user, "product_id": product, "rating": rating, "text": text}
        for n, (user, product, rating, text) in enumerate(COMMENTS)
    ]
    tongues = {"ann": "zh"}
    comments = [{**row, "language": tongues.get(row["user_key"], "und")} for row in comments]
    written = [{**row, "created_ts": day(6 if row["product_id"] == "kite" else 5)} for row in comments]
    put(lake, SILVER_COMMENTS, DS, [{**row, **HERE} for row in written])
    # Of the size of the kite two speak well and one badly, of that of the boat ann alone does.
    sizes = [("c2", "positive"), ("c4", "positive"), ("c5", "positive"), ("c0", "negative"), ("c3", "negative")]
    told = [{"comment_id": name, "aspects": ["size"], "aspect_sentiments": [mood]} for name, mood in sizes]
    told.append({"comment_id": "c1", "sentiment": "negative", "aspects": []})
    put(lake, COMMENT_INSIGHTS, DS, [{**row, **HERE} for row in told])
    put(lake, SILVER_FOLLOWS, DS, [{"follower_key": one, "followee_key": other, **HERE} for one, other in FOLLOWS])
    return lake


def check(settings: Settings, lake: Lake, *places: tuple[str, str, dict[str, Any]], score: float = 1.0) -> Truth:
    nothing = {"share": 0.5, "products": [], "friends": [], "is_followed": False, "words": [], "quote": ""}
    rows = [
        {"user_key": user, "rank": 1, "product_id": product, "score": score, "reasons": [{**nothing, **reason}]}
        for user, product, reason in places
    ]
    put(lake, RECOMMENDATIONS, DS, [{**row, **HERE} for row in rows])
    return check_truth(settings, DS)


@pytest.mark.parametrize(
    ("product", "reason", "n_faults"),
    [
        ("kite", {"kind": "because_you", "products": ["boat"]}, 0),
        ("kite", {"kind": "because_you", "products": ["lamp"]}, 1),  # only complained about
        ("kite", {"kind": "looks_like", "products": ["boat"]}, 0),
        ("kite", {"kind": "looks_like", "products": ["lamp"]}, 2),  # and it has no picture
        ("kite", {"kind": "friends", "friends": ["fan"], "is_followed": True}, 0),
        ("kite", {"kind": "friends", "friends": ["fan"], "quote": "Flies well."}, 0),
        ("kite", {"kind": "friends", "friends": ["fan"], "quote": "It flies."}, 1),  # nobody said so
        ("kite", {"kind": "friends", "quote": "Flies well."}, 1),  # of somebody who is not named
        ("kite", {"kind": "friends"}, 0),
        ("boat", {"kind": "friends"}, 1),  # nobody whom ann follows likes the boat
        *(
            ("kite", {"kind": "friends", "friends": ["fan", other], "is_followed": True}, 1)
            for other in ("looker", "critic", "returner", "writer")
        ),
        ("kite", {"kind": "looked_at", "friends": ["looker"], "is_followed": True}, 0),
        ("boat", {"kind": "looked_at", "friends": ["looker"], "is_followed": True}, 1),
        ("kite", {"kind": "words", "words": ["red"], "quote": "So red!"}, 0),
        ("kite", {"kind": "words", "words": ["red"], "quote": "I like the boat"}, 2),  # not said, without the word
        ("kite", {"kind": "words", "words": ["boat"], "quote": "I like the red of this boat."}, 1),  # no word of a kite
        ("lamp", {"kind": "words", "words": ["desk"], "quote": "The desk fell over."}, 2),  # words of a complaint
        ("kite", {"kind": "praised", "words": ["size"], "quote": "So red!"}, 0),
        ("kite", {"kind": "praised", "words": ["size"], "quote": "The desk fell over."}, 1),  # no praise
        ("lamp", {"kind": "praised", "words": ["size"], "quote": "So red!"}, 1),  # ann's own complaint is all
        ("kite", {"kind": "praised", "words": ["price"], "quote": "So red!"}, 3),  # nobody speaks of it
        ("kite", {"kind": "about", "words": ["red", "toys"]}, 0),
        ("lamp", {"kind": "about", "words": ["desk"]}, 1),
        ("kite", {"kind": "category", "words": ["toys"]}, 0),
        ("boat", {"kind": "category", "words": ["toys"]}, 1),  # two users, the kite has four
        ("kite", {"kind": "category", "words": ["light"]}, 1),
        ("kite", {"kind": "popular"}, 0),
        ("lamp", {"kind": "popular"}, 1),
        ("boat", {"kind": "few"}, 0),
        ("lamp", {"kind": "few"}, 1),
        ("lamp", {"kind": "new"}, 0),
        ("kite", {"kind": "new"}, 1),
    ],
)
def test_a_reason_is_held_against_the_tables(
    settings: Settings, lake: Lake, product: str, reason: dict[str, Any], n_faults: int
) -> None:
    truth = check(settings, lake, ("ann", product, reason))
    assert len(truth.untrue) == n_faults, truth.untrue
    assert (truth.n_reasons, truth.by_kind) == (1, {reason["kind"]: 1})
    assert all(f"user ann, product {product}, {reason['kind']}: " in line for line in truth.untrue)


def test_a_negative_score_has_no_reason_of_the_users_own(settings: Settings, lake: Lake) -> None:
    because = {"kind": "because_you", "products": ["boat"]}
    assert len(check(settings, lake, ("ann", "kite", because), score=-0.1).untrue) == 1
    assert check(settings, lake, ("ann", "kite", {"kind": "popular"}), score=-0.1).untrue == []


FAN = {"categories": [("toys", True)], "interests": [("boat", True), ("kite", True)]}
ANN = {
    "language": "zh", "categories": [("toys", True)], "interests": [("boat", False)],
    "commented": [("boat", True), ("lamp", True)],
}  # fmt: skip
LOOKER = {"categories": [("toys", False)], "interests": [("kite", True)]}
TAGGER = {"labelled": [("kite", "high", True), ("boat", "wet", True)]}
FIELDS = {
    "categories": ("category", "is_liked"),
    "interests": ("product_id", "is_dated"),
    "commented": ("product_id", "is_dated"),
    "labelled": ("product_id", "text", "is_dated"),
}


@pytest.mark.parametrize(
    ("user", "parts", "n_parts", "n_faults"),
    [
        ("fan", {**FAN, "commented": [("kite", True)]}, 4, 0),
        ("fan", FAN, 3, 1),  # fan commented on the kite
        ("ann", ANN, 4, 0),
        ("ann", {**ANN, "interests": [("boat", True)]}, 4, 1),  # ann's like has no date
        ("ann", {**ANN, "interests": []}, 3, 1),
        ("ann", {**ANN, "language": "en"}, 4, 1),
        ("ann", {**ANN, "categories": [("light", True)]}, 4, 3),  # not met, nothing favourable, one complaint
        ("looker", LOOKER, 2, 0),
        ("looker", {**LOOKER, "categories": [("toys", True)]}, 2, 1),
        ("looker", {**LOOKER, "categories": [("light", False)]}, 2, 1),
        ("critic", {"categories": [("toys", True)], "commented": [("kite", True)]}, 2, 1),
        ("writer", {"interests": [("kite", True)], "commented": [("kite", True)]}, 2, 0),
        ("tagger", TAGGER, 2, 0),  # of each product one of its last
        ("tagger", {"labelled": [("kite", "wet", True), ("boat", "wet", True)]}, 2, 1),
        ("ghost", {}, 0, 0),
        ("ghost", {"interests": [("kite", True)]}, 1, 2),
    ],
)
def test_a_profile_is_held_against_the_tables(
    settings: Settings, lake: Lake, user: str, parts: dict[str, Any], n_parts: int, n_faults: int
) -> None:
    named = {
        column: [dict(zip(fields, part, strict=True)) for part in parts.get(column, ())]
        for column, fields in FIELDS.items()
    }
    put(lake, USER_PROFILES, DS, [{"user_key": user, "language": parts.get("language"), **named, **HERE}])
    truth = check_truth(settings, DS)
    assert len(truth.untrue) == n_faults, truth.untrue
    assert (truth.n_reasons, truth.n_profile_parts) == (0, n_parts)
