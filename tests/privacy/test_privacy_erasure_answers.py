"""Answers after an erasure: those of erased people go, and those that cite their words, from table, export and page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
from tiny_shop import write

from socialrec.answers.publishing import export_answers
from socialrec.contracts.gold import ANSWERS
from socialrec.contracts.silver import SILVER_PRODUCTS, SILVER_QUESTIONS
from socialrec.lake import Lake
from socialrec.privacy.erasure.plan import NOTHING
from socialrec.privacy.erasure.published_answers import publish_answers_again
from socialrec.privacy.erasure.tables import TableEraser
from socialrec.report.answers import read_answers
from socialrec.report.page import write_answers
from socialrec.settings import Settings

DS = "2026-03-31"
HERE = {"platform": "shop", "ds": DS}
STAYS = "Bob asks whether it flies"


def row(number: str, user: str, passage: str) -> dict[str, Any]:
    cited = {"passage_id": passage, "source": "comment", "quote": f"words of {passage}", "sentence": 0}
    about = {"question_id": number, "user_key": user, "text_hash": number, "products": [], "confidence": 0.9}
    made = {"decision": "evidence", "text": f"An answer from {passage}", "inputs_hash": 1, "answers_version": "1"}
    citation = {**cited, "start": 0, "end": len(cited["quote"])}
    return {**about, **made, "citations": [citation], "encoder_version": "e", **HERE}


def test_answers_to_erased_people_and_those_from_their_words_go_everywhere(settings: Settings, lake: Lake) -> None:
    rows = [row("q1", "ann", "p1"), row("q2", "bob", "p1"), row("q3", "cyd", "p2")]
    write(lake, ANSWERS, DS, rows)
    asked = {"ann": "Ann asks", "bob": STAYS, "cyd": "Cyd asks whose words are gone"}
    said = {"language": "en", "is_late": False, **HERE}
    questions = [
        {"question_id": one["question_id"], "user_key": one["user_key"], "text": asked[one["user_key"]], **said}
        for one in rows
    ]
    write(lake, SILVER_QUESTIONS, DS, [{**one, "text_hash": "h"} for one in questions])
    write(lake, SILVER_PRODUCTS, DS, [])
    export_answers(lake, settings.export, DS)
    write_answers(settings.reports / DS, read_answers(lake, DS, [DS]))

    plan = replace(NOTHING, keys=("ann",), passage_ids=("p2",))
    eraser = TableEraser(settings, lake, plan, "erase_users")
    columns, stays = eraser.rules[ANSWERS.name]
    assert stays(lake.read(ANSWERS, [DS], columns)).to_pylist() == [False, True, False]
    write(lake, ANSWERS, DS, rows[1:2])
    publish_answers_again(settings, lake)

    exported = pq.read_table(settings.export / DS / "answers.parquet")
    assert exported["question_id"].to_pylist() == ["q2"]
    page = (settings.reports / DS / "answers.html").read_text()
    assert STAYS in page
    assert "Ann asks" not in page
    assert "words of p2" not in page
    lake.drop(ANSWERS)
    publish_answers_again(settings, lake)
    assert not (settings.export / DS / "answers.parquet").exists()
    assert not (settings.reports / DS / "answers.html").exists()
