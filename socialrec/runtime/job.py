"""Code that all jobs share: arguments, settings and lake, logging, lineage, and a receipt of work and cost."""

from __future__ import annotations

import argparse
import atexit
import errno
import json
import logging
import math
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

from socialrec.contracts import TABLES
from socialrec.contracts.columns import day
from socialrec.display.visible import lines, say_error, visible
from socialrec.errors import EXIT_USER_ERROR, ServiceUnavailableError, UserError
from socialrec.lake import Lake
from socialrec.lake.traffic import Amount, Traffic
from socialrec.runtime.cost import Meter
from socialrec.runtime.scratch import sweep_scratch
from socialrec.settings import HOME_VARIABLE, Settings, load_settings

if TYPE_CHECKING:
    from socialrec.runtime.lineage import Lineage

PAGES = "pages"
"""Folder beside the receipts of a run: pages that jobs named before they ended."""
LINE_SECONDS = 5.0
"""Seconds between two log lines about a training's progress."""
EXIT_REFUSED = 3
"""Exit code of a training whose gate refused the candidate."""
EXIT_AWAY = os.EX_TEMPFAIL


def parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser of the arguments that every job takes."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--ds", required=True, help="landing day, YYYY-MM-DD")
    result.add_argument("--run-id", default="manual", help="folder of this run's receipts")
    result.add_argument("--home", type=Path, help="home folder (default: SOCIALREC_HOME, else .socialrec)")
    result.add_argument(
        "--sample", type=float, default=1.0, help="share of users to work on; below 1 publishes nothing"
    )
    result.add_argument("--dry-run", action="store_true", help="compute and check, commit nothing")
    return result


@dataclass
class Run:
    """One run of one job."""

    name: str
    args: argparse.Namespace
    settings: Settings
    lake: Lake
    ds: str
    run_id: str
    log: structlog.stdlib.BoundLogger
    _meter: Meter
    _started: float = field(default_factory=time.monotonic)

    def done(self, status: str, counts: Mapping[str, int] | None = None, **values: Any) -> None:
        """Write the receipt and print it as the last line of standard output."""
        receipt = {
            "job": self.name,
            "run_id": self.run_id,
            "ds": self.ds,
            "status": status,
            "counts": dict(counts or {}),
            **values,
            "seconds": round(time.monotonic() - self._started, 2),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "cpu_seconds": round(self._meter.cpu_seconds, 2),
            "gpu_seconds": round(self._meter.gpu_seconds, 2),
            "read": _amounts(self.lake.traffic.read),
            "wrote": _amounts(self.lake.traffic.written),
            "versions": self._versions(),
        }
        _write_json(_receipt_file(self.settings, self.run_id, self.name), receipt)
        sys.stderr.flush()
        print(json.dumps(receipt), flush=True)

    def link(self, **pages: str) -> None:
        """Record links of this job before its receipt is written, so that Airflow can link to them where the
        run fails.
        """
        _write_json(self.settings.run_folder(self.run_id) / PAGES / f"{self.name}.json", pages)

    def progress(self, event: str, n_steps: int) -> Callable[[int, float], None]:
        """Return a function that logs a step's number (from 1), its loss, and the seconds left of `n_steps`.

        It logs the first step, the last, and one at most every LINE_SECONDS between them, and that a run resumed.
        """
        begun: tuple[int, float] | None = None
        last_line = -math.inf

        def note(step: int, loss: float) -> None:
            nonlocal begun, last_line
            now = time.monotonic()
            # A training that resumes from a checkpoint begins in the middle.
            if begun is None and step > 1:
                self.log.info(f"{event}: resumed from the checkpoint after step {step - 1}")
            begun = begun or (step, now)
            if step < n_steps and now - last_line < LINE_SECONDS:
                return
            last_line, (first, start) = now, begun
            left = (n_steps - step) * (now - start) / (step - first) if step > first else None
            remaining = "" if left is None else f", at most {left:.0f} s left"
            self.log.info(f"{event}: step {step} of {n_steps}, loss {loss:.4f}{remaining}")

        return note

    def _versions(self) -> dict[str, int]:
        """Versions of the tables that this job writes, whether or not it had to write them now."""
        tables = [table for table in TABLES.values() if self.name in table.writers]
        return {table.name: version for table in tables if (version := self.lake.version(table)) is not None}


