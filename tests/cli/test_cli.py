"""What people type, as they type it: the installed `socialrec`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from socialrec import __version__
from socialrec.contracts.columns import Column, ListOf, StructOf, Table
from socialrec.contracts.gold import MODEL_DECISIONS, RECOMMENDATIONS, USER_PROFILES
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.pseudonyms import identity_key, pseudonym
from socialrec.settings import Settings

SOCIALREC = Path(sys.executable).with_name("socialrec")
COMMANDS = (
    *("doctor", "import", "run", "up", "down", "status", "recommend", "check", "runs", "diff", "table"),
    *("explain", "erase", "rotate-key", "clean", "bench", "bench etl", "bench finetune"),
)
DS = "2026-01-01"

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(home: Path, tmp_path: Path) -> Call:
    """Types a command for this home, from another folder."""

    def call(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "SOCIALREC_HOME": str(home), **variables}
        command = [str(SOCIALREC), *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    return call


def assert_is_one_line(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """A user's mistake is one line on standard error, exit code 2, and nothing on standard output."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert [part for part in said if part not in line] == [], line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(call: Call, command: str) -> None:
    done = call(*command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"socialrec {command} " in done.stdout


def test_without_a_command_the_commands_are_listed(call: Call) -> None:
    said = call().stdout
    assert [command for command in COMMANDS if command.split()[0] not in said] == []


def test_a_command_line_is_read_without_the_lake_which_takes_longer_to_import_than_all_else() -> None:
    code = "import sys, socialrec.cli; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_is_that_of_the_package(call: Call) -> None:
    assert call("--version").stdout == f"socialrec {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import", "ebay"], ["no source 'ebay'", "there are: demo, lastfm, amazon, recbole"]),
        (["run", "--source", "ebay"], ["no source 'ebay'", "there are: demo, lastfm, amazon, recbole"]),
        (["import", "lastfm"], ["needs the folder with the HetRec 2011 files", "DATA=<folder>"]),
        (["import", "lastfm", "--data", "nowhere"], ["nowhere is not a folder", "name the folder that holds"]),
        (["import", "demo", "--language", "fr"], ["no language 'fr'", "there are: en, zh, mixed"]),
        (["import", "lastfm", "--language", "zh"], ["'lastfm' has texts of its own", "leave out LANGUAGE=zh"]),
        (["import", "demo", "--data", "."], ["'demo' makes its own data", "leave out"]),
        (["run", "--data", "somewhere"], ["which source is somewhere?", "SOURCE=<name>"]),
        (["import", "demo", "--ds", "1.1.2026"], ["day '1.1.2026' is not in the form YYYY-MM-DD", "2026-01-31"]),
        (["recommend", "ann"], ["nothing was published yet", "socialrec run --home", "first"]),
        (["run", "--ds", "31.1.2026"], ["day '31.1.2026' is not in the form YYYY-MM-DD", "2026-01-31"]),
        (["run", "--model-version", "newest"], ["model version 'newest' is not a version's number, such as 3"]),
        (["check", "nowhere"], ["nowhere is not a folder", "products.csv"]),
        (["diff", DS, "yesterday"], ["nothing was published yet"]),
        (["explain", "ann", "kite"], ["nothing was published yet"]),
        (["erase", "--reason", "asked"], ["nobody to erase", "a file with one per line"]),
        (["erase", "--file", "nowhere", "--reason", "asked"], ["nowhere is not a file", "one user id per line"]),
        (["rotate-key"], ["exports and pages of past nights are dropped", "--yes"]),
        (["table", "gold.texts"], ["gold.texts was never written"]),
    ],
)
def test_a_mistake_is_named_with_its_remedy_in_one_line(call: Call, words: Sequence[str], said: Sequence[str]) -> None:
    assert_is_one_line(call(*words), *said)


@pytest.mark.parametrize("words", [["status"], ["run"]])
def test_a_misspelt_setting_is_named_with_what_it_may_mean(call: Call, words: Sequence[str]) -> None:
    done = call(*words, SOCIALREC_TEXT__MODLE="x")
    assert_is_one_line(done, "SOCIALREC_TEXT__MODLE is not a setting", "did you mean SOCIALREC_TEXT__MODEL?")


def test_a_wrong_settings_file_is_named(call: Call, home: Path) -> None:
    (home / "settings.toml").write_text("[services]\nairflow_port = 0\n")
    assert_is_one_line(call("up"), str(home / "settings.toml"), "services.airflow_port")


