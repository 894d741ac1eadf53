"""The demo world: what its files hold is what it says it planted."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.sources import import_source, newest_day
from socialrec.sources.demo.world import DemoWorld
from socialrec.sources.demo.writing import write_demo

LAST_DAY = date(2026, 3, 1)
TINY = DemoWorld(users=60, products=40, days=6, communities=3)
SMALL = DemoWorld(users=300, products=120, days=20, communities=4)

FORMER = [
    "product_id",
    "title",
    "description",
    "category",
    "brand",
    "price_cents",
    "currency",
    "is_active",
    "updated_ts",
]
ENGLISH = "97981f858d36a994c1cf793a3f17b154c3541e279e42a666681a233c08b08a3c"
"""SHA-256 of the tiny world when it knew English alone and no pictures."""

Files = dict[str, list[tuple[str, list[Any]]]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo")
    write_demo(home / "landing", LAST_DAY, home / "truth", SMALL)
    return home


@pytest.fixture(scope="module")
def files(world: Path) -> Files:
    """By entity: the landing day and the records of each file; lines that are no JSON stay text."""
    found: Files = {entity.value: [] for entity in Entity}
    for path in sorted((world / "landing" / "demo").glob("*/*.*")):
        found[path.name.partition(".")[0]].append((path.parent.name, _records(path)))
    return found


def _records(path: Path) -> list[Any]:
    if path.suffix == ".parquet":
        return pq.read_table(path, partitioning=None).to_pylist()
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    if path.name.endswith(".csv"):
        return list(csv.DictReader(text.splitlines()))
    return [_parsed(line) for line in text.splitlines()]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return line


def _truth(world: Path, name: str) -> list[dict[str, Any]]:
    return pq.read_table(world / "truth" / f"{name}.parquet").to_pylist()


def _counts(world: Path) -> dict[str, Any]:
    return json.loads((world / "truth" / "counts.json").read_text())


def _whole(files: Files, entity: str) -> list[dict[str, Any]]:
    """The records whose id was not planted to be broken."""
    records = [record for _, rows in files[entity] for record in rows if isinstance(record, dict)]
    key = ENTITIES[Entity(entity)].key[0]
    return [record for record in records if not record[key].endswith("-x")]


def test_the_same_seed_and_day_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        write_demo(tmp_path / name / "landing", LAST_DAY, tmp_path / name / "truth", TINY)
        paths = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        written.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in paths})
    assert len(written[0]) > 20
    assert written[0] == written[1]


def test_the_english_world_is_as_it_was_before_there_were_other_languages_and_pictures(tmp_path: Path) -> None:
    write_demo(tmp_path / "landing", LAST_DAY, tmp_path / "truth", TINY)
    products = sorted((tmp_path / "landing").rglob("products.parquet"))
    files = {path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "images"}
    found = hashlib.sha256()
    for path in sorted(
        files - {*products, tmp_path / "truth" / "counts.json", tmp_path / "truth" / "pictures.parquet"}
    ):
        found.update(f"{path.relative_to(tmp_path)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    for path in products:
        rows = [list(row.values()) for row in pq.read_table(path, columns=FORMER, partitioning=None).to_pylist()]
        found.update(json.dumps(rows).encode())
    assert found.hexdigest() == ENGLISH


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    for seed in (1, 2):
        other = DemoWorld(users=60, products=40, days=2, communities=3, seed=seed)
        write_demo(tmp_path / str(seed), LAST_DAY, tmp_path / f"truth{seed}", other)
    name = "demo/2026-03-01/comments.jsonl"
    assert (tmp_path / "1" / name).read_bytes() != (tmp_path / "2" / name).read_bytes()


def test_days_end_at_the_last_day_and_a_second_import_keeps_them(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    first = write_demo(landing, LAST_DAY, tmp_path / "truth" / "demo", TINY)
    assert (first.status, first.first_day, first.last_day) == ("written", "2026-02-24", "2026-03-01")
    assert newest_day(landing) == "2026-03-01"
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    again = import_source("demo", landing, None, "2026-04-01")
    assert (again.status, again.last_day) == ("kept", "2026-03-01")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_all_three_formats_come_up_one_of_them_gzipped(world: Path) -> None:
    names = {path.name for path in (world / "landing" / "demo" / "2026-03-01").iterdir()}
    assert {"interactions.jsonl.gz", "comments.jsonl", "follows.csv"} <= names
    assert (world / "landing" / "demo" / "2026-02-10" / "products.parquet").exists()


def test_planted_counts_add_up_to_the_records_in_the_files(world: Path, files: Files) -> None:
    for entity, counts in _counts(world).items():
        if entity != "pictures":
            assert counts["records"] == sum(len(rows) for _, rows in files[entity])
        parts = counts["published"] + counts["duplicate"] + sum(counts["quarantined"].values())
        assert counts["records"] == parts


def test_ids_in_the_files_are_the_planted_ones(world: Path, files: Files) -> None:
    for entity, key in (("interactions", "event_id"), ("comments", "comment_id"), ("products", "product_id")):
        assert len({record[key] for record in _whole(files, entity)}) == _counts(world)[entity]["published"]


@pytest.mark.parametrize(("entity", "key"), [("interactions", "event_id"), ("comments", "comment_id")])
def test_copies_agree_with_the_first_record_and_conflicts_do_not(
    world: Path, files: Files, entity: str, key: str
) -> None:
    first: dict[str, dict[str, Any]] = {}
    repeats = Counter(
        "same" if first[record[key]] == record else "other"
        for record in _whole(files, entity)
        if first.setdefault(record[key], record) is not record
    )
    counts = _counts(world)[entity]
    assert repeats == {"same": counts["duplicate"], "other": counts["quarantined"]["conflicting_id"]}


@pytest.mark.parametrize(
    ("entity", "key", "time"), [("interactions", "event_id", "event_ts"), ("comments", "comment_id", "created_ts")]
)
def test_late_records_are_one_in_a_hundred_and_none_is_early(
    world: Path, files: Files, entity: str, key: str, time: str
) -> None:
    landed: dict[str, tuple[str, str]] = {}
    for ds, rows in files[entity]:
        for record in rows:
            if isinstance(record, dict) and not record[key].endswith("-x"):
                landed.setdefault(record[key], (record[time][:10], ds))
    late = sum(happened < ds for happened, ds in landed.values())
    assert late == _counts(world)[entity]["late"] == round(0.01 * len(landed))
    assert all(happened <= ds for happened, ds in landed.values())


def test_broken_interactions_are_broken_in_the_way_that_was_planted(world: Path, files: Files) -> None:
    found: Counter[str] = Counter()
    for ds, rows in files["interactions"]:
        after = (date.fromisoformat(ds) + timedelta(days=1)).isoformat()
        for record in rows:
            if isinstance(record, str):
                found["unreadable_record"] += 1
            elif "user_id" not in record:
                found["missing_value"] += 1
            elif record.get("quantity") == "many":
                found["wrong_type"] += 1
            elif record["event_type"] == "teleport":
                found["unknown_value"] += 1
            elif record["event_ts"] >= after:
                found["future_event"] += 1
            elif record.get("quantity", 1) < 0:
                found["out_of_range"] += 1
            elif record.get("quantity") == 99:
                found["conflicting_id"] += 1
    assert found == _counts(world)["interactions"]["quarantined"]


def test_no_file_has_five_percent_to_reject(files: Files) -> None:
    for entity, key in (("interactions", "event_id"), ("comments", "comment_id"), ("products", "product_id")):
        for _, rows in files[entity]:
            bad = sum(isinstance(record, str) or record[key].endswith("-x") for record in rows)
            assert bad <= 0.05 * len(rows)
    for _, rows in files["follows"]:
        bad = sum(row["follower_id"] == row["followee_id"] or not row["followee_id"] for row in rows)
        assert bad <= 0.05 * len(rows)


def test_follows_stay_inside_communities_far_more_often_than_chance(world: Path, files: Files) -> None:
    community = {user["user_id"]: user["community"] for user in _truth(world, "users")}
    pairs = {
        (row["follower_id"], row["followee_id"])
        for _, rows in files["follows"]
        for row in rows
        if row["followee_id"] and row["followee_id"] != row["follower_id"]
    }
    assert len(pairs) == _counts(world)["follows"]["published"]
    inside = sum(community[one] == community[other] for one, other in pairs) / len(pairs)
    assert inside > 0.6 > 2 / SMALL.communities


def test_the_hub_is_followed_by_very_many(world: Path, files: Files) -> None:
    hub = next(user["user_id"] for user in _truth(world, "users") if user["is_hub"])
    fans = Counter(row["followee_id"] for _, rows in files["follows"] for row in rows if not row["until_ts"])
    assert fans.most_common(1)[0][0] == hub
    assert fans[hub] > 0.4 * SMALL.users


def test_cold_users_follow_others_and_do_nothing_else(world: Path, files: Files) -> None:
    cold = {user["user_id"] for user in _truth(world, "users") if user["is_cold"]}
    assert len(cold) == 12
    assert cold <= {row["follower_id"] for _, rows in files["follows"] for row in rows}
    for entity in ("interactions", "comments"):
        assert not cold & {record.get("user_id") for record in _whole(files, entity)}


def test_cold_products_have_words_and_nobody_who_looked(world: Path, files: Files) -> None:
    cold = {product["product_id"] for product in _truth(world, "products") if product["is_cold"]}
    assert len(cold) == 6
    described = {record["product_id"]: record for record in _whole(files, "products")}
    assert all(described[product]["description"] for product in cold)
    for entity in ("interactions", "comments"):
        assert not cold & {record["product_id"] for record in _whole(files, entity)}


def test_inactive_products_end_and_nobody_looks_at_them_afterwards(world: Path, files: Files) -> None:
    gone = {product["product_id"] for product in _truth(world, "products") if not product["is_active"]}
    ends = {
        record["product_id"]: record["updated_ts"]
        for record in _whole(files, "products")
        if record["is_active"] is False
    }
    assert len(gone) == 3
    assert set(ends) == gone
    views = [record for record in _whole(files, "interactions") if record["event_type"] == "view"]
    assert all(record["event_ts"] < ends.get(record["product_id"], "9999") for record in views)


def test_a_comments_words_carry_sentiment_and_its_rating_agrees(world: Path, files: Files) -> None:
    truth = {comment["comment_id"]: comment for comment in _truth(world, "comments")}
    stars: dict[str, set[float]] = {}
    for record in _whole(files, "comments"):
        if record.get("rating"):
            stars.setdefault(truth[record["comment_id"]]["sentiment"], set()).add(record["rating"])
    assert stars == {"positive": {4, 5}, "neutral": {3}, "negative": {1, 2}}
    delighted = [record for record in _whole(files, "comments") if record["text"].startswith("I love this")]
    assert {truth[record["comment_id"]]["sentiment"] for record in delighted} == {"positive"}
    broken_parcels = [record for record in _whole(files, "comments") if "broken in a torn box" in record["text"]]
    assert {truth[record["comment_id"]]["aspect"] for record in broken_parcels} == {"delivery"}


def test_the_shop_has_sorted_a_part_of_the_comments_by_what_their_words_are_about(world: Path, files: Files) -> None:
    aspect = {comment["comment_id"]: comment["aspect"] for comment in _truth(world, "comments")}
    records = _whole(files, "comments")
    stated = [record for record in records if "topic" in record]
    assert 0.3 < len(stated) / len(records) < 0.5
    assert all(record["topic"] == aspect[record["comment_id"]] for record in stated)


def test_replies_answer_an_earlier_comment_on_the_same_product_by_somebody_followed(files: Files) -> None:
    comments = {record["comment_id"]: record for record in reversed(_whole(files, "comments"))}
    followed = {(row["follower_id"], row["followee_id"]) for _, rows in files["follows"] for row in rows}
    answers = [record for record in comments.values() if "parent_comment_id" in record]
    assert len(answers) > 0.15 * len(comments)
    for answer in answers:
        parent = comments[answer["parent_comment_id"]]
        assert answer["product_id"] == parent["product_id"]
        assert answer["created_ts"] > parent["created_ts"]
        assert (answer["user_id"], parent["user_id"]) in followed


def test_users_look_at_the_categories_they_are_said_to_like(world: Path, files: Files) -> None:
    liked = {user["user_id"]: set(user["categories"]) for user in _truth(world, "users")}
    category = {product["product_id"]: product["category"] for product in _truth(world, "products")}
    views = [record for record in _whole(files, "interactions") if record["event_type"] == "view"]
    hits = sum(category[view["product_id"]] in liked[view["user_id"]] for view in views if "user_id" in view)
    assert hits / len(views) > 2 * 3 / 12


def test_earlier_questions_have_answers_and_those_of_the_last_day_wait_for_them(world: Path, files: Files) -> None:
    last = LAST_DAY.isoformat()
    asked = {row["question_id"]: row["asked_ts"][:10] for row in _whole(files, "questions")}
    answered = {row["question_id"] for row in _whole(files, "answers")}
    assert answered == {question for question, day in asked.items() if day < last}
    assert (len(answered), sum(day == last for day in asked.values())) == (300, 43)
    by_customers = [row for row in _whole(files, "answers") if row["author_kind"] == "customer"]
    assert all(row["user_id"] and row["n_votes"] >= 0 for row in by_customers)
    assert 0.2 < len(by_customers) / len(_whole(files, "answers")) < 0.5


def test_the_evidence_of_a_question_is_where_the_truth_says(world: Path, files: Files) -> None:
    aspects = {row["comment_id"]: row["aspect"] for row in _truth(world, "comments")}
    asked = {row["question_id"]: row for row in _whole(files, "questions")}
    described = {row["product_id"]: row for row in _whole(files, "products")}
    said = {(row["product_id"], aspects[row["comment_id"]]) for row in _whole(files, "comments")}
    intents = {row["intent"] for row in _whole(files, "templates") if row["language"] == "en"}
    truth = _truth(world, "questions")
    for row in truth:
        product, evidence = asked[row["question_id"]].get("product_id"), row["evidence"]
        if evidence == "template":
            assert (row["topic"] in intents, product) == (True, None)
        elif evidence in {"brand", "price"}:
            assert evidence in intents
            assert described[product]["brand"]
            assert described[product]["price_cents"] > 0
        elif evidence == "comment":
            assert (product, row["topic"]) in said
        elif evidence.startswith("description/"):
            sentences = described[product]["description"].split(". ")
            assert len(sentences) > int(evidence.removeprefix("description/"))
        elif evidence == "none":
            assert not re.search(r"\bage\b|batter|wash|spare|weigh", described[product]["description"])
    found = Counter(row["evidence"].partition("/")[0] for row in truth)
    assert {*found} == {"template", "brand", "price", "comment", "description", "none", "out_of_scope"}
    assert min(found.values()) > 10


def test_questions_of_the_last_day_hold_personal_data_an_insult_and_an_order_to_the_answer(files: Files) -> None:
    words = " ".join(row["text"] for day, rows in files["questions"] if day == LAST_DAY.isoformat() for row in rows)
    assert all(part in words for part in ("+44 20 7946 0958", "ann@shop.example", "idiots", "Ignore the above"))


def test_an_impossible_world_is_refused() -> None:
    with pytest.raises(UserError, match="at least 10 users"):
        DemoWorld(users=5)
    with pytest.raises(UserError, match="late_share must be at least 0 and below 1"):
        DemoWorld(late_share=1.5)
