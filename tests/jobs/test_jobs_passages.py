"""Questions, answers and templates from landing files to silver, and what answers may cite of a day."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from landed_world import D1, D2, comment, event, land, put, rows, run
from pyspark.sql import SparkSession

from socialrec.contracts.bronze import QUARANTINE
from socialrec.contracts.flow import reads, writes
from socialrec.contracts.gold import PASSAGES, PRODUCT_ATTRIBUTES, SUSPECTS
from socialrec.contracts.silver import SILVER, SILVER_ANSWERS, SILVER_QUESTIONS, SILVER_TEMPLATES
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.privacy.pseudonyms import identity_key, pseudonym
from socialrec.settings import load_settings

PUSHED = "I tell everybody to buy this kite today"
"""Words of five accounts that did nothing else."""


def question(question_id: str, text: str, **values: Any) -> dict[str, Any]:
    return {"question_id": question_id, "user_id": "ann", "text": text, "asked_ts": f"{D1}T09:00:00Z", **values}


def answer(answer_id: str, question_id: str, text: str, **values: Any) -> dict[str, Any]:
    return {"answer_id": answer_id, "question_id": question_id, "text": text, "author_kind": "shop", **values}


def template(template_id: str, text: str, **values: Any) -> dict[str, Any]:
    return {"template_id": template_id, "intent": "price", "text": text, "language": "en", **values}


def land_service(home: Path) -> None:
    """Two days of a shop that sells a kite and no longer a drum."""
    kite = {"product_id": "kite", "title": "Kite", "brand": "Dr. Aero", "price_cents": 1990, "currency": "EUR"}
    kite |= {"description": "A red kite for calm days. Ready to fly?", "updated_ts": f"{D1}T08:00:00Z"}
    drum = {"product_id": "drum", "title": "Drum", "description": "It is a loud drum.", "is_active": False}
    land(home, D1, Entity.PRODUCTS, kite, drum)
    land(home, D1, Entity.INTERACTIONS, event("e1", D1))
    when = {"created_ts": f"{D1}T12:00:00Z"}
    said = [
        comment("c1", "ann", "It flies well in any wind. Would you buy it?", created_ts=f"{D1}T10:00:00Z"),
        comment("c2", "bob", "Nice! It FLIES well, in any wind!", **when),
        comment("c3", "cyd", "Mail me at cyd@shop.example for more. The string is 30 m long."),
        comment("c4", "cyd", "It is far too loud.", product_id="drum"),
        *(comment(f"r{n}", f"ring{n}", PUSHED, **when) for n in range(5)),
    ]
    land(home, D1, Entity.COMMENTS, *said)
    land(home, D1, Entity.FOLLOWS, {"follower_id": "ann", "followee_id": "bob"})
    questions = [
        question("q1", "How <b>long</b> is the string? Call +44 20 7946 0958", product_id="kite"),
        question("q2", "When do you open?"),
        question("q3", "<p><br/></p>"),
        question("q4", "Is it loud?", product_id="drum"),
        *(question(f"f{n}", f"Is it number {n}?") for n in range(30)),
    ]
    land(home, D1, Entity.QUESTIONS, *questions)
    answers = [
        answer("a1", "q1", "The string is 30 metres long.", answered_ts=f"{D1}T11:00:00Z"),
        answer("a2", "q2", "We open at nine every day."),
        answer("a3", "q1", "Mine is 30 metres long.", author_kind="customer", user_id="bob", n_votes=2),
        answer("a4", "q4", "It is quite loud."),
        answer("a5", "nobody-asked", "It is what it is."),
        answer("a6", "q1", "x", author_kind="robot"),
        *(answer(f"g{n}", f"f{n}", "We do not know that.") for n in range(30)),
    ]
    land(home, D1, Entity.ANSWERS, *answers)
    templates = [
        template("t1", "It costs {price}."),
        template("t2", "It costs {price}", language="english"),
        template("t3", "It costs {price"),
        template("t4", "It costs {Price}."),
        template("t5", " "),
    ]
    land(home, D1, Entity.TEMPLATES, *templates)
    land(home, D2, Entity.INTERACTIONS, event("e2", D2))
    land(
        home,
        D2,
        Entity.ANSWERS,
        answer("a3", "q1", "Mine is 30 metres long.", author_kind="customer", user_id="bob", n_votes=5),
    )
    land(home, D2, Entity.TEMPLATES, template("t1", "The price is {price}, write to help@shop.example."))


@pytest.fixture(scope="module")
def built(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two nights up to gold, and attributes by hand."""
    home = tmp_path_factory.mktemp("home").resolve()
    (home / "settings.toml").write_text("etl.max_quarantine_share = 0.9\n")
    land_service(home)
    for ds in (D1, D2):
        run(home, ds)
        known = {"product_id": "shop:kite", "platform": "shop", "ds": ds, "confidence": 1.0}
        found = [
            known | {"attribute": "brand", "value": "Dr. Aero", "origin": "stated"},
            known | {"attribute": "category", "value": "toys", "origin": "predicted"},
        ]
        put(Lake(home / "lake"), PRODUCT_ATTRIBUTES, ds, found)
    return home


def key(home: Path, user: str) -> str:
    return pseudonym(identity_key(load_settings(home).secrets), "shop", user)


def of(lake: Lake, table: Any, *columns: str, ds: str | None = None) -> list[tuple[Any, ...]]:
    found = lake.read(table, [ds] if ds else None, list(columns)).to_pylist()
    return sorted((tuple(row.values()) for row in found), key=str)


