"""People are erased from a world that real Spark jobs built: they are gone and stay gone, and nobody else is."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from erasure_world import ANN, ANN_ANSWERS, BOB, BOB_ANSWERS, BOB_ASKS, CYD, DOT, ONLY_BOBS, key, land_two_days, publish
from every_file import texts_below
from landed_world import D1, D2, D3, event, land, load, put, rows, run
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from socialrec import tracking
from socialrec.cli.erasing import erase as erase_command
from socialrec.contracts import TABLES
from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    PASSAGES,
    RECOMMENDATIONS,
    SOCIAL_TIES,
    TEXTS,
    USER_PRODUCT_AFFINITY,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, ReasonKind
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.privacy.erasure import erase as erasing
from socialrec.privacy.erasure import landing
from socialrec.privacy.erasure.erase import Erasure, erase
from socialrec.privacy.erasure.landing import RawIds, files_to_clean, without
from socialrec.privacy.erasure.lists import ListCleaner
from socialrec.privacy.erasure.plan import people_to_erase, read_plan
from socialrec.privacy.erasure.rotation import rotate_identity_key
from socialrec.privacy.erasure.trainings import erased_before
from socialrec.recommend.lists.publishing import with_lake_ids
from socialrec.settings import Settings, load_settings
from socialrec.settings.etl import EtlSettings


@pytest.fixture(scope="module")
def built(mlflow_server: str, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with two nights, and models of which one is older than the people."""
    home = tmp_path_factory.mktemp("home").resolve()
    (home / "settings.toml").write_text(f'services.mlflow_uri = "{mlflow_server}"\netl.max_quarantine_share = 0.3\n')
    land_two_days(home)
    run(home, D1)
    run(home, D2)
    settings = load_settings(home)
    publish(settings)
    client = MlflowClient(mlflow_server, mlflow_server)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    tracker = tracking.connect(settings)
    for ds in ("2025-12-31", D1):
        made = tracker.start_training("t", {}, {})
        tracker.log_dict(made, {}, "recommender/model.json")
        tracker.register(made, "recommender", tracking.RECOMMENDER, {"ds": ds})
    return settings


@pytest.fixture
def world(built: Settings, tmp_path: Path) -> Settings:
    """A copy of it to take people out of."""
    home = tmp_path / "home"
    shutil.copytree(built.home, home, copy_function=shutil.copy2)
    return load_settings(home)


def forget(settings: Settings, *users: str, **options: Any) -> Erasure:
    return erase(settings, Lake(settings.lake), tracking.connect(settings), users, "asked for it", **options)


