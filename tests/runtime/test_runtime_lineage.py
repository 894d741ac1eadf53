"""What jobs tell of themselves: lineage in OpenLineage's form, and what they cost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.serde import Serde

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import TEXT_EMBEDDINGS, TEXTS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.runtime import job
from socialrec.runtime.cost import Meter
from socialrec.settings import load_settings

D1, D2 = "2026-01-01", "2026-01-02"


def text(number: int, ds: str) -> dict[str, Any]:
    return {
        "text_hash": str(number),
        "kind": "product",
        "text": "a text",
        "language": "en",
        "platform": "shop",
        "ds": ds,
    }


def write(lake: Lake, table: Table, partition: str, *rows: dict[str, Any]) -> None:
    filled = [{column.name: row.get(column.name) for column in table.columns} for row in rows]
    with lake.stage(table, job="test", partitions=[partition]) as stage:
        stage.write(pa.Table.from_pylist(filled, schema=arrow_schema(table)))
        stage.commit()


def arguments(home: Path) -> Any:
    return job.parser("x").parse_args(["--ds", D2, "--run-id", "night-1", "--home", str(home)])


def events(home: Path) -> list[dict[str, Any]]:
    lines = load_settings(home).lineage_file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def statistics(datasets: list[dict[str, Any]], kind: str) -> dict[str, tuple[int, str]]:
    """Rows and version by name."""
    return {
        told["name"]: (
            told[f"{kind}Facets"][f"{kind}Statistics"]["rowCount"],
            told["facets"]["version"]["datasetVersion"],
        )
        for told in datasets
    }


@pytest.fixture
def copied(home: Path) -> Path:
    """A home in which a job read three texts of two days and committed a vector for one."""
    lake = Lake(load_settings(home).lake)
    write(lake, TEXTS, D1, text(1, D1), text(2, D1))
    write(lake, TEXTS, D2, text(3, D2))
    with job.run("embed_texts", arguments(home)) as run:
        run.lake.read(TEXTS, [D1])
        run.lake.read(TEXTS)
        vector = {"text_hash": "1", "embedding": [1.0], "encoder_version": "mini"}
        write(run.lake, TEXT_EMBEDDINGS, "mini", vector)
        run.done("written")
    return home


def test_a_job_tells_when_it_starts_and_what_it_has_read_and_written_when_it_has_ended(copied: Path) -> None:
    started, completed = events(copied)
    assert (started["eventType"], started["inputs"], started["outputs"]) == ("START", [], [])
    assert completed["eventType"] == "COMPLETE"
    assert statistics(completed["inputs"], "input") == {"gold.texts": (3, "2")}
    assert statistics(completed["outputs"], "output") == {"gold.text_embeddings": (1, "1")}
    for event in (started, completed):
        assert event["job"] == {"namespace": "socialrec", "name": "embed_texts", "facets": {}}
        assert event["run"]["facets"]["nominalTime"]["nominalStartTime"] == f"{D2}T00:00:00Z"
        assert ("run_id", "night-1") in [(tag["key"], tag["value"]) for tag in event["run"]["facets"]["tags"]["tags"]]
    assert started["run"]["runId"] == completed["run"]["runId"]
    assert started["eventTime"] < completed["eventTime"]


def test_every_event_is_what_openlineages_own_client_would_write(copied: Path) -> None:
    for event in events(copied):
        about = {
            **{name: value for name, value in event.items() if name != "schemaURL"},
            "eventType": RunState(event["eventType"]),
            "run": Run(**event["run"]),
            "job": Job(**event["job"]),
        }
        about |= {"inputs": [InputDataset(**told) for told in event["inputs"]]}
        about |= {"outputs": [OutputDataset(**told) for told in event["outputs"]]}
        assert json.loads(Serde.to_json(RunEvent(**about))) == event


def test_the_receipt_says_the_same_with_bytes_and_seconds(copied: Path) -> None:
    receipt = job.receipt(load_settings(copied), "night-1", "embed_texts")
    lake = Lake(load_settings(copied).lake)
    sizes = {table: sum(Path(file).stat().st_size for file in lake.files(table)) for table in (TEXTS, TEXT_EMBEDDINGS)}
    assert receipt["read"] == {"gold.texts": {"rows": 3, "bytes": sizes[TEXTS]}}
    assert receipt["wrote"] == {"gold.text_embeddings": {"rows": 1, "bytes": sizes[TEXT_EMBEDDINGS]}}
    assert receipt["gpu_seconds"] == 0.0


def test_a_job_that_fails_says_so_without_the_words_of_its_error_which_may_name_a_person(home: Path) -> None:
    with pytest.raises(UserError), job.run("build_gold", arguments(home)):
        raise UserError("user_id: ann is not fit")
    _, failed = events(home)
    assert failed["eventType"] == "FAIL"
    assert failed["run"]["facets"]["errorMessage"]["message"] == "UserError: the job's log says more"
    assert "ann" not in json.dumps(failed)


def test_what_was_staged_and_given_up_was_not_written(home: Path) -> None:
    with job.run("build_gold", arguments(home)) as run, run.lake.stage(TEXTS, job="x", partitions=[D1]) as stage:
        stage.write(pa.Table.from_pylist([text(1, D1)], schema=arrow_schema(TEXTS)))
        stage.audit()
    assert events(home)[-1]["outputs"] == []


def test_lineage_that_cannot_be_written_does_not_stop_a_job(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_settings(home).lineage_file.mkdir(parents=True)
    with job.run("build_gold", arguments(home)) as run:
        run.done("written")
    assert "no lineage of build_gold" in caplog.text


def test_openlineages_own_variables_say_where_events_go(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TYPE", "file"), ("LOG_FILE_PATH", str(tmp_path / "there")), ("APPEND", "true")):
        monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
    with job.run("build_gold", arguments(home)):
        pass
    assert len((tmp_path / "there").read_text().splitlines()) == 2
    assert not load_settings(home).lineage_file.exists()


def test_of_several_training_processes_the_first_alone_tells(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    with job.run("finetune_encoder", arguments(home)):
        pass
    assert not load_settings(home).lineage_file.exists()


SPIN = "import time\nuntil = time.process_time() + {}\nwhile time.process_time() < until: pass\n"


def test_a_jobs_processor_time_counts_its_children_dead_or_alive_and_nothing_from_before() -> None:
    exec(SPIN.format(0.3))
    meter = Meter("embed_texts")
    exec(SPIN.format(0.2))
    subprocess.run([sys.executable, "-c", SPIN.format(0.5)], check=True)
    alive = subprocess.Popen(
        [sys.executable, "-c", SPIN.format(0.5) + "print(1, flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert alive.stdout
    alive.stdout.readline()
    spent = meter.cpu_seconds
    alive.communicate(b"\n")
    assert 1.1 < spent < 1.9


def test_a_program_of_its_own_counts_from_its_start_with_what_started_it(tmp_path: Path) -> None:
    """As spark-submit does, which runs the job below a JVM whose arguments name it."""
    inner = tmp_path / "build_gold.py"
    inner.write_text(
        SPIN.format(0.4) + "from socialrec.runtime.cost import Meter\nprint(Meter('build_gold').cpu_seconds)"
    )
    outer = tmp_path / "submit.py"
    outer.write_text(
        SPIN.format(1.0) + "import subprocess, sys\nsubprocess.run([sys.executable, sys.argv[1]], check=True)"
    )
    alone = subprocess.run([sys.executable, str(inner)], capture_output=True, text=True, check=True)
    below = subprocess.run([sys.executable, str(outer), str(inner)], capture_output=True, text=True, check=True)
    assert 0.4 <= float(alone.stdout) < 1.2
    assert 1.4 <= float(below.stdout) < 2.4