def test_a_folder_that_is_no_day_is_named_before_anything_is_started(call: Call, home: Path) -> None:
    folder = home / "landing" / "shop" / "2026-1-1"
    folder.mkdir(parents=True)
    assert_is_one_line(call("run"), str(folder), "YYYY-MM-DD", "rename the folder")
    assert not (home / "services.json").exists()


@pytest.mark.parametrize("command", ["up", "run"])
def test_nothing_is_started_without_java(call: Call, home: Path, command: str) -> None:
    done = call(command, JAVA_HOME="/nowhere")
    assert_is_one_line(done, "this machine is not ready", "Java: none", "install a JDK 17 or 21")
    assert list(home.iterdir()) == []


def test_the_doctor_finds_a_missing_java_and_says_how_to_get_one(call: Call) -> None:
    done = call("doctor", JAVA_HOME="/nowhere")
    said = " ".join(done.stdout.split())
    assert "missing Java none: install a JDK 17 or 21" in said
    assert "or set JAVA_HOME to one" in said
    assert done.returncode == 2


def test_the_doctor_in_json_tells_each_check_and_fails_where_one_does(call: Call) -> None:
    done = call("doctor", "--json")
    checks = {check["name"]: check["is_ok"] for check in json.loads(done.stdout)}
    assert set(checks) >= {"Python", "Java", "memory", "disk", "Airflow port", "MLflow port"}
    assert done.returncode == (0 if all(checks.values()) else 2)


def test_the_status_of_an_empty_home_is_that_nothing_is_there(call: Call, home: Path) -> None:
    told = json.loads(call("status", "--json").stdout)
    nothing = dict.fromkeys(("newest_landing", "newest_bronze", "newest_lists", "last_night"))
    assert told == {"home": str(home), "airflow": "stopped", "mlflow": "stopped", **nothing}
    lines = [line.split(maxsplit=1) for line in call("status").stdout.splitlines()]
    assert ["airflow", "stopped"] in lines


def test_looking_at_an_empty_home_makes_nothing_in_it(call: Call, home: Path) -> None:
    call("status")
    call("recommend", "ann")
    assert list(home.iterdir()) == []


def test_down_where_nothing_runs_says_so(call: Call) -> None:
    done = call("down")
    assert (done.returncode, done.stdout) == (0, "nothing was running\n")


def test_the_home_on_the_command_line_wins_over_the_environment(call: Call, tmp_path: Path) -> None:
    told = json.loads(call("status", "--json", "--home", str(tmp_path / "other")).stdout)
    assert told["home"] == str(tmp_path / "other")


def test_the_demo_world_lands_once_and_is_then_left_as_it_is(call: Call, home: Path) -> None:
    first, second = call("import", "demo", "--ds", DS), call("import", "demo", "--ds", "2026-02-01")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.startswith(f"demo landed, 2025-11-03 to {DS}: ")
    assert second.stdout == f"demo has landed before, 2025-11-03 to {DS}: kept as it is\n"
    assert max(folder.name for folder in (home / "landing" / "demo").iterdir()) == DS


def write(settings: Settings, table: Table, row: dict[str, Any]) -> None:
    filled = {column.name: {**row, "platform": "shop", "ds": DS}.get(column.name) for column in table.columns}
    with Lake(settings.lake).stage(table, job="test", partitions=[DS]) as stage:
        stage.write(pa.Table.from_pylist([filled], schema=arrow_schema(table)))
        stage.commit()