def contents(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    return {table.name: rows(Lake(settings.lake), table) for table in TABLES.values()}


def where(settings: Settings, *words: str) -> list[str]:
    """Files that hold one of the words."""
    found = {file for file, text in texts_below(settings.home) for word in words if word in text}
    return sorted(file.relative_to(settings.home).as_posix() for file in found)


def traces(settings: Settings, user: str) -> list[str]:
    return where(settings, user, key(settings, user), key(settings, user)[:8], ONLY_BOBS, BOB_ASKS, BOB_ANSWERS)


def test_a_dry_run_counts_what_would_go_and_changes_nothing(world: Settings) -> None:
    before, landed = contents(world), where(world, BOB)
    told = forget(world, BOB, dry_run=True)
    # One click a day; three comments; two follows of him and one by him; a question and an answer.
    assert told.rows["landing"] == 2 + 3 + 3 + 2
    assert (told.rows["bronze.interactions"], told.rows["quarantine.comments"]) == (2, 1)
    assert (told.rows["gold.recommendations"], told.rows["export"]) == (1, 1)
    assert (told.changed_lists, told.models) == (2, ("socialrec-recommender 2",))
    assert told.proof is None
    assert (contents(world), where(world, BOB)) == (before, landed)
    assert not (world.secrets / "erased.txt").exists()


def test_nothing_of_an_erased_person_is_left_and_everybody_elses_rows_stay(world: Settings) -> None:
    before = contents(world)
    bob = key(world, BOB)
    assert len(traces(world, BOB)) > 20
    done = forget(world, BOB)
    assert traces(world, BOB) == []
    assert done.proof is not None
    assert done.proof.hits == []
    assert min(done.proof.n_files.values()) > 0
    assert done.old_files > 0
    assert read_plan(world.secrets) is None
    after = contents(world)
    quiet = set(TABLES) - {"gold.recommendations", "gold.user_profiles", "gold.text_embeddings", "gold.texts"}
    quiet -= {PASSAGES.name}
    for name in quiet - {"gold.comment_insights", "gold.list_inputs"}:
        assert after[name] == [row for row in before[name] if bob not in str(row) and BOB not in str(row)], name
    assert [row["comment_id"] for row in after["gold.comment_insights"]] == ["c3", "c4"]
    # Ann and Cyd follow Bob: what their lists rest on was hashed with his doings.
    assert [row["user_key"] for row in after["gold.list_inputs"]] == [key(world, DOT)]
    # What Bob said and others said too stays, with its vector; what he alone produced is gone.
    gone = {row["text"] for row in before["gold.texts"]} - {row["text"] for row in after["gold.texts"]}
    assert gone == {ONLY_BOBS}
    # What he said, alone or with others, is not cited, nor what he was answered; the next night cites the others again.
    assert {row["text"] for row in after["gold.passages"]} == {ANN_ANSWERS, "Untangle them"}
    vectors = {row["text_hash"] for row in after["gold.text_embeddings"]}
    owners = ("gold.texts", "gold.passages", "silver.answers")
    assert vectors <= {row["text_hash"] for name in owners for row in after[name]}
    assert vectors >= {row["text_hash"] for name in owners[:2] for row in after[name]}
    follows = {row["user_key"]: row["n_follows"] for row in after["gold.user_profiles"] if row["ds"] == D2}
    assert follows == {key(world, ANN): 0, key(world, CYD): 1, key(world, DOT): 1}


def test_reasons_no_longer_rest_on_an_erased_person_and_the_lists_are_counted(world: Settings) -> None:
    before = rows(Lake(world.lake), RECOMMENDATIONS)
    done = forget(world, BOB)
    after = {(row["user_key"], row["rank"]): row for row in rows(Lake(world.lake), RECOMMENDATIONS)}
    kinds = {place: [(r["kind"], r["friends"]) for r in row["reasons"]] for place, row in after.items()}
    assert kinds[key(world, CYD), 1] == [("because_you", []), ("looked_at", [])]
    assert kinds[key(world, ANN), 1] == [("popular", [])]
    untouched = [(key(world, ANN), 2), (key(world, DOT), 1)]
    assert all(
        row == after[row["user_key"], row["rank"]] for row in before if (row["user_key"], row["rank"]) in untouched
    )
    assert (done.changed_lists, len(after)) == (2, 4)
    exported = pq.ParquetFile(world.export / D2 / "recommendations.parquet").read()
    assert set(exported["product_id"].to_pylist()) == {"ball", "drum"}
    said = {row["user_key"]: row["sentences"] for row in exported.filter(pc.equal(exported["rank"], 1)).to_pylist()}
    assert said[key(world, CYD)] == ["because of kite", "looked at by somebody you follow"]
    assert said[key(world, ANN)] == ["popular with everyone"]
    exported = with_lake_ids(exported, is_shared=False).drop_columns("language").to_pylist()
    assert {(row["user_key"], row["rank"]): row for row in exported} == after


def test_pages_are_made_anew_in_mlflow_too_and_the_record_names_nobody(
    built: Settings, world: Settings, mlflow_server: str
) -> None:
    client = MlflowClient(mlflow_server, mlflow_server)
    done = forget(world, BOB)
    assert done.rendered_days == (D2,)

    def newest(experiment: str) -> str:
        found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id], max_results=1)
        return str(found[0].info.run_id)

    before = (built.reports / D2 / "lists.csv").read_text()
    assert key(world, BOB) in before
    for file in ("report.html", "lists.csv"):
        recorded = Path(client.download_artifacts(newest("socialrec/nightly"), f"report/{file}")).read_text()
        assert recorded == (world.reports / D2 / file).read_text()
        assert key(world, BOB)[:8] not in recorded
    record = client.get_run(newest("socialrec/erasure"))
    assert (record.data.params, record.data.metrics["hits"]) == ({"reason": "asked for it"}, 0)
    text = Path(client.download_artifacts(record.info.run_id, "record.json")).read_text()
    assert BOB not in text + str(record)
    assert json.loads(text)["models_to_train_again"] == ["socialrec-recommender 2"]
    tags = [client.get_model_version(tracking.RECOMMENDER, version).tags for version in ("1", "2")]
    assert [tracking.ERASED in found for found in tags] == [False, True]


def test_the_next_night_has_nothing_to_do_again(world: Settings) -> None:
    forget(world, BOB)
    statuses = {name: receipt["status"] for name, receipt in run(world.home, D2).items()}
    assert set(statuses.values()) == {"up_to_date"}


