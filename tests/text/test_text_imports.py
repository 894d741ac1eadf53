"""What a GPU machine needs: none of Spark, Airflow and MLflow; and nothing heavy before it is used."""

from __future__ import annotations

import subprocess
import sys

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in {blocked!r}:
    sys.modules[name] = None
for package in {packages!r}:
    found = importlib.import_module("socialrec." + package)
    for module in pkgutil.walk_packages(getattr(found, "__path__", []), found.__name__ + "."):
        if module.name != "socialrec.vectors.fused_topk":  # Triton comes with CUDA's torch alone
            importlib.import_module(module.name)
print(sorted(set({heavy!r}) & set(sys.modules)))
"""


def loaded(packages: list[str], blocked: list[str], heavy: list[str]) -> str:
    """Which of the heavy packages are loaded once every module of these packages, or these modules, were imported."""
    code = IMPORT_ALL.format(packages=packages, blocked=blocked, heavy=heavy)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_torch_side_imports_without_spark_airflow_and_mlflow() -> None:
    packages = ["encoders", "language", "text", "vectors", "features", "recommend", "evaluate"]
    loaded(packages, ["pyspark", "airflow", "mlflow"], [])


def test_what_a_job_imports_before_it_knows_whether_there_is_work_is_light() -> None:
    modules = ["encoders.encoding", "encoders.tokens", "features", "recommend", "evaluate"]
    assert loaded(modules, [], ["torch", "transformers", "peft"]) == "[]"


def test_tracking_imports_mlflow_only_when_it_connects() -> None:
    assert loaded(["tracking"], ["pyspark", "airflow"], ["mlflow", "torch", "pandas"]) == "[]"