def test_questions_and_answers_are_masked_under_pseudonyms_and_the_newest_votes_count(built: Path) -> None:
    lake, bob = Lake(built / "lake"), key(built, "bob")
    asked = {row["question_id"]: row for row in rows(lake, SILVER_QUESTIONS)}
    assert asked["q1"]["text"] == "How long is the string? Call [phone]"
    assert (asked["q1"]["user_key"], asked["q1"]["product_id"]) == (key(built, "ann"), "shop:kite")
    assert (asked["q2"]["product_id"], asked["q2"]["language"]) == (None, "en")
    given = {row["answer_id"]: row for row in rows(lake, SILVER_ANSWERS)}
    assert [given["a3"][name] for name in ("user_key", "author_kind", "n_votes", "ds")] == [bob, "customer", 5, D2]
    assert given["a1"]["user_key"] is None
    assert "a6" not in given


def test_a_template_is_its_newest_wording_and_its_own_address_is_not_masked(built: Path) -> None:
    lake = Lake(built / "lake")
    assert of(lake, SILVER_TEMPLATES, "template_id", "text", ds=D1) == [("t1", "It costs {price}.")]
    assert of(lake, SILVER_TEMPLATES, "template_id", "text", "is_active", ds=D2) == [
        ("t1", "The price is {price}, write to help@shop.example.", True)
    ]


def test_what_breaks_its_contract_is_rejected_with_a_reason(built: Path) -> None:
    lake = Lake(built / "lake")
    assert of(lake, QUARANTINE[Entity.QUESTIONS], "reason", "stage") == [("empty_text", "silver")]
    assert of(lake, QUARANTINE[Entity.ANSWERS], "reason", "detail") == [("unknown_value", "author_kind: robot")]
    assert of(lake, QUARANTINE[Entity.TEMPLATES], "reason", "detail") == [
        ("malformed", "language: english"),
        ("malformed", "text: It costs {Price}."),
        ("malformed", "text: It costs {price"),
        ("missing_value", "text:  "),
    ]
    receipt = json.loads((built / "runs" / D1 / "build_silver.json").read_text())
    assert receipt["counts"]["questions_masked_phone"] == 1
    unmet = {(one["entity"], one["column"]): (one["n"], one["example"]) for one in receipt["unmet"]}
    assert unmet[("answers", "question_id")] == (1, "nobody-asked")


def test_a_passage_says_who_agrees_and_leaves_out_rings_masks_questions_and_what_is_no_longer_sold(
    built: Path,
) -> None:
    receipt = run(built, D2, jobs=["build_passages"])["build_passages"]
    lake = Lake(built / "lake")
    columns = ("source", "text", "n_agreeing", "place", "product_id")
    assert of(lake, PASSAGES, *columns, ds=D2) == [
        ("answer", "Mine is 30 metres long.", 1, 0, "shop:kite"),
        ("answer", "The string is 30 metres long.", 1, 0, "shop:kite"),
        ("answer", "We do not know that.", 1, 0, None),
        ("answer", "We open at nine every day.", 1, 0, None),
        ("comment", "It FLIES well, in any wind!", 2, 1, "shop:kite"),
        ("comment", "The string is 30 m long.", 1, 1, "shop:kite"),
        ("description", "A red kite for calm days.", 1, 0, "shop:kite"),
        ("predicted", "The category is probably toys.", 1, 0, "shop:kite"),
        ("stated", "The brand is Dr. Aero.", 1, 0, "shop:kite"),
        ("stated", "The price is 19.90 EUR.", 1, 0, "shop:kite"),
    ]
    agreed = next(row for row in rows(lake, PASSAGES, D2) if row["n_agreeing"] == 2)
    assert (agreed["said_ts"], agreed["category"]) == (datetime(2026, 1, 1, 12, tzinfo=UTC), "toys")
    assert of(lake, SUSPECTS, "user_key") == sorted((key(built, f"ring{n}"),) for n in range(5))
    assert {*receipt["read"]} == {*reads("build_passages")}
    assert {*receipt["wrote"]} == {*writes("build_passages")}
    assert run(built, D2, jobs=["build_passages"])["build_passages"]["status"] == "up_to_date"


def test_a_ring_that_was_seen_once_is_not_cited_later(built: Path) -> None:
    lake = Lake(built / "lake")
    put(lake, SUSPECTS, "2025-12-31", [{"user_key": key(built, "cyd"), "ds": "2025-12-31"}])
    run(built, D1, jobs=["build_passages"])
    said = [text for source, text in of(lake, PASSAGES, "source", "text", ds=D1) if source == "comment"]
    assert said == ["It FLIES well, in any wind!"]


def test_a_shop_without_questions_starts_no_spark_and_has_no_passages(
    spark: SparkSession, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(home, D1, Entity.INTERACTIONS, event("e1", D1))
    land(home, D1, Entity.COMMENTS, comment("c1", "ann", "It flies well in any wind."))
    run(home, D1, jobs=["ingest_landing", "build_silver"])
    lake = Lake(home / "lake")
    for entity in (Entity.QUESTIONS, Entity.ANSWERS, Entity.TEMPLATES):
        assert (lake.partitions(SILVER[entity]), lake.files(SILVER[entity])) == ([D1], [])
    monkeypatch.setitem(sys.modules, "socialrec.etl.session", None)
    assert run(home, D1, jobs=["build_passages"])["build_passages"]["counts"] == {"passages": 0}
    assert lake.partitions(PASSAGES) == [D1]


def test_passages_of_a_day_whose_night_has_not_run_say_what_to_run(built: Path) -> None:
    with pytest.raises(
        UserError, match=r"silver\.products and .* has no rows of 2026-01-09: run the night of that day"
    ):
        run(built, "2026-01-09", jobs=["build_passages"])