@pytest.mark.slow
def test_an_erased_person_does_not_come_back_late_or_when_everything_is_taken_in_again(
    world: Settings, tmp_path: Path
) -> None:
    shutil.copytree(world.landing / "shop" / D1, tmp_path / "backup")
    forget(world, BOB)
    late = [event("g1", D3, user_id=BOB), event("g2", D3, user_id=CYD)]
    land(world.home, D3, Entity.INTERACTIONS, *late)
    counts = run(world.home, D3)["build_silver"]["counts"]
    assert [counts[f"interactions_{name}"] for name in ("in", "published", "quarantined")] == [2, 1, 1]
    (refused,) = rows(Lake(world.lake), QUARANTINE[Entity.INTERACTIONS])
    assert (refused["reason"], refused["record"], refused["detail"]) == ("erased_user", "", "user_id: withheld")
    # The whole first day again, as it was before, with him: it replaces what bronze holds.
    shutil.rmtree(world.landing / "shop" / D1)
    shutil.copytree(tmp_path / "backup", world.landing / "shop" / D1)
    counts = run(world.home, D3)["build_silver"]["counts"]
    assert counts["comments_quarantined"] >= 2
    assert counts["comments_in"] == sum(counts[f"comments_{n}"] for n in ("published", "duplicate", "quarantined"))
    lake = Lake(world.lake)
    for table in (*BRONZE.values(), *QUARANTINE.values(), *SILVER.values(), SOCIAL_TIES, USER_PROFILES, TEXTS):
        assert not [row for row in rows(lake, table) if BOB in str(row) or key(world, BOB) in str(row)], table.name
    # The files that he came in again with are his deliverer's; an erasure cleans them too.
    assert traces(world, BOB) != []
    forget(world, BOB)
    assert traces(world, BOB) == []


