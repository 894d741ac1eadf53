"""The files of the cluster in containers: they hold together, and say what `make cluster` says. No engine is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

from socialrec import __version__
from socialrec.local_stack.cluster.home import read_variables
from socialrec.local_stack.programs import programs
from socialrec.settings import load_settings

REPOSITORY = Path(__file__).parents[2]
DOCKER = REPOSITORY / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PODS = sorted((DOCKER / "kubernetes").glob("*.yaml"))
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


@pytest.fixture
def names(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The programs that `make cluster` starts, with their commands."""
    for name, value in read_variables(DOCKER / "cluster.env").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SOCIALREC_CLUSTER__IS_HERE", "true")
    return {name: program.command for name, program in programs(load_settings(home)).items()}


def test_the_compose_file_is_one() -> None:
    # As compose sees it: variables, anchors and merges resolved.
    resolved = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", json.dumps(COMPOSE))
    PyCompose.from_json(resolved).validate()


def test_the_dockerfile_has_no_fault_that_hadolint_knows() -> None:
    command = [str(Path(sys.executable).with_name("hadolint")), str(DOCKER / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("file", PODS, ids=lambda file: file.stem)
def test_pods_are_what_kubernetes_takes(file: Path) -> None:
    kubernetes_validate.validate(yaml.safe_load(file.read_text()), "1.33", strict=True)


def test_every_process_of_ours_is_one_that_make_cluster_starts_too(names: dict[str, list[str]]) -> None:
    commands = {name: service["command"] for name, service in OURS.items()}
    assert {tuple(command[:2]) for command in commands.values()} == {("socialrec", "serve")}
    assert {command[2] for command in commands.values()} <= set(names)
    assert set(names) - set(SERVICES) == {"initdb", "create-databases"}  # PostgreSQL's image does these by itself


def test_a_process_runs_under_its_own_name_and_its_health_is_its_own() -> None:
    for name, service in OURS.items():
        if name != "gpu-worker":
            assert service["command"][2] == name
        if "healthcheck" in service:
            assert service["healthcheck"]["test"] == ["CMD", "socialrec", "healthy", service["command"][2]]


def test_what_goes_on_serving_is_asked_how_it_is() -> None:
    once = {name for name, service in SERVICES.items() if "healthcheck" not in service}
    assert once == {"migrate", "create-bucket", "gpu-smoke"}


def test_redis_gets_the_options_that_make_cluster_gives(names: dict[str, list[str]]) -> None:
    def options(command: list[str]) -> set[str]:
        return {word for word in command if word.startswith("--")}

    theirs = SERVICES["redis"]["command"]
    assert theirs[0] == names["redis"][0]
    assert options(names["redis"]) - options(theirs) == {"--dir"}
    assert options(theirs) <= options(names["redis"])


def test_databases_and_their_users_come_from_one_file(names: dict[str, list[str]]) -> None:
    file = names["create-databases"][-1]
    assert Path(file) == DOCKER / "databases.sql"
    assert "./databases.sql:/docker-entrypoint-initdb.d/databases.sql:ro" in SERVICES["postgres"]["volumes"]


def test_images_carry_versions_and_ours_the_projects() -> None:
    for service in SERVICES.values():
        assert re.search(r":\d+\.\d+", service["image"]), service["image"]
    mine = {service["image"] for service in OURS.values()}
    pods = {yaml.safe_load(file.read_text())["spec"]["containers"][0]["image"] for file in PODS}
    assert mine == {f"socialrec-{kind}:{__version__}" for kind in ("airflow", "spark", "gpu")}
    assert pods == {f"socialrec-{kind}:{__version__}" for kind in ("airflow", "gpu")}


def test_python_packages_are_those_of_the_locks_which_agree() -> None:
    def pinned(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (REPOSITORY / lock).read_text(), re.MULTILINE))

    cluster, laptop = pinned("requirements-cluster.lock"), pinned("requirements.lock")
    assert {name for name in cluster.keys() & laptop.keys() if cluster[name] != laptop[name]} == set()
    assert {"apache-airflow", "apache-airflow-providers-celery", "pyspark", "mlflow", "torch"} <= set(cluster)
    installs = re.findall(r"pip install.*?(?=\n[A-Z])", (DOCKER / "Dockerfile").read_text(), re.DOTALL)
    assert [("requirements-cluster.lock" in line, "--no-deps" in line) for line in installs] == [
        (True, False),
        (False, True),
    ]


def test_nothing_runs_as_root() -> None:
    users = [service["user"] for service in SERVICES.values()]
    assert set(users) == {"${SOCIALREC_UID:-1000}:${SOCIALREC_GID:-1000}"}
    stages = re.split(r"^FROM .*$", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    assert re.findall(r"^USER (.*)$", stages[0], re.MULTILINE) == ["1000"]
    assert all("USER" not in stage for stage in stages[1:])
    for file in PODS:
        context = yaml.safe_load(file.read_text())["spec"]["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"]) == (True, 1000)


def test_no_file_holds_a_secret() -> None:
    for file in [*DOCKER.rglob("*.*"), DOCKER / "Dockerfile"]:
        text = file.read_text()
        assert re.findall(r"://[^/@\s]*:[^/@\s]+@", text) == []
        values = re.findall(r"(?i)(?<![a-z])(?:\w*password\w*|secrets?|\w*_key|token) *[=:] *(\S+)", text)
        assert [value for value in values if not value.startswith(("/run/secrets", "`", "{", "[", "'", "false"))] == []
    assert all(set(entry) == {"file"} for entry in COMPOSE["secrets"].values())


def test_compose_replaces_the_addresses_of_this_machine_by_its_services_and_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = read_variables(DOCKER / "cluster.env")
    replaced = COMPOSE["x-addresses"]
    assert {name for name, value in file.items() if "127.0.0.1" in value} <= set(replaced)
    for name, value in (file | replaced).items():
        monkeypatch.setenv(name, value)
    settings = load_settings(home)
    assert settings.cluster.executor == "CeleryExecutor"
    hosts = re.findall(r"(?:://|@)([a-z][a-z-]*):\d", "\n".join(replaced.values()))
    assert set(hosts) <= set(SERVICES)


def test_only_the_pod_for_gpu_tasks_wants_a_gpu_and_lands_where_one_is() -> None:
    wants = {}
    for file in PODS:
        spec = yaml.safe_load(file.read_text())["spec"]
        wants[file.stem] = (spec["containers"][0]["resources"]["limits"].get("nvidia.com/gpu"), "nodeSelector" in spec)
    assert wants == {"pod": (None, False), "gpu-pod": (1, True)}


def test_what_works_on_a_gpu_waits_for_the_smoke_test_that_make_gpu_is() -> None:
    command = ["python", "-m", "socialrec.bench.gpu", "--small", "--device", "cuda"]
    assert SERVICES["gpu-smoke"]["command"][:6] == command
    assert SERVICES["gpu-worker"]["depends_on"]["gpu-smoke"] == {"condition": "service_completed_successfully"}
    [smoke] = yaml.safe_load((DOCKER / "kubernetes" / "gpu-pod.yaml").read_text())["spec"]["initContainers"]
    assert smoke["command"][:6] == command and smoke["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert "python -m socialrec.bench.gpu" in (DOCKER / "Dockerfile").read_text()
