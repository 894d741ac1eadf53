"""Supervisor that keeps the servers of one home folder running until it is stopped, or the home folder is gone."""

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
from socialrec.display.visible import visible
from socialrec.local_stack.environment import airflow_url, mlflow_url
from socialrec.local_stack.ports import answers, next_free
from socialrec.local_stack.processes import adopt_orphans, end, identity, reap, tree
from socialrec.local_stack.program import Program
from socialrec.local_stack.programs import make_folders, programs
from socialrec.local_stack.record import Record, read_record, record_file, write_record
from socialrec.local_stack.secrets import USER, password_file
from socialrec.settings import Settings, load_settings
from socialrec.tracking import access

LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 6.0
STRAY_PATIENCE_SECONDS = 2.0
RESTARTS, RESTARTS_SECONDS = 3, 3600.0
"""Restarts within this time after which a program is given up."""


class Supervisor:
    """Supervisor of a home's programs: starts them in order, restarts dead ones, and stops them all together."""

    def __init__(self, settings: Settings, lock: Path) -> None:
        self.settings = settings = with_free_ports(settings)
        self.lock = lock
        self.lock_inode = lock.stat().st_ino
        self.stopping = False
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.starts: dict[str, list[float]] = {}
        self.programs = programs(settings)
        self.record = Record(
            identity(os.getpid()),
            {
                "url": airflow_url(settings),
                "user": USER,
                "password_file": str(password_file(settings)),
            },
            mlflow_door(settings),
        )

    def run(self) -> int:
        """Serve until stopped; 1 where a server would not start."""
        make_folders(self.settings)
        write_record(self.settings, self.record)
        # A program that does not come up ends the supervisor, unless it ended because of a stop.
        is_up = all(self.bring_up(name, program) for name, program in self.programs.items())
        failed = self.watch() if is_up else not self.should_stop()
        self.stop()
        return int(failed)

    def should_stop(self) -> bool:
        """Check if a stop was requested, or the home folder is gone (or replaced by one of the same name)."""
        try:
            is_ours = self.lock.stat().st_ino == self.lock_inode
        except OSError:
            is_ours = False
        return self.stopping or not is_ours

    def bring_up(self, name: str, program: Program) -> bool:
        """Start a program and wait until others can use it; False where that failed or a stop was requested."""
        if program.is_done:
            return True
        if program.address is not None and answers(program.address):
            say(f"{name} cannot start: another server listens at {program.address[0]}:{program.address[1]}")
            return False
        process = self.start(name)
        is_awaited = program.is_once or program.address is not None
        while is_awaited and process.poll() is None:
            if self.should_stop():
                return False
            if program.address is not None and answers(program.address):
                return True
            time.sleep(0.2)
        return self.has_ended_well(name, program) if is_awaited else True

    def has_ended_well(self, name: str, program: Program) -> bool:
        """Check if a program ended as intended after its work; then its mark is written."""
        process = self.children.pop(name)
        is_well = program.is_once and process.returncode == 0
        if not is_well:
            say(f"{name} ended with code {process.returncode}: see logs/{name}.log")
        elif program.mark is not None:
            program.mark.touch()
        return is_well

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start one process with its own log."""
        program = self.programs[name]
        with (self.settings.home / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                program.command,
                env=program.environment,
                cwd=self.settings.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=program.user,
                group=program.user,
                extra_groups=None if program.user is None else [],
            )
        self.children[name] = process
        self.starts.setdefault(name, []).append(time.monotonic())
        self.record.processes[name] = identity(process.pid)
        write_record(self.settings, self.record)
        say(f"started {name}, process {process.pid}")
        return process

    def watch(self) -> bool:
        """Watch the processes until a stop; True where one kept dying."""
        while not self.should_stop():
            for name, process in list(self.children.items()):
                if process.poll() is None:
                    continue
                say(f"{name} ended with code {process.returncode}: see logs/{name}.log")
                if self.keeps_dying(name, time.monotonic()):
                    return True
                self.end_strays()
                self.start(name)
            self.end_strays()
            time.sleep(LOOK_SECONDS)
        return False

    def keeps_dying(self, name: str, now: float) -> bool:
        """Check if a program that died has used up its restarts of the last hour."""
        return sum(now - start < RESTARTS_SECONDS for start in self.starts[name]) > RESTARTS

    def end_strays(self) -> None:
        """End orphans of a process that died: idle workers, and jobs that will be retried.

        A job must not continue beside its second try: of two writers of one day one fails.
        """
        import psutil

        reap()
        known = {process.pid for process in self.children.values()}
        if strays := [child for child in psutil.Process().children() if child.pid not in known]:
            say(f"ending processes whose parent died: {', '.join(str(stray.pid) for stray in strays)}")
            end(strays, STRAY_PATIENCE_SECONDS)
            reap()

    def stop(self) -> None:
        """End all processes below this one, and delete the record."""
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
        """Check if the home folder was deleted: then its replacement must not be touched."""
        try:
            return self.lock.stat().st_ino != self.lock_inode
        except OSError:
            return True

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Request a stop; the next check sees it."""
        self.stopping = True


def with_free_ports(settings: Settings) -> Settings:
    """Settings with the next free ports where those that they name are busy."""
    mlflow_port = next_free(settings.services.mlflow_port)
    airflow_port = next_free(settings.services.airflow_port, {mlflow_port})
    services = settings.services.model_copy(update={"mlflow_port": mlflow_port, "airflow_port": airflow_port})
    return settings.model_copy(update={"services": services})


def mlflow_door(settings: Settings) -> dict[str, str]:
    """Address of MLflow and, of our own server, the user name and the file with the password."""
    door = {"url": mlflow_url(settings)}
    return (
        {**door, "user": USER, "password_file": str(access.password_file(settings))}
        if access.is_ours(settings)
        else door
    )


def say(text: str) -> None:
    """Write one line to the supervisor's log."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {visible(text)}", flush=True)


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