@pytest.fixture
def anns_key(settings: Settings) -> str:
    """Ann's pseudonym; one place of a list was published for her."""
    key = pseudonym(identity_key(settings.secrets), "shop", "ann")
    counts = dict.fromkeys(("n_interactions", "n_products", "n_comments", "n_follows"), 1)
    write(
        settings,
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
    write(
        settings,
        RECOMMENDATIONS,
        {**place, "recommender_version": "3", "model_kind": "trained", "encoder_version": "mini"},
    )
    return key


def test_a_users_list_is_shown_for_people_and_as_json(call: Call, anns_key: str) -> None:
    [found] = json.loads(call("recommend", "ann", "--json").stdout)
    reason = {
        "text": "popular with everyone",
        "kind": "popular",
        "share": 1.0,
        "products": [],
        "friends": [],
        "is_followed": None,
        "words": [],
        "quote": None,
    }
    place = {"rank": 1, "product_id": "kite", "title": "kite", "score": 0.5, "reasons": [reason]}
    assert (found["user_key"], found["ds"], found["places"]) == (anns_key, DS, [place])
    for key in (anns_key, anns_key[:8]):
        assert json.loads(call("recommend", key, "--json").stdout) == [found]
    shown = call("recommend", "ann").stdout
    assert "Likes kites." in shown
    assert "kite  [kite]  (0.500)" in shown


@pytest.mark.usefixtures("anns_key")
def test_a_table_is_shown_for_people_and_as_json(call: Call) -> None:
    [row] = json.loads(call("table", "gold.recommendations", "--json").stdout)
    assert (row["product_id"], row["rank"]) == ("kite", 1)
    shown = call("table", "gold.recommendations").stdout
    assert "one place in one user's list" in shown
    assert f"ds={DS}: 1 rows" in shown
    rows = {table["name"]: table["rows"] for table in json.loads(call("table", "--json").stdout)}
    assert (rows["gold.recommendations"], rows["gold.texts"]) == (1, 0)


def test_the_checks_of_a_decision_are_shown_as_a_table(call: Call, settings: Settings) -> None:
    checks = [
        {"name": "ndcg", "is_passed": True, "figure": 0.25, "bound": 0.125, "line": "better than popularity"},
        {"name": "rings", "is_passed": False, "figure": float("nan"), "bound": 0.05, "line": "no number"},
    ]
    known = {field.name for column in MODEL_DECISIONS.columns if column.name == "checks" for field in fields_of(column)}
    for check in checks:
        check |= {"decides": True, "remedy": "" if check["is_passed"] else "set evaluate.rings = 0"}
    row = {
        **{"recommender_version": "7", "decided_ts": datetime(2026, 1, 1, tzinfo=UTC), "kind": "gate"},
        **{"is_champion": False, "reasons": ["no number"], "figures": [{"name": "ndcg", "value": 0.25}]},
        **{"encoder_version": "mini", "label": "by time", "mlflow_run": "r"},
        "checks": [{name: value for name, value in check.items() if name in known} for check in checks],
    }
    write(settings, MODEL_DECISIONS, row)
    lines = [line.split() for line in call("table", "gold.model_decisions").stdout.splitlines()]
    assert ["figures", "1", "entries:", "--json", "shows", "them"] in lines
    [header] = [line for line in lines if line[:1] == ["check"]]
    assert header[:4] == ["check", "figure", "bound", "passed"]
    assert [line[:4] for line in lines[lines.index(header) + 1 :][:2]] == [
        ["ndcg", "0.25", "0.125", "yes"],
        ["rings", "-", "0.05", "no"],
    ]


def fields_of(column: Column) -> tuple[Column, ...]:
    assert isinstance(column.type, ListOf)
    assert isinstance(column.type.element, StructOf)
    return column.type.element.fields


@pytest.mark.usefixtures("anns_key")
def test_a_version_or_a_partition_that_a_table_lacks_is_named_with_those_it_has(call: Call) -> None:
    name = "gold.recommendations"
    assert_is_one_line(call("table", name, "--version", "99"), f"{name} has no version 99; it has 1")
    assert_is_one_line(call("table", name, "--ds", "2026-02-01"), f"nothing for ds=2026-02-01; it has {DS}")


def test_a_file_is_checked_with_a_verdict_and_without_a_word_from_spark(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "comments.csv"
    file.write_text("comment_id,user_id,product_id,text,rating\nc1,ann,p1,Flies well,5\n")
    done = call("check", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "comments.csv: 1 record, which is valid",
        "  optional columns that are not there: created_ts, topic, parent_comment_id",
        "passes: 1 record, which is valid",
    ]


@pytest.mark.usefixtures("anns_key")
def test_lists_beside_themselves_do_not_differ(call: Call) -> None:
    changes = json.loads(call("diff", DS, DS, "--json").stdout)
    assert (changes["new_share"], changes["new_users"], changes["movers"]) == (0.0, 0, [])
    assert call("diff", DS, DS).stdout.startswith(f"0.0% of the recommendations of {DS} are new since {DS}; ")


@pytest.mark.usefixtures("anns_key")
def test_a_product_cannot_be_explained_while_mlflow_is_down(call: Call) -> None:
    assert_is_one_line(call("explain", "ann", "kite"), "MLflow")


def test_a_new_home_has_no_past_runs(call: Call, home: Path) -> None:
    assert call("runs").stdout == f"nothing has run yet: start with `{SOCIALREC} run --home {home}`\n"
    assert call("runs", "--json").stdout == "[]\n"


@pytest.mark.usefixtures("anns_key")
def test_a_user_or_a_day_that_there_is_not_is_named_in_one_line(call: Call) -> None:
    assert_is_one_line(call("recommend", "bob"), f"no user 'bob' on {DS}", "give an id as it landed")
    assert_is_one_line(
        call("recommend", "ann", "--ds", "2026-01-02"),
        "nothing was published for 2026-01-02",
        f"newest day with lists is {DS}",
    )
    assert_is_one_line(call("recommend", "ann", "--ds", "2026-02-30"), "day '2026-02-30' is not in the form YYYY-MM-DD")


def leave(home: Path, run_id: str, job: str, **said: Any) -> None:
    file = home / "runs" / run_id / f"{job}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"ds": DS, "status": "written", "seconds": 1.0, **said}))


def test_where_nothing_is_published_after_a_night_that_stopped_its_step_is_named(call: Call, home: Path) -> None:
    leave(home, "manual__2026-01-02T00-00-00-00-00", "ingest_landing")
    for words in (["recommend", "ann"], ["explain", "ann", "kite"], ["diff", DS, DS]):
        assert_is_one_line(call(*words), f"the night of {DS} stopped at build_silver", f"run --home {home}`")
    [last] = json.loads(call("runs", "--json").stdout)
    assert (last["state"], last["step"]) == ("unfinished", "build_silver")
    assert "stopped before the end of build_silver" in call("runs").stdout


@pytest.mark.usefixtures("anns_key")
def test_the_status_after_a_refused_training_says_why_by_what_the_lists_are_and_what_to_do(
    call: Call, home: Path
) -> None:
    reason, missing = "ndcg_at_10 0.1 against 0.2 of popularity: not better", "12 more users with 2 products each"
    check = {"name": "popularity", "is_passed": False, "decides": True, "line": reason, "remedy": "train again"}
    leave(home, "for__n", "promote_model", status="refused", recommender_version="2", reasons=[reason], checks=[check])
    pinned = {"recommender_version": "3", "model_kind": "baseline", "gate": "baseline", "missing": missing}
    leave(home, "n", "pin_models", **pinned, gate_warnings=["fitting took long: accept it"], chosen_by="champion")
    told = json.loads(call("status", "--json").stdout)
    assert (told["model"]["kind"], told["model"]["missing"], told["recommendations"]) == ("baseline", missing, 1)
    assert (told["refused"]["version"], told["refused"]["reasons"]) == ("2", [reason])
    command = f"{SOCIALREC} run --home {home} --model-version 2"
    assert command in [step["command"] for step in told["next_steps"]]
    shown = call("status").stdout
    for part in (
        f"missing for a trained model: {missing}",
        "The gate refused version 2",
        reason,
        "fitting took long: accept it",
        command,
    ):
        assert part in shown


@pytest.mark.usefixtures("anns_key")
def test_the_status_describes_a_version_that_a_person_chose_as_such(call: Call, home: Path) -> None:
    leave(home, "for__n", "promote_model", status="refused", recommender_version="3", reasons=["worse"], checks=[])
    pinned = {"recommender_version": "3", "model_kind": "trained", "gate": "refused", "gate_reasons": "worse"}
    leave(home, "n", "pin_models", **pinned, gate_warnings=[], chosen_by="person")
    told = json.loads(call("status", "--json").stdout)
    assert told["model"]["sentence"] == "version 3, chosen by a person; the gate had refused it: worse"
    assert "refused" not in told


def test_where_nothing_is_published_because_the_gate_refused_the_ways_on_are_named(call: Call, home: Path) -> None:
    night = "manual__2026-01-02T00-00-00-00-00"
    for job in ("ingest_landing", "build_silver", "build_gold", "embed_images"):
        leave(home, night, job)
    said = {"recommender_version": "1", "reasons": ["not better than popularity"], "checks": []}
    leave(home, f"for__{night}", "promote_model", status="refused", **said)
    assert_is_one_line(
        call("recommend", "ann"),
        "nothing was published yet: the gate refused the candidate (not better than popularity)",
        f"`{SOCIALREC} run --home {home} --model-version 1`",
    )
