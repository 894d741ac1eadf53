"""The last lines of `socialrec run`, from what a night left behind."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from socialrec.cli.nights import FinishedNight, say_failed, say_outcome
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.contracts.runs import NIGHTLY
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.local_stack.home.commands import RunCommand
from socialrec.local_stack.nights.night import Failure
from socialrec.local_stack.record import Record
from socialrec.settings import Settings

DS, RUN, FOLDER = "2026-01-01", "manual__2026-01-02T00:00:00+00:00", "manual__2026-01-02T00-00-00-00-00"
MAKE = RunCommand(None, None)
REFUSED = {"status": "refused", "recommender_version": "1", "reasons": ["not better than popularity"], "checks": []}
TAKE_IT = ["  Take version 1 anyway, for this run alone:", "    make run MODEL=1"]


def write(lake: Lake, table: Table, row: dict[str, Any]) -> None:
    filled = {column.name: {**row, "platform": "shop", "ds": DS}.get(column.name) for column in table.columns}
    with lake.stage(table, job="test", partitions=[DS]) as stage:
        stage.write(pa.Table.from_pylist([filled], schema=arrow_schema(table)))
        stage.commit()


def leave(settings: Settings, run_id: str, job: str, **said: Any) -> None:
    file = settings.runs / run_id / f"{job}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"ds": DS, **said}))


def publish(settings: Settings, version: str, *, trained: bool, **pinned: Any) -> None:
    """A night that published one kite for one user."""
    lake, key = Lake(settings.lake), "ab" * 32
    counts = {"n_interactions": 1, "n_products": 1, "n_comments": 0, "n_follows": 0}
    write(
        lake,
        USER_PROFILES,
        {
            "user_key": key,
            "categories": [{"category": "kites", "is_liked": True}],
            "interests": [],
            "commented": [],
            "labelled": [],
            **counts,
        },
    )
    reason = {"kind": "popular", "share": 1.0, "products": [], "friends": [], "words": []}
    place = {"user_key": key, "rank": 1, "product_id": "kite", "score": 0.5, "reasons": [reason]}
    kind = pinned.get("model_kind")
    write(lake, RECOMMENDATIONS, {**place, "recommender_version": version, "encoder_version": "e", "model_kind": kind})
    leave(settings, FOLDER, "pin_models", recommender_version=version, status="pinned", **pinned)
    summary = {
        **{"rows": {}, "evaluation": {}, "evaluation_label": "", "changed_rows": 1, "encoded": 0, "trained": trained},
        **{"counts": {"publish_recommendations": {"published": 1}}, "models": {"recommender_version": version}},
    }
    folder = settings.reports / DS
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary))


def said_after(settings: Settings) -> list[str]:
    console = Console(record=True, file=io.StringIO(), width=200)
    nowhere = Record((0, 0.0), {"url": ""}, {"url": ""})  # type: ignore[arg-type] # no server is asked
    say_outcome(console, settings, FinishedNight(DS, RUN, nowhere, MAKE))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_after_a_refused_training_the_lists_are_by_the_baseline_and_the_ways_on_are_commands(
    settings: Settings,
) -> None:
    leave(settings, f"for__{FOLDER}", "promote_model", **REFUSED)
    missing = "12 more users with 2 products each"
    publish(settings, "2", trained=True, model_kind="baseline", gate="baseline", missing=missing)
    lines = said_after(settings)
    assert "   1  kite  [kite]  (0.500)" in lines
    assert "1 of 1 recommendations changed, 0 texts encoded, a first training refused by the gate" in lines
    [by] = [line for line in lines if line.startswith("Lists by version 2, the baseline")]
    assert by.endswith(f"missing for a trained model: {missing}")
    refusal = lines.index(f"The gate refused version 1, trained on {DS}")
    assert lines[refusal + 1 : refusal + 5] == ["  not better than popularity", "What you can do now", *TAKE_IT]


def test_a_repeat_by_the_baseline_still_names_the_refusal_that_left_it(settings: Settings) -> None:
    leave(settings, "for__an_earlier_night", "promote_model", **REFUSED)
    publish(settings, "2", trained=False, model_kind="baseline", gate="baseline")
    assert TAKE_IT[1] in said_after(settings)


def test_a_night_by_a_trained_champion_says_nothing_of_a_later_candidate(settings: Settings) -> None:
    leave(settings, "weekly", "promote_model", **{**REFUSED, "recommender_version": "8"})
    publish(settings, "7", trained=False, model_kind="trained", gate="promoted", chosen_by="champion")
    lines = said_after(settings)
    assert "Lists by version 7, promoted by the gate" in lines
    assert not [line for line in lines if "refused" in line]


def test_a_version_that_a_person_took_anyway_is_described_so_with_its_warnings(settings: Settings) -> None:
    leave(settings, f"for__{FOLDER}", "promote_model", **REFUSED)
    chosen = {"model_kind": "trained", "gate": "refused", "gate_reasons": "not better", "chosen_by": "person"}
    publish(settings, "1", trained=False, gate_warnings=["fitting took 9 s: accept it"], **chosen)
    lines = said_after(settings)
    assert "Lists by version 1, chosen by a person; the gate had refused it: not better" in lines
    assert lines[lines.index("The gate's warnings about version 1") + 1] == "  fitting took 9 s: accept it"
    assert "What you can do now" not in lines


def failed(settings: Settings, task: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    say_failed(settings, RUN, Failure(task, NIGHTLY, "http://airflow/run", ("error: no day",)), MAKE)
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_a_failed_night_ends_with_its_log_what_it_means_and_the_command_that_goes_on(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    # A refusal that the night went on after is another matter.
    leave(settings, f"for__{FOLDER}", "promote_model", **REFUSED)
    assert failed(settings, "score_recommendations", capsys) == [
        "score_recommendations failed; the last lines of its log:",
        "  error: no day",
        "Nothing was published; earlier lists stay. The run in Airflow: http://airflow/run",
        "",
        "What you can do now",
        "  Correct what these lines name, then run the night again; it continues where it stopped:",
        "    make run",
    ]


def test_a_night_that_failed_after_its_lists_were_published_says_so(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(settings, FOLDER, "publish_recommendations", status="written")
    assert "The lists of this day are published. The run in Airflow: http://airflow/run" in failed(
        settings, "report_run", capsys
    )


def test_a_night_without_a_model_after_a_refusal_ends_with_the_refusal_and_its_ways_on(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(settings, f"for__{FOLDER}", "promote_model", **REFUSED)
    lines = failed(settings, "pin_models", capsys)
    assert lines[4:] == [
        *(f"The gate refused version 1, trained on {DS}", "  not better than popularity", "What you can do now"),
        *TAKE_IT,
        *("  Train again when records or settings have changed:", "    make run"),
    ]
