"""What people see in a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from socialrec.cli.screen import (
    Board,
    show_changes,
    show_checks,
    show_figures,
    show_list,
    show_next_steps,
    show_overview,
    show_refusal,
    show_rows,
    show_warnings,
)
from socialrec.contracts.runs import NIGHTLY, TRAIN
from socialrec.local_stack.home.doctor import SystemCheck
from socialrec.local_stack.nights.night import TaskLine
from socialrec.local_stack.nights.serving import Candidate, NextStep, Serving
from socialrec.recommend.lists.published import Place, PublishedList


@pytest.fixture
def console() -> Console:
    """A console that is no terminal, as in a log file."""
    return Console(record=True, file=io.StringIO(), width=100)


def task(name: str, state: str, seconds: float = 0.0, *, dag: str = NIGHTLY, attempt: int = 1) -> TaskLine:
    return TaskLine(dag, "r1", name, state, seconds, attempt)


def shown(console: Console) -> list[list[str]]:
    """The words of each line so far."""
    return [line.split() for line in console.export_text(clear=False).splitlines()]


def test_a_task_gets_a_line_when_it_starts_and_one_with_its_seconds_when_it_ends(console: Console) -> None:
    with Board(console) as board:
        for state, seconds in (("queued", 0), ("running", 1), ("running", 2), ("success", 3.25), ("success", 3.25)):
            board.show([task("build_gold", state, seconds)])
    assert shown(console) == [["build_gold", "running"], ["build_gold", "success", "3.2", "s"]]


def test_a_task_that_ended_between_two_looks_gets_its_last_line_alone(console: Console) -> None:
    with Board(console) as board:
        board.show([task("a", "running")])
        board.show([task("a", "success", 1), task("b", "failed", 2)])
        board.show([task("a", "success", 1), task("b", "failed", 2)])
    assert shown(console) == [["a", "running"], ["a", "success", "1.0", "s"], ["b", "failed", "2.0", "s"]]


def test_a_second_try_is_shown_as_the_first_was(console: Console) -> None:
    with Board(console) as board:
        board.show([task("a", "running")])
        board.show([task("a", "up_for_retry", 1)])
        board.show([task("a", "running", attempt=2)])
        board.show([task("a", "success", 2, attempt=2)])
    assert [line[1] for line in shown(console)] == ["running", "up_for_retry", "running", "success"]


def test_tasks_of_the_training_that_a_night_waits_for_are_told_from_its_own(console: Console) -> None:
    with Board(console) as board:
        board.show([task("embed_texts", "running"), task("embed_texts", "running", dag=TRAIN)])
    assert shown(console) == [["embed_texts", "running"], [f"{TRAIN}.embed_texts", "running"]]


def test_a_terminal_shows_each_task_once_as_it_stands() -> None:
    terminal = Console(record=True, file=io.StringIO(), width=100, force_terminal=True)
    with Board(terminal) as board:
        board.show([task("a", "running", 1)])
        board.show([task("a", "success", 3), task("b", "running", 2)])
    lines = [line for line in shown(terminal) if line]
    assert [line[1:] for line in lines] == [["a", "success", "3.0", "s"], ["b", "running", "2.0", "s"]]


def test_a_list_shows_as_many_products_as_asked_for_with_title_id_and_reasons(console: Console) -> None:
    places = tuple(
        Place(rank, f"p{rank}", f"Kite [{rank}]", 1 / rank, ("popular", "liked"), "popular; liked")
        for rank in (1, 2, 3)
    )
    show_list(console, PublishedList("abcdef" * 10, "en", "Likes toys.", "2026-01-01", "1", "e", places), 2)
    text = console.export_text()
    assert "abcdefab  Likes toys." in text
    assert "1  Kite [1]  [p1]  (1.000)" in text
    assert text.count("popular; liked") == 2
    assert "Kite [3]" not in text


def test_a_check_that_failed_shows_its_remedy_and_one_that_passed_does_not(console: Console) -> None:
    show_checks(
        console, [SystemCheck("Java", False, "none", "install one"), SystemCheck("disk", True, "9 GiB", "buy one")]
    )
    assert [" ".join(line) for line in shown(console)] == ["missing Java none: install one", "ok disk 9 GiB"]


def test_the_days_rows_are_shown_by_entity_and_outcome(console: Console) -> None:
    show_rows(console, {"comments": {"in": 1200, "published": 1000, "duplicate": 150, "quarantined": 50}})
    assert shown(console) == [
        ["in", "published", "duplicate", "quarantined"],
        ["comments", "1,200", "1,000", "150", "50"],
    ]


def test_outcomes_of_the_day_that_nothing_tells_are_a_dash(console: Console) -> None:
    show_rows(console, {"products": {"in": 0, "published": None, "duplicate": None, "quarantined": 0}})
    assert shown(console)[1] == ["products", "0", "-", "-", "0"]


def summary(**values: Any) -> dict[str, Any]:
    figures = {"test/ndcg_at_10": 0.25, "test/popularity_ndcg_at_10": 0.125, "test/users": 7}
    counts = {"publish_recommendations": {"published": 1500}}
    made = {"evaluation": figures, "evaluation_label": "at random per user, seed 3", "counts": counts}
    return {**made, "changed_rows": 0, "encoded": 0, "trained": False, **values}


def test_figures_stand_beside_those_of_popularity_with_how_they_were_measured(console: Console) -> None:
    show_figures(console, summary())
    label, head, row = shown(console)
    assert " ".join(label) == "held-out test, at random per user, seed 3"
    assert head == ["recommender", "popularity"]
    assert row == ["ndcg_at_10", "0.25", "0.125"]


def test_figures_of_a_refused_candidate_are_called_so(console: Console) -> None:
    show_figures(console, summary(), is_refused=True)
    assert shown(console)[1] == ["refused", "candidate", "popularity"]


def test_a_night_says_what_it_changed_and_a_repeated_one_that_it_changed_nothing(console: Console) -> None:
    show_changes(console, summary(changed_rows=1500, encoded=30, trained=True))
    show_changes(console, summary(changed_rows=1500, encoded=30, trained=True), is_refused=True)
    show_changes(console, summary())
    assert console.export_text().splitlines() == [
        "1,500 of 1,500 recommendations changed, 30 texts encoded, a first champion trained",
        "1,500 of 1,500 recommendations changed, 30 texts encoded, a first training refused by the gate",
        "0 of 1,500 recommendations changed, 0 texts encoded, nothing trained",
        "Nothing has changed since the last run of this day",
    ]


def test_a_model_that_was_not_measured_shows_no_figures(console: Console) -> None:
    show_figures(console, summary(evaluation={}, evaluation_label=""))
    assert console.export_text() == ""


def model(**values: Any) -> Serving:
    unknown: dict[str, Any] = {"version": "2", "kind": "", "missing": "", "gate": "", "gate_reasons": ""}
    return Serving(**{**unknown, "warnings": (), "by_person": False, "rollback_reason": "", **values})


def test_warnings_of_the_gate_are_shown_with_their_remedies_and_nothing_where_there_are_none(console: Console) -> None:
    show_warnings(console, model())
    show_warnings(
        console, model(warnings=("fitting took 9 s, at most 5: accept it with evaluate.max_fit_seconds = 9",))
    )
    assert console.export_text().splitlines() == [
        "The gate's warnings about version 2",
        "  fitting took 9 s, at most 5: accept it with evaluate.max_fit_seconds = 9",
    ]


def test_a_refusal_ends_with_what_can_be_done_now(console: Console) -> None:
    refused = Candidate("2026-01-01", "1", True, ("ndcg 0.1 against 0.2 of popularity",), (), False, "2", "")
    show_refusal(console, refused)
    show_next_steps(console, [NextStep("Take version 1 anyway", "make run MODEL=1"), NextStep("Ask somebody")])
    assert console.export_text().splitlines() == [
        "The gate refused version 1, trained on 2026-01-01",
        "  ndcg 0.1 against 0.2 of popularity",
        "What you can do now",
        "  Take version 1 anyway:",
        "    make run MODEL=1",
        "  Ask somebody",
    ]


def test_the_state_of_a_home_says_what_failed_last_night_and_who_made_the_lists(console: Console) -> None:
    last = {"ds": "2026-01-02", "outcome": "failed at ingest_landing", "error": "1 of 10 records break their contract"}
    told = {"sentence": "version 2, the baseline", "warnings": [], "page": None}
    show_overview(console, {"airflow": "healthy", "newest_lists": None, "last_night": last, "model": told})
    assert [" ".join(line) for line in shown(console)] == [
        "airflow healthy",
        "newest lists none",
        "last night 2026-01-02: failed at ingest_landing",
        "1 of 10 records break their contract",
        "lists by version 2, the baseline",
    ]
