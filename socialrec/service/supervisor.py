"""Keeps the servers of one home folder running until it is told to stop, or the home folder is gone."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from socialrec import __version__
from socialrec.service.environment import airflow_commands, airflow_environment, mlflow_command, mlflow_environment
from socialrec.service.ports import next_free
from socialrec.service.processes import adopt_orphans, end, identity, reap, tree
from socialrec.service.record import Record, read_record, record_file, write_record
from socialrec.service.secrets import USER, password_file
from socialrec.settings import LOOPBACK, Settings, load_settings

LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 6.0
STRAY_PATIENCE_SECONDS = 2.0
RESTARTS = 3


class Supervisor:
    """Starts MLflow and Airflow's processes, starts them again when they die, and stops them all together."""

    def __init__(self, settings: Settings, lock: Path) -> None:
        self.settings = settings
        self.lock = lock
        self.lock_inode = lock.stat().st_ino
        self.stopping = False
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.starts: dict[str, int] = {}
        services = settings.services
        mlflow_port = next_free(services.mlflow_port)
        airflow_port = next_free(services.airflow_port, {mlflow_port})
        self.commands = airflow_commands()
        self.environments = dict.fromkeys(self.commands, airflow_environment(settings, airflow_port))
        if services.mlflow_uri is None:
            self.commands["mlflow"] = mlflow_command(settings, mlflow_port)
            self.environments["mlflow"] = mlflow_environment(settings)
        self.record = Record(
            identity(os.getpid()),
            {
                "url": f"http://{LOOPBACK}:{airflow_port}",
                "user": USER,
                "password_file": str(password_file(settings)),
            },
            {"url": services.mlflow_uri or f"http://{LOOPBACK}:{mlflow_port}"},
        )

    def run(self) -> int:
        """Serve until stopped; 1 where a server would not start."""
        for name in ("airflow/logs", "mlflow/artifacts", "scratch", "logs"):
            (self.settings.home / name).mkdir(parents=True, exist_ok=True)
        write_record(self.settings, self.record)
        failed = False
        if "mlflow" in self.commands:
            self.start("mlflow")
        if self.migrated():
            for name in airflow_commands():
                self.start(name)
            failed = self.watch()
        else:
            failed = not self.should_stop()
        self.stop()
        return int(failed)

    def should_stop(self) -> bool:
        """Whether we were told to stop, or the home folder is gone (or is another one of the same name)."""
        try:
            is_ours = self.lock.stat().st_ino == self.lock_inode
        except OSError:
            is_ours = False
        return self.stopping or not is_ours

    def migrated(self) -> bool:
        """Bring Airflow's database to its version's schema, once per version; False where that failed or we stop."""
        import importlib.metadata

        done = self.settings.home / "airflow" / f"migrated-{importlib.metadata.version('apache-airflow')}"
        if done.exists():
            return True
        self.commands["migrate"] = [self.commands["scheduler"][0], "db", "migrate"]
        self.environments["migrate"] = self.environments["scheduler"]
        process = self.start("migrate")
        while process.poll() is None:
            if self.should_stop():
                return False
            time.sleep(0.2)
        del self.children["migrate"]
        if process.returncode == 0:
            done.touch()
        else:
            say("airflow db migrate failed: see logs/migrate.log")
        return process.returncode == 0

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start one process with its own log."""
        with (self.settings.home / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                self.commands[name],
                env=self.environments[name],
                cwd=self.settings.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.children[name] = process
        self.starts[name] = self.starts.get(name, 0) + 1
        self.record.processes[name] = identity(process.pid)
        write_record(self.settings, self.record)
        say(f"started {name}, process {process.pid}")
        return process

    def watch(self) -> bool:
        """Look after the processes until it is time to stop; True where one kept dying."""
        while not self.should_stop():
            for name, process in list(self.children.items()):
                if process.poll() is None:
                    continue
                say(f"{name} ended with code {process.returncode}: see logs/{name}.log")
                if self.starts[name] > RESTARTS:
                    return True
                self.end_strays()
                self.start(name)
            reap()
            time.sleep(LOOK_SECONDS)
        return False

    def end_strays(self) -> None:
        """End what a process that died left to us: idle workers, and tasks that its successor starts again."""
        import psutil

        known = {process.pid for process in self.children.values()}
        end([child for child in psutil.Process().children() if child.pid not in known], STRAY_PATIENCE_SECONDS)
        reap()

    def stop(self) -> None:
        """End all processes below this one, and forget them."""
        import psutil

        me = psutil.Process()
        for _ in range(3):
            end(me.children(), PATIENCE_SECONDS)
            reap()
            if not tree(me.children()):
                break
        if not self.lock_is_gone():
            record_file(self.settings).unlink(missing_ok=True)
        say("stopped")

    def lock_is_gone(self) -> bool:
        """Whether the home folder was deleted under us: then nothing in its place is ours to touch."""
        try:
            return self.lock.stat().st_ino != self.lock_inode
        except OSError:
            return True

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Stop at the next look."""
        self.stopping = True


def say(text: str) -> None:
    """One line in the supervisor's log."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", flush=True)


def main() -> int:
    """Supervise the home that SOCIALREC_HOME names; ends at once where another supervisor already does."""
    settings = load_settings()
    lock = settings.home / "services.lock"
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another supervisor is at work")
            return 0
        adopt_orphans()
        before = read_record(settings)
        if before is not None:
            # Its supervisor was killed: two schedulers must not share one database.
            end(before.left_running(), PATIENCE_SECONDS)
        say(f"socialrec {__version__} in {settings.home}")
        supervisor = Supervisor(settings, lock)
        signal.signal(signal.SIGTERM, supervisor.on_signal)
        signal.signal(signal.SIGINT, supervisor.on_signal)
        return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