@pytest.mark.slow
@pytest.mark.parametrize("after", ["silver.comments", "landing", "gold.recommendations", "gold.social_ties"])
def test_an_erasure_that_broke_off_is_finished_by_the_next_with_the_same_outcome(
    world: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    shutil.copytree(world.home, tmp_path / "other")
    whole = load_settings(tmp_path / "other")
    forget(whole, BOB)
    original = erasing.TableEraser._erase_from

    def break_off(self: Any, table: Table, *args: Any, **options: Any) -> None:
        if after == "landing":
            raise KeyboardInterrupt
        original(self, table, *args, **options)
        if table.name == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(erasing.TableEraser, "_erase_from", break_off)
        forget(world, BOB)
    assert read_plan(world.secrets) is not None
    with pytest.raises(UserError, match="an erasure is running, or was interrupted"):
        erased_before(world)
    forget(world)
    assert erased_before(world) == {"erased_before": "1"}
    assert traces(world, BOB) == []
    assert read_plan(world.secrets) is None
    assert contents(world) == contents(whole)
    assert {receipt["status"] for receipt in run(world.home, D2).values()} == {"up_to_date"}


@pytest.mark.slow
def test_a_killed_job_is_finished_by_the_next_try_and_its_file_goes_with_the_people(world: Settings) -> None:
    request = world.requests / "march.txt"
    request.parent.mkdir()
    request.write_text(f"{BOB}\n\n{DOT}\n")
    root = Path(__file__).parents[2]
    arguments = ["--ds", D2, "--home", str(world.home), "--users-file", "march.txt", "--reason", "asked for it"]
    command = [sys.executable, str(root / "jobs" / "erase_users.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    version = Lake(world.lake).version(USER_PROFILES)
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while Lake(world.lake).version(USER_PROFILES) == version:
            assert child.poll() is None, "the job ended before it could be killed"
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    assert traces(world, BOB) != []
    assert not request.exists()
    assert load("erase_users").main(arguments) == 0
    assert traces(world, BOB) + traces(world, DOT) == []
    receipt = json.loads((world.runs / "manual" / "erase_users.json").read_text())
    assert (receipt["status"], receipt["counts"]["people"]) == ("erased", 2)


@pytest.mark.slow
def test_a_new_identity_key_gives_everybody_another_pseudonym_and_keeps_the_erased_out(world: Settings) -> None:
    forget(world, BOB)
    old = {key(world, user): user for user in (ANN, CYD, DOT)}
    lake = Lake(world.lake)

    def known(renamed: dict[str, str]) -> list[str]:
        """Rows of the second night's features and of silver, with users by their ids."""
        text = json.dumps(
            [rows(lake, table, D2) for table in (USER_PROFILES, SOCIAL_TIES, *SILVER.values())], default=str
        )
        for pseudonym_, user in renamed.items():
            text = text.replace(pseudonym_, user)
        return [json.dumps(sorted(map(str, found))) for found in json.loads(text)]

    before = known(old)
    assert "gold.user_profiles" in rotate_identity_key(world, lake)
    land(world.home, D2, Entity.FOLLOWS, {"follower_id": BOB, "followee_id": CYD})
    run(world.home, D2)
    new = {key(world, user): user for user in old.values()}
    assert not set(old) & set(new)
    assert known(new) == before
    assert where(world, *old) == []


def test_a_tie_without_strength_ties_a_list_to_a_person_but_makes_no_reason_of_them(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    parts = {"is_mutual": False, "settled_micros": 0, "platform": "shop", "ds": D2}
    ends = [("ann", "bob", True), ("cyd", "bob", False), ("dot", "ann", False)]
    ties = [
        {"user_key": user, "neighbour_key": other, "is_follow": is_follow, "replies_micros": 9 * (not is_follow)}
        for user, other, is_follow in ends
    ]
    ties = [tie | parts for tie in ties]
    put(lake, SOCIAL_TIES, D2, ties)
    likes = {"product_id": "kite", "affinity_micros": 1, "settled_ds": D2, "settled_micros": 1, "n_events": 1}
    likes |= {"n_favourable": 1, "n_returns": 0}
    put(lake, USER_PRODUCT_AFFINITY, D2, [{"user_key": "bob", "platform": "shop", "ds": D2, **likes}])
    settings = Settings(home=tmp_path, etl=EtlSettings(follow_weight=0.0))
    cleaner = ListCleaner.of_day(lake, D2, {"bob"}, settings)
    assert cleaner.tied == {"ann", "cyd"}
    assert cleaner.suspects == {("cyd", "kite", ReasonKind.FRIENDS)}


@pytest.mark.slow
def test_what_is_left_where_nobody_may_remove_it_is_named(world: Settings) -> None:
    note = world.home / "airflow" / "logs" / "task.log"
    note.parent.mkdir(parents=True)
    note.write_text(f"somebody printed {BOB} here")
    with pytest.raises(UserError, match=r"left in 1 files, such as airflow/logs/task\.log: remove it there"):
        forget(world, BOB)
    note.unlink()
    done = forget(world)
    assert done.proof is not None
    assert done.proof.hits == []


def test_mistakes_are_refused_before_anything_is_removed_and_name_nobody(world: Settings) -> None:
    before = where(world, BOB)
    with pytest.raises(UserError, match=r"user 2 of 2 was never seen here") as error:
        forget(world, BOB, "bob-0003")
    assert "bob" not in str(error.value)
    with pytest.raises(UserError, match="the reason is empty"):
        erase(world, Lake(world.lake), tracking.connect(world), [BOB], "  ")
    with pytest.raises(UserError, match="user 1 is not an id as it landed"):
        erasing.make_plan(world, Lake(world.lake), [key(world, BOB)], set())
    with (
        Lake(world.lake).stage(TEXTS, job="night", partitions=[D2]),
        pytest.raises(UserError, match=r"gold\.texts is being written .* wait until that run has ended"),
    ):
        forget(world, BOB)
    assert where(world, BOB) == before


def landed_late(settings: Settings, name: str, content: str | bytes | pa.Table) -> Path:
    """A file of a day that no night has taken in yet."""
    file = settings.landing / "shop" / D3 / name
    file.parent.mkdir(exist_ok=True)
    if isinstance(content, pa.Table):
        pq.write_table(content, file)
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def said_by(user: str, text: str) -> tuple[str, str]:
    """A comment as a line of JSON, and as a row of CSV with a line end and quotes in it."""
    line = json.dumps({**event("h1", D3), "user_id": user, "text": text}, ensure_ascii=False)
    return f"{line}\n", f'c-{user},{user},kite,"{text}\nand ""more"" of it"\n'


def test_a_comment_goes_whole_whatever_looks_like_a_line_end_in_it_and_no_other_is_cut(world: Settings) -> None:
    head, left = "comment_id,user_id,product_id,text\n", {}
    for number, mark in enumerate(("\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c")):
        text = f"This half was said first{mark}and this half of it was said after that"
        (his, his_row), (hers, her_row) = said_by(BOB, text), said_by(ANN, text)
        jsonl = landed_late(world, f"comments-a{number}.jsonl", hers + his + hers)
        csv = landed_late(world, f"comments-b{number}.csv", head + her_row + his_row + her_row)
        left |= {jsonl: f"{hers}\n{hers}", csv: f"{head}{her_row}\n\n{her_row}"}
    forget(world, BOB)
    assert {file: file.read_bytes().decode() for file in left} == left


def test_an_id_is_found_in_landing_files_however_it_is_spelled(world: Settings) -> None:
    user = "1234567"
    spelled = [user, f'"{user}"', f"{user}.0", "1.234567e6", "1234567.000", f'"{user}", "user_id": "ann-0001"']
    others = ['"12345678"', "1234567.5", "true", "null"]
    lines = [json.dumps(event("n", D3)).replace('"ann"', one) + "\n" for one in (*spelled, *others)]
    jsonl = landed_late(world, "interactions-a.jsonl", "".join(lines))
    broken = "".join(f"\\u{ord(mark):04X}" for mark in user)
    cut = landed_late(world, "interactions-b.jsonl", f'{{"user_id": "{broken}\n{{"user_id": "ann-0001"}}\n')
    edges = {"follower_id": [1234567.0, 8.0], "followee_id": pa.array([1, 1234567], pa.uint64())}
    table = landed_late(world, "follows-a.parquet", pa.table({**edges, "n": [1, 2]}))
    edges = {"follower_id": pa.array(["x", user]).dictionary_encode(), "followee_id": [Decimal(8), Decimal(9)]}
    other = landed_late(world, "follows-b.parquet", pa.table(edges))
    done = forget(world, user)
    assert (done.rows["landing"], done.n_asked, done.n_found) == (len(spelled) + 1 + 2 + 1, 1, 1)
    assert jsonl.read_text() == "\n" * len(spelled) + "".join(lines[len(spelled) :])
    assert cut.read_text() == '\n{"user_id": "ann-0001"}\n'
    assert (pq.read_table(table).num_rows, pq.read_table(other)["follower_id"].to_pylist()) == (0, ["x"])
    landed_late(world, "interactions-c.jsonl", json.dumps(event("n", D3)).replace('"ann"', "true") + "\n")
    assert forget(world, "true").rows["landing"] == 2


def test_an_id_that_begins_with_a_hash_is_an_id_and_the_people_are_counted(
    world: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    landed_late(world, "interactions-a.jsonl", json.dumps(event("n", D3, user_id="#ann\u2028x")) + "\n")
    request = world.requests / "march.txt"
    request.parent.mkdir(exist_ok=True)
    request.write_bytes(f"\ufeff#ann\u2028x\r\n\r\n{BOB}\r{BOB}\n".encode())
    ids, file = people_to_erase(world, [], request)
    assert (ids, file) == (["#ann\u2028x", BOB], request)
    erase_command(file=request, reason="asked for it", home=world.home)
    said = capsys.readouterr().out
    assert re.search(r"people asked +2\n.*people found +2\n", said)
    assert traces(world, "#ann") == traces(world, BOB) == []
    again = forget(world, BOB)
    assert (again.n_asked, again.n_found) == (1, 0)
    request.write_text(f"# asked by letter\n{DOT}\n")
    with pytest.raises(UserError, match=r"user 1 of 2, which begins with '#' \(a file of people has no comments\)"):
        forget(world, *people_to_erase(world, [], request)[0])


def test_nothing_is_taken_out_of_a_file_that_somebody_still_writes(
    world: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = landed_late(world, "interactions-a.jsonl", json.dumps(event("n", D3, user_id=BOB)) + "\n")
    [landed] = [one for one in files_to_clean(world) if one.path == file]
    late = json.dumps(event("late", D3, user_id=ANN)) + "\n"
    original = landing._write_without

    def write_then_grow(*args: Any) -> None:
        original(*args)
        with file.open("a") as handle:
            handle.write(late)

    monkeypatch.setattr(landing, "_write_without", write_then_grow)
    with pytest.raises(UserError, match="changed while people were taken out of it: run this again when it is whole"):
        without(landed, RawIds([BOB]), dry_run=False)
    assert file.read_text().endswith(late)
    assert not list(file.parent.glob(".*"))


def test_an_erasure_follows_no_link_and_holds_no_file_whole(world: Settings) -> None:
    key_file = world.secrets / "identity.key"
    before = key_file.read_text()
    (world.landing / "shop" / D2 / "follows.csv").symlink_to(key_file)
    with pytest.raises(UserError, match="is a symbolic link"):
        forget(world, BOB)
    (world.landing / "shop" / D2 / "follows.csv").unlink()
    # Where it would write, something else may lie already.
    file = world.landing / "shop" / D1 / "comments.jsonl"
    file.with_name(f".{file.name}.{os.getpid()}").symlink_to(key_file)
    forget(world, BOB)
    assert key_file.read_text() == before
    os.truncate(landed_late(world, "comments-x.jsonl", "{}\n"), 6 << 30)
    with pytest.raises(UserError, match=r"comments-x\.jsonl: line 2 is longer than 16 MiB"):
        forget(world, CYD)
