"""Spark's ports against who cannot show the secret: a session in one machine's processes, and our own cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from mlflow_process import free_port
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from socialrec.local_stack.cluster.machines import spark as spark_programs
from socialrec.local_stack.health import spark_workers_alive
from socialrec.local_stack.program import Program
from socialrec.settings import Settings, load_settings


def stranger(session: SparkSession) -> Any:
    """Spark's own client of messages, as a process of another account would start one: without a secret."""
    jvm = session.sparkContext._jvm
    conf = jvm.org.apache.spark.SparkConf(False)
    for name in ("rpc.io.connectionTimeout", "rpc.askTimeout", "rpc.lookupTimeout", "network.timeout"):
        conf.set(f"spark.{name}", "10s")
    security = jvm.org.apache.spark.SecurityManager
    defaults = [getattr(security, f"$lessinit$greater$default${number}")() for number in (2, 3)]
    return jvm.org.apache.spark.rpc.RpcEnv.create("stranger", "127.0.0.1", 0, conf, security(conf, *defaults), True)


def asks(session: SparkSession, port: int, endpoint: str) -> str:
    """What a stranger hears at a port: an endpoint's name, or why not."""
    env = stranger(session)
    try:
        return str(
            env.setupEndpointRef(session.sparkContext._jvm.org.apache.spark.rpc.RpcAddress("127.0.0.1", port), endpoint)
        )
    except Py4JJavaError as error:
        return str(error)
    finally:
        env.shutdown()


def test_the_drivers_ports_refuse_who_has_no_secret(spark: SparkSession) -> None:
    context = spark.sparkContext
    driver = int(context.getConf().get("spark.driver.port"))
    blocks = int(context._jsc.sc().env().blockManager().blockManagerId().port())
    for port in {driver, blocks}:
        said = asks(spark, port, "BlockManagerMaster")
        assert "Expected SaslMessage" in said, said
        assert "NettyRpcEndpointRef(" not in said
    assert spark.range(100).repartition(3).count() == 100  # and its own parts still meet


def test_a_sessions_secret_is_its_own_and_no_argument(spark: SparkSession) -> None:
    conf = dict(spark.sparkContext.getConf().getAll())
    assert conf["spark.authenticate"] == "true"
    assert "spark.authenticate.secret" not in conf
    secret = spark.sparkContext._jsc.sc().env().securityManager().getSecretKey()
    assert len(secret) >= 32
    arguments = [word for process in psutil.process_iter() for word in arguments_of(process)]
    assert [word for word in arguments if secret in word] == []


def arguments_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def cluster(home: Path) -> Iterator[Settings]:
    """Spark's master and one worker, as `make cluster` starts them."""
    port, page = free_port(), free_port()
    (home / "settings.toml").write_text(
        f'[spark]\nmaster = "spark://127.0.0.1:{port}"\nauthenticate = true\nexecutor_memory = "512m"\n'
        f'driver_memory = "512m"\n[cluster]\nspark_ui_port = {page}\nspark_workers = 1\n'
    )
    settings, running = load_settings(home), []
    try:
        for name, program in spark_programs(settings).items():
            running.append(start(name, program, home))
            until_it_answers(program)
        for _ in range(120):
            if spark_workers_alive(settings):
                break
            time.sleep(0.5)
        yield settings
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(name: str, program: Program, home: Path) -> subprocess.Popen[bytes]:
    with (home / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            program.command, env=program.environment, stdout=log, stderr=log, cwd=home, start_new_session=True
        )


def until_it_answers(program: Program) -> None:
    from socialrec.local_stack.ports import answers

    for _ in range(120):
        if program.address is None or answers(program.address):
            return
        time.sleep(0.5)
    raise AssertionError("Spark's master does not listen")


COUNT = """
import sys
from pathlib import Path
from socialrec.etl.session import spark_session
from socialrec.settings import load_settings
settings = load_settings(Path(sys.argv[1]))
with spark_session("count", settings) as session:
    print("rows", session.range(1000).repartition(2).count())
    from service.test_service_spark import asks
    print("master", "NettyRpcEndpointRef(" in asks(session, int(settings.spark.master.rpartition(":")[2]), "Master"))
    input()
"""


@pytest.mark.slow
def test_a_cluster_works_with_its_secret_which_nobody_sees_and_refuses_others(cluster: Settings) -> None:
    secret = (cluster.secrets / "spark.conf").read_text().split()[-1]
    assert (len(secret), (cluster.secrets / "spark.conf").stat().st_mode & 0o777) == (64, 0o600)
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")])}
    job = subprocess.Popen(
        [sys.executable, "-c", COUNT, str(cluster.home)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert job.stdin is not None and job.stdout is not None
    assert [job.stdout.readline(), job.stdout.readline()] == ["rows 1000\n", "master False\n"]
    arguments = [arguments_of(process) for process in psutil.process_iter()]
    executors = [words for words in arguments if "org.apache.spark.executor.CoarseGrainedExecutorBackend" in words]
    assert executors
    assert [words for words in arguments if any(secret in word for word in words)] == []
    job.stdin.write("\n")
    job.stdin.close()
    assert job.wait() == 0
    logs = [file for file in cluster.home.rglob("*") if file.is_file() and file.parent != cluster.secrets]
    assert [str(file) for file in logs if secret.encode() in file.read_bytes()] == []
    # A driver that has no secret gets no executor.
    bare = {**os.environ, "SOCIALREC_SPARK__AUTHENTICATE": "false"}
    refused = subprocess.run(
        [sys.executable, "-c", COUNT, str(cluster.home)],
        env=bare,
        input="\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert refused.returncode != 0
    assert "rows" not in refused.stdout