@contextmanager
def run(name: str, args: argparse.Namespace) -> Iterator[Run]:
    """Resolve settings and day, remove leftovers of killed jobs, open the lake, bind the log, and emit lineage
    events.
    """
    if not 0 < args.sample <= 1:
        raise UserError(f"--sample {args.sample} must be above 0 and at most 1")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", args.run_id):
        raise UserError(
            f"--run-id {args.run_id!r}: letters, digits, '.', '_' and '-' only, none of '.' and '-' in front"
        )
    settings = load_settings(args.home)
    # For what this process reads of the home without its settings, and for the processes that it starts.
    os.environ[HOME_VARIABLE] = str(settings.home)
    ds = day(args.ds)
    log = configure_logging().bind(job=name, ds=ds)
    log.info("started", run_id=args.run_id)
    sweep_scratch(settings.scratch)
    # Imported here: it takes a third of a second, and screens that import this module emit no lineage.
    from socialrec.runtime.lineage import Lineage

    lake = Lake(settings.lake)
    with _told(Lineage(settings, name, ds, args.run_id), lake.traffic):
        yield Run(name, args, settings, lake, ds, args.run_id, log, Meter(name))
    log.info("finished")


@contextmanager
def _told(lineage: Lineage, traffic: Traffic) -> Iterator[None]:
    """Emit lineage events at the job's start and end; of several training processes only the first one does."""
    if int(os.environ.get("RANK", "0")):
        yield
        return
    lineage.started()
    try:
        yield
    except BaseException as error:
        lineage.failed(traffic, error)
        raise
    lineage.completed(traffic)


def _amounts(traffic: Mapping[str, Amount]) -> dict[str, dict[str, int]]:
    return {name: {"rows": amount.rows, "bytes": amount.bytes} for name, amount in traffic.items()}


def receipt(settings: Settings, run_id: str, job_name: str) -> dict[str, Any]:
    """Read the receipt of another job of the same run; UserError where it has not run."""
    file = _receipt_file(settings, run_id, job_name)
    if not file.exists():
        raise UserError(f"no receipt {file}: run {job_name} first, with the same --run-id")
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a document atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    partial.replace(file)


def _receipt_file(settings: Settings, run_id: str, job_name: str) -> Path:
    return settings.run_folder(run_id) / f"{job_name}.json"


def configure_logging() -> structlog.stdlib.BoundLogger:
    """Log plain lines on standard error; standard output is for the receipt alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(VisibleFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
            _one_line_event,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
            _visible_line,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return logger


class VisibleFormatter(logging.Formatter):
    """Formatter that escapes control characters and line breaks in messages."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Write the message in one line."""
        record.message = visible(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """Write the record, with its traceback below it."""
        return lines(super().format(record))


def _one_line_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor that puts the message and its fields into one line."""
    is_kept = {"exception", "stack"}
    return {name: visible(v) if isinstance(v, str) and name not in is_kept else v for name, v in event.items()}


def _visible_line(logger: Any, method: str, text: Any) -> str:
    """Structlog processor, the last one, that makes the line visible, with a traceback on its own lines."""
    return lines(text)


def end(main: Callable[[], int]) -> NoReturn:
    """Run a program as `guarded` does, and end the process at once, as those of multiprocessing end.

    Functions of `atexit` run. What is left out is to free all modules one by one, which takes a second after torch.
    """
    code = guarded(main)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def guarded(main: Callable[[], int]) -> int:
    """Run a program; errors for people become one line on standard error, and an exit code.

    2 is a user's mistake or a full disk; 3 a refused candidate, which `main` returns; 75 a server in trouble, which
    Airflow tries again.
    """
    try:
        return main()
    except ServiceUnavailableError as error:
        say_error(error)
        return EXIT_AWAY
    except UserError as error:
        say_error(error)
    except Exception as error:
        # It may come from the JVM, as text.
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        say_error("the disk is full: free some space and run this job again")
    return EXIT_USER_ERROR
